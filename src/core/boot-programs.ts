/**
 * The names under which iPXE's builds for each kind of machine go, and which of the usual ones are not in the firmware
 * folder. Pure.
 */

/** Brings its own drivers instead of using the firmware's: for BIOS machines where that leads nowhere. */
export const BIOS_FALLBACK = 'ipxe.pxe'

/** Programs that would do, the preferred first. */
export const PROGRAMS = {
  bios: ['undionly.kpxe', 'undionly.kkpxe', BIOS_FALLBACK],
  // By PXE the driver of the firmware is known to work. Some firmware takes it away from what it loaded by HTTP.
  x64: ['snponly.efi', 'snponly-x86_64.efi', 'ipxe.efi', 'ipxe-amd64.efi', 'ipxe-x86_64.efi'],
  x64Http: ['ipxe-amd64.efi', 'ipxe-x86_64.efi', 'ipxe.efi', 'snponly.efi', 'snponly-x86_64.efi'],
  ia32: ['ipxe-ia32.efi', 'ipxe-i386.efi', 'snponly-ia32.efi', 'snponly-i386.efi'],
  arm32: ['ipxe-arm32.efi', 'snponly-arm32.efi'],
  arm64: ['ipxe-arm64.efi', 'snponly-arm64.efi'],
  riscv32: ['ipxe-riscv32.efi', 'snponly-riscv32.efi'],
  riscv64: ['ipxe-riscv64.efi', 'snponly-riscv64.efi'],
  loong64: ['ipxe-loong64.efi', 'snponly-loong64.efi'],
} as const satisfies Record<string, readonly string[]>

/** The kinds that Debian's iPXE is built for, which is what `scripts/get-firmware` brings. */
const USUAL = ['bios', 'x64', 'x64Http', 'arm64', 'riscv64', 'loong64'] as const

/** Of the usual programs those that are missing, and have no other in their place. */
export function missingPrograms(files: ReadonlyMap<string, unknown>): string[] {
  const lists = USUAL.map((kind) => PROGRAMS[kind])
  return lists.filter((list) => !list.some((file) => files.has(file))).map(([preferred]) => preferred)
}
