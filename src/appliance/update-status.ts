/**
 * What `box.mjs install` is doing, for the status page and the console: one JSON file, replaced whole.
 */
import type { UpdateState } from '../core/appliance.ts'
import { writeWhole } from './write-whole.ts'

export interface UpdateStatus {
  readonly state: UpdateState['state']
  /** File name, printable ASCII. */
  readonly bundle?: string
  /** What it brings. */
  readonly version?: string
  readonly slot?: string
  /** Why it is refused or failed: a sentence. */
  readonly reason?: string
  /** Of the present state, whole. */
  readonly percent?: number
}

export async function saveStatus(path: string, status: UpdateStatus): Promise<void> {
  await writeWhole(path, `${JSON.stringify(status)}\n`)
}

/** Calls `save` for each percent once. */
export function eachPercent(save: (percent: number) => Promise<void>): (share: number) => Promise<void> {
  let last = -1
  return async (share) => {
    const percent = Math.floor(share * 100)
    if (percent === last) return
    last = percent
    await save(percent)
  }
}
