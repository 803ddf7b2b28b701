/**
 * How long machines take from their first DISCOVER to the request for the kernel, on the wire, and where the time goes.
 *
 * Real firmware in QEMU without KVM, in namespaces (root), as in test/firmware/. Prints, never judges.
 */
import { KERNEL_PATH } from '../../test/support/boot-network.ts'
import { type Step, timeline } from '../../test/support/boot-times.ts'
import { boot, type BootOptions, bootRequirements } from '../../test/support/boot.ts'
import { fetchFirmware } from '../../test/support/firmware.ts'
import { missingPackages } from '../../test/support/requirements.ts'

const ROUNDS = 3

/** A step that took so long is explained. */
const LONG_MS = 500

/** What a machine does between a request and the next one, where that takes long. */
const REASONS: readonly (readonly [from: RegExp, to: RegExp, reason: string])[] = [
  [/^DHCP discover$/, /^DHCP request$/, 'EDK2 always waits four seconds for more offers'],
  [/^DHCP request$/, /^(TFTP|HTTP)/, 'iPXE waits for an IPv6 router'],
  [
    /^TFTP undionly/,
    /^DHCP discover$/,
    'undionly.kpxe starts, and for two seconds shows how to reach its command line',
  ],
  [/autoexec\.ipxe$/, /boot\.ipxe$/, 'iPXE gathers chance for TLS, as no generator of random numbers is there'],
]

export async function benchFirmware(): Promise<void> {
  const lkrn = `${await fetchFirmware()}/ipxe.lkrn`
  const machines: readonly (readonly [name: string, wantedMs: number | undefined, options: BootOptions])[] = [
    ['an iPXE that has all it needs', 1000, { firmware: { lkrn } }],
    ['BIOS, iPXE ROM of ipxe-qemu (2019: through undionly.kpxe)', 5000, { firmware: 'bios' }],
    ['BIOS, the same with -ra off', undefined, { firmware: 'bios', flags: ['-ra', 'off'] }],
    ['UEFI x86-64, PXE', 7000, { firmware: 'uefi' }],
    ['UEFI x86-64, PXE, without a random number generator', undefined, { firmware: 'uefi', hasRandom: false }],
    ['UEFI x86-64, HTTP boot', 7000, { firmware: 'uefi-http' }],
    ['UEFI arm64, PXE', 7000, { firmware: 'uefi-arm64' }],
  ]
  console.log('from the first DISCOVER to the request for the kernel')
  for (const [name, wantedMs, options] of machines) {
    const missing = missingPackages(bootRequirements(options.firmware))
    if (missing.length > 0) {
      console.log(`${name}: not measured, needs the Debian packages ${missing.join(' ')}`)
      continue
    }
    const runs: (readonly Step[])[] = []
    for (let round = 0; round < (wantedMs === undefined ? 1 : ROUNDS); round++) {
      const { packets } = await boot({ ...options, untilKernelOnly: true })
      runs.push(timeline(packets, KERNEL_PATH))
    }
    report(name, wantedMs, runs)
  }
}

/** The run in the middle, step by step. */
function report(name: string, wantedMs: number | undefined, runs: readonly (readonly Step[])[]): void {
  const sorted = runs.toSorted((a, b) => total(a) - total(b))
  const steps = sorted[sorted.length >> 1]!
  const wanted = wantedMs === undefined ? '' : ` (wanted: under ${seconds(wantedMs)})`
  console.log(
    `${name}: ${seconds(total(steps))}${wanted}; ${runs.length} rounds: ${sorted.map(total).map(seconds).join(', ')}`,
  )
  for (const [at, { atMs, what }] of steps.entries()) {
    const before = steps[at - 1]
    const reason = before !== undefined && atMs - before.atMs > LONG_MS ? `  <- ${reasonFor(before.what, what)}` : ''
    console.log(`  ${seconds(atMs).padStart(8)}  ${what}${reason}`)
  }
}

function reasonFor(from: string, to: string): string {
  return REASONS.find(([before, after]) => before.test(from) && after.test(to))?.[2] ?? 'the machine is busy'
}

function total(steps: readonly Step[]): number {
  return steps.at(-1)!.atMs
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
