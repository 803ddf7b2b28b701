/**
 * With which of iPXE's files each kind of machine can begin to boot (the kinds are in `core/architectures.ts`), and of which
 * kind a machine is.
 */
import { ARCHITECTURE_NAMES, type ArchitectureName } from '../core/architectures.ts'
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

const KINDS: Record<ArchitectureName, readonly [Architecture['family'], Architecture['files']]> = {
  'x86-bios': ['bios', BIOS],
  pc98: ['other', NONE],
  'itanium-uefi': ['uefi', NONE],
  alpha: ['other', NONE],
  'arc-x86': ['other', NONE],
  'intel-lean': ['other', NONE],
  'ia32-uefi': ['uefi', IA32],
  'x64-uefi': ['uefi', X64],
  'xscale-uefi': ['uefi', NONE],
  'x64-uefi-as-9': ['uefi', X64],
  'arm32-uefi': ['uefi', ARM32],
  'arm64-uefi': ['uefi', ARM64],
  'powerpc-open-firmware': ['other', NONE],
  'powerpc-epapr': ['other', NONE],
  'power-opal': ['other', NONE],
  'ia32-uefi-http': ['uefi', IA32],
  'x64-uefi-http': ['uefi', X64_HTTP],
  'x64-uefi-http-as-17': ['uefi', X64_HTTP],
  'arm32-uefi-http': ['uefi', ARM32],
  'arm64-uefi-http': ['uefi', ARM64],
  'x86-bios-http': ['bios', NONE],
  'arm32-uboot': ['other', NONE],
  'arm64-uboot': ['other', NONE],
  'arm32-uboot-http': ['other', NONE],
  'arm64-uboot-http': ['other', NONE],
  'riscv32-uefi': ['uefi', RISCV32],
  'riscv32-uefi-http': ['uefi', RISCV32],
  'riscv64-uefi': ['uefi', RISCV64],
  'riscv64-uefi-http': ['uefi', RISCV64],
  'riscv128-uefi': ['uefi', NONE],
  'riscv128-uefi-http': ['uefi', NONE],
  s390: ['other', NONE],
  's390-extended': ['other', NONE],
  'mips32-uefi': ['uefi', NONE],
  'mips64-uefi': ['uefi', NONE],
  'sunway32-uefi': ['uefi', NONE],
  'sunway64-uefi': ['uefi', NONE],
  'loong32-uefi': ['uefi', NONE],
  'loong32-uefi-http': ['uefi', NONE],
  'loong64-uefi': ['uefi', LOONG64],
  'loong64-uefi-http': ['uefi', LOONG64],
  'raspberry-pi': ['other', NONE], // its files are its own, see raspberry-pi.ts
}

export const ARCHITECTURES: ReadonlyMap<number, Architecture> = new Map(
  ARCHITECTURE_NAMES.map((name, number) => {
    const [family, files] = KINDS[name]
    return [number, { number, name, family, files }]
  }),
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

/** The kinds that Debian's iPXE is built for, which is what `scripts/get-firmware` brings. */
const USUAL: readonly ArchitectureName[] = [
  'x86-bios',
  'x64-uefi',
  'x64-uefi-http',
  'arm64-uefi',
  'riscv64-uefi',
  'loong64-uefi',
]

/** Of the usual files those that are missing, and have no other in their place. */
export function missingFiles(files: ReadonlyMap<string, unknown>): string[] {
  const lists = USUAL.map((name) => KINDS[name][1])
  return lists.filter((list) => !list.some((file) => files.has(file))).map(([preferred]) => preferred!)
}
