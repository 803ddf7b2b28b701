/**
 * What kinds of machine boot from a network, and with which of iPXE's files each can begin.
 *
 * The numbers are those of option 93: RFC 4578 section 2.1 with its erratum 4624 (7 is x86-64, 9 is byte code), and
 * IANA's registry "Processor Architecture Types" for all that came later.
 */
import { architectures, latin1, OPTION, type Options } from './options.ts'

export interface Architecture {
  readonly number: number
  readonly name: string
  readonly family: 'bios' | 'uefi' | 'other'
  /** Network boot programs that would do, the preferred first; none where iPXE is not built for it. */
  readonly files: readonly string[]
}

/** Brings its own drivers instead of using the firmware's: for BIOS machines where that leads nowhere. */
export const BIOS_FALLBACK = 'ipxe.pxe'

const BIOS = ['undionly.kpxe', 'undionly.kkpxe', BIOS_FALLBACK]
// By PXE the driver of the firmware is known to work. Some firmware takes it away from what it loaded by HTTP.
const X64 = ['snponly.efi', 'snponly-x86_64.efi', 'ipxe.efi', 'ipxe-amd64.efi', 'ipxe-x86_64.efi']
const X64_HTTP = ['ipxe-amd64.efi', 'ipxe-x86_64.efi', 'ipxe.efi', 'snponly.efi', 'snponly-x86_64.efi']
const IA32 = ['ipxe-ia32.efi', 'ipxe-i386.efi', 'snponly-ia32.efi', 'snponly-i386.efi']
const ARM32 = ['ipxe-arm32.efi', 'snponly-arm32.efi']
const ARM64 = ['ipxe-arm64.efi', 'snponly-arm64.efi']
const RISCV32 = ['ipxe-riscv32.efi', 'snponly-riscv32.efi']
const RISCV64 = ['ipxe-riscv64.efi', 'snponly-riscv64.efi']
const LOONG64 = ['ipxe-loong64.efi', 'snponly-loong64.efi']
const NONE: readonly string[] = []

const ROWS: readonly (readonly [number, string, Architecture['family'], readonly string[]])[] = [
  [0, 'x86-bios', 'bios', BIOS],
  [1, 'pc98', 'other', NONE],
  [2, 'itanium-uefi', 'uefi', NONE],
  [3, 'alpha', 'other', NONE],
  [4, 'arc-x86', 'other', NONE],
  [5, 'intel-lean', 'other', NONE],
  [6, 'ia32-uefi', 'uefi', IA32],
  [7, 'x64-uefi', 'uefi', X64],
  [8, 'xscale-uefi', 'uefi', NONE],
  [9, 'x64-uefi-as-9', 'uefi', X64], // firmware that read the RFC before its erratum
  [10, 'arm32-uefi', 'uefi', ARM32],
  [11, 'arm64-uefi', 'uefi', ARM64],
  [12, 'powerpc-open-firmware', 'other', NONE],
  [13, 'powerpc-epapr', 'other', NONE],
  [14, 'power-opal', 'other', NONE],
  [15, 'ia32-uefi-http', 'uefi', IA32],
  [16, 'x64-uefi-http', 'uefi', X64_HTTP],
  [17, 'x64-uefi-http-as-17', 'uefi', X64_HTTP],
  [18, 'arm32-uefi-http', 'uefi', ARM32],
  [19, 'arm64-uefi-http', 'uefi', ARM64],
  [20, 'x86-bios-http', 'bios', NONE],
  [21, 'arm32-uboot', 'other', NONE],
  [22, 'arm64-uboot', 'other', NONE],
  [23, 'arm32-uboot-http', 'other', NONE],
  [24, 'arm64-uboot-http', 'other', NONE],
  [25, 'riscv32-uefi', 'uefi', RISCV32],
  [26, 'riscv32-uefi-http', 'uefi', RISCV32],
  [27, 'riscv64-uefi', 'uefi', RISCV64],
  [28, 'riscv64-uefi-http', 'uefi', RISCV64],
  [29, 'riscv128-uefi', 'uefi', NONE],
  [30, 'riscv128-uefi-http', 'uefi', NONE],
  [31, 's390', 'other', NONE],
  [32, 's390-extended', 'other', NONE],
  [33, 'mips32-uefi', 'uefi', NONE],
  [34, 'mips64-uefi', 'uefi', NONE],
  [35, 'sunway32-uefi', 'uefi', NONE],
  [36, 'sunway64-uefi', 'uefi', NONE],
  [37, 'loong32-uefi', 'uefi', NONE],
  [38, 'loong32-uefi-http', 'uefi', NONE],
  [39, 'loong64-uefi', 'uefi', LOONG64],
  [40, 'loong64-uefi-http', 'uefi', LOONG64],
  [41, 'raspberry-pi', 'other', NONE], // its files are its own, see raspberry-pi.ts
]

export const ARCHITECTURES: ReadonlyMap<number, Architecture> = new Map(
  ROWS.map(([number, name, family, files]) => [number, { number, name, family, files }]),
)

/**
 * The number that a machine goes by: the first in its list that iPXE is built for, else its first. Without a list, what
 * its vendor class says (`PXEClient:Arch:00011:…`); without that, what it was the last time; else BIOS, whose ROMs are
 * the ones that leave things out.
 */
export function architectureNumber(options: Options, before: number | undefined): number {
  const numbers = architectures(options)
  if (numbers.length === 1) return numbers[0]!
  const supported = numbers.find((number) => (ARCHITECTURES.get(number)?.files.length ?? 0) > 0)
  return supported ?? numbers[0] ?? vendorClassNumber(options.get(OPTION.vendorClass)) ?? before ?? 0
}

function vendorClassNumber(value: Uint8Array | undefined): number | undefined {
  const digits = value === undefined ? undefined : /:Arch:(\d{5})/.exec(latin1(value))?.[1]
  return digits === undefined ? undefined : Number(digits)
}
