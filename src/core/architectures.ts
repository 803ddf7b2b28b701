/**
 * Names for the kinds of firmware and processor that ask to boot, each at its number in option 93: RFC 4578 section 2.1
 * with its erratum 4624 (7 is x86-64, 9 is byte code), and IANA's registry "Processor Architecture Types" for all that came
 * later.
 *
 * Which files each can boot is in `dhcp/pxe.ts`.
 */
export const ARCHITECTURE_NAMES = [
  'x86-bios',
  'pc98',
  'itanium-uefi',
  'alpha',
  'arc-x86',
  'intel-lean',
  'ia32-uefi',
  'x64-uefi',
  'xscale-uefi',
  'x64-uefi-as-9', // firmware that read the RFC before its erratum
  'arm32-uefi',
  'arm64-uefi',
  'powerpc-open-firmware',
  'powerpc-epapr',
  'power-opal',
  'ia32-uefi-http',
  'x64-uefi-http',
  'x64-uefi-http-as-17',
  'arm32-uefi-http',
  'arm64-uefi-http',
  'x86-bios-http',
  'arm32-uboot',
  'arm64-uboot',
  'arm32-uboot-http',
  'arm64-uboot-http',
  'riscv32-uefi',
  'riscv32-uefi-http',
  'riscv64-uefi',
  'riscv64-uefi-http',
  'riscv128-uefi',
  'riscv128-uefi-http',
  's390',
  's390-extended',
  'mips32-uefi',
  'mips64-uefi',
  'sunway32-uefi',
  'sunway64-uefi',
  'loong32-uefi',
  'loong32-uefi-http',
  'loong64-uefi',
  'loong64-uefi-http',
  'raspberry-pi',
] as const

export type ArchitectureName = (typeof ARCHITECTURE_NAMES)[number]

/** What a machine's architecture goes by, known or not. */
export function architectureName(number: number): string {
  return ARCHITECTURE_NAMES[number] ?? `architecture ${number}`
}
