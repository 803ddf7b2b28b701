/**
 * An attempt that may go on, as it is shown at some time. Pure.
 */
import type { Attempt, Entry } from './attempt.ts'
import type { LiveAttempt } from './live.ts'
import { shownLabels } from './shown.ts'

/** @param sizes - of files that were downloaded before */
export function viewOf(live: LiveAttempt, nowMs: number, sizes: ReadonlyMap<string, number>): Attempt {
  const { startedMs, startedAt, endedMs, lastMs } = live
  const { bytes, totalBytes } = progressOf(live, sizes)
  return {
    id: live.id,
    mac: live.key,
    state: live.state,
    stage: live.stage,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: endedMs === undefined ? null : new Date(startedAt + endedMs - startedMs).toISOString(),
    durationMs: Math.max(0, Math.round((endedMs ?? (live.hasBegun ? nowMs : lastMs)) - startedMs)),
    diagnosis: live.explained(),
    group: live.group ?? null,
    spec: live.spec ?? null,
    architecture: live.architecture ?? null,
    bytes,
    totalBytes,
    entries: live.entries.map((entry) => ({ ...entry })),
    labels: shownLabels(live.labels),
    uuid: live.uuid ?? null,
    address: live.address ?? null,
    truncated: live.truncated,
  }
}

/** Of kernel and initrds; of all that it downloads where nobody knows which those are. */
function progressOf({ entries, plan }: LiveAttempt, sizes: ReadonlyMap<string, number>) {
  const loads = downloads(entries)
  const files = plan?.files.length ? plan.files : [...loads.keys()]
  let bytes = 0
  let totalBytes: number | null = files.length === 0 ? null : 0
  for (const file of files) {
    const load = loads.get(file)
    const size = load?.totalBytes ?? sizes.get(file)
    bytes += load?.bytes ?? 0
    totalBytes = size === undefined || totalBytes === null ? null : totalBytes + size
  }
  return { bytes, totalBytes }
}

/** The last of each file. */
function downloads(entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  const loads = new Map<string, Entry>()
  for (const entry of entries) {
    if (entry.kind === 'download' && entry.file !== undefined && entry.outcome !== 'probe') loads.set(entry.file, entry)
  }
  return loads
}
