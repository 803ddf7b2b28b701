/**
 * What is told of the data directory: by `/api/problems`, by `/api/groups`, and by the event stream when it changes. Pure.
 */
import type { Checked } from '../../core/problems.ts'
import type { StoreState } from '../../core/store/store.ts'

export function problemCounts({ errors, warnings, atMs }: Checked) {
  return { errors, warnings, checkedAt: isoOrNull(atMs) }
}

/** `behind`: why the last good data, of `loadedAt`, serves in place of what is on the disk. */
export function dataFacts({ snapshot, behind, loadedAtMs }: StoreState) {
  return {
    groups: snapshot.groups.groups.length,
    specs: snapshot.specs.size,
    loadedAt: new Date(loadedAtMs).toISOString(),
    behind: behind ?? null,
  }
}

function isoOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}
