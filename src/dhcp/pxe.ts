/**
 * With which of iPXE's files each kind of machine can begin to boot (the kinds are in `core/architectures.ts`), and of which
 * kind a machine is.
 */
import { ARCHITECTURE_NAMES, type ArchitectureName } from '../core/architectures.ts'
import { PROGRAMS } from '../core/boot-programs.ts'
import { architectures, latin1, OPTION, type Options } from './options.ts'

export interface Architecture {
  readonly number: number
  readonly name: string
  readonly family: 'bios' | 'uefi' | 'other'
  /** Network boot programs that would do, the preferred first; none where iPXE is not built for it. */
  readonly files: readonly string[]
}

const NONE: readonly string[] = []

const KINDS: Record<ArchitectureName, readonly [Architecture['family'], Architecture['files']]> = {
  'x86-bios': ['bios', PROGRAMS.bios],
  pc98: ['other', NONE],
  'itanium-uefi': ['uefi', NONE],
  alpha: ['other', NONE],
  'arc-x86': ['other', NONE],
  'intel-lean': ['other', NONE],
  'ia32-uefi': ['uefi', PROGRAMS.ia32],
  'x64-uefi': ['uefi', PROGRAMS.x64],
  'xscale-uefi': ['uefi', NONE],
  'x64-uefi-as-9': ['uefi', PROGRAMS.x64],
  'arm32-uefi': ['uefi', PROGRAMS.arm32],
  'arm64-uefi': ['uefi', PROGRAMS.arm64],
  'powerpc-open-firmware': ['other', NONE],
  'powerpc-epapr': ['other', NONE],
  'power-opal': ['other', NONE],
  'ia32-uefi-http': ['uefi', PROGRAMS.ia32],
  'x64-uefi-http': ['uefi', PROGRAMS.x64Http],
  'x64-uefi-http-as-17': ['uefi', PROGRAMS.x64Http],
  'arm32-uefi-http': ['uefi', PROGRAMS.arm32],
  'arm64-uefi-http': ['uefi', PROGRAMS.arm64],
  'x86-bios-http': ['bios', NONE],
  'arm32-uboot': ['other', NONE],
  'arm64-uboot': ['other', NONE],
  'arm32-uboot-http': ['other', NONE],
  'arm64-uboot-http': ['other', NONE],
  'riscv32-uefi': ['uefi', PROGRAMS.riscv32],
  'riscv32-uefi-http': ['uefi', PROGRAMS.riscv32],
  'riscv64-uefi': ['uefi', PROGRAMS.riscv64],
  'riscv64-uefi-http': ['uefi', PROGRAMS.riscv64],
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
  'loong64-uefi': ['uefi', PROGRAMS.loong64],
  'loong64-uefi-http': ['uefi', PROGRAMS.loong64],
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
