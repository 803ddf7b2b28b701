/**
 * The appliance: how large it is, how long its build takes with a warm cache, how much memory it takes, and how long a box is from
 * power-on to its first answer over HTTP, on a virtio disk, without KVM.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { startAppliance } from '../../test/support/appliance.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Until the box has done what it does after its start. */
const SETTLE_MS = 15_000

export async function benchImage(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bootcfg-bench-'))
  try {
    const build = (): void => void execFileSync(join(ROOT, 'scripts/image'), ['--output', folder], { stdio: 'inherit' })
    build()
    console.log(`build, warm cache      ${seconds(timed(build))}`)
    const file = (kind: string): string =>
      join(
        folder,
        readdirSync(folder).find((name) => name.endsWith(kind))!,
      )
    console.log(`image, compressed      ${megabytes(statSync(file('.img.xz')).size)}`)
    for (const firmware of ['bios', 'uefi'] as const) {
      const start = performance.now()
      await using box = await startAppliance({ disk: file('.img'), firmware })
      await box.facts()
      console.log(`first answer, ${firmware.padEnd(8)} ${seconds(performance.now() - start)}`)
      await sleep(SETTLE_MS)
      const { memory } = await box.facts()
      console.log(`memory in use          ${megabytes(memory.totalBytes - memory.availableBytes)}`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function timed(work: () => void): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
