/**
 * What `box.mjs install` is doing, for the status page and the console: one JSON file, replaced whole.
 */
import { rename, writeFile } from 'node:fs/promises'

export interface UpdateStatus {
  readonly state: 'idle' | 'checking' | 'writing' | 'verifying' | 'written' | 'refused' | 'failed'
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
  await writeFile(`${path}.new`, `${JSON.stringify(status)}\n`)
  await rename(`${path}.new`, path)
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
