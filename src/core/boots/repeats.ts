/**
 * What firmware and iPXE do again and again while they wait: one entry with a count, not a hundred. Pure.
 */
import type { Entry } from './attempt.ts'
import type { Happening } from './happenings.ts'

/** With these in between, the same is still in a row: a DISCOVER has its offer, and an offer the rival's. */
const ROUND: Partial<Record<Entry['kind'], readonly Entry['kind'][]>> = {
  discover: ['offer', 'note'],
  offer: ['note'],
  'ask-4011': ['offer'],
  note: ['discover', 'offer', 'note'],
}

/** The entry that this is once more, if it is. What goes on is never the same as anything before. */
export function repeated<E extends Entry>(entries: readonly E[], what: Happening): E | undefined {
  if (what.outcome === 'going') return undefined
  const between = ROUND[what.kind]
  for (let at = entries.length - 1; at >= 0; at--) {
    const entry = entries[at]!
    if (entry.kind === what.kind) return isSame(entry, what) ? entry : undefined
    if (between?.includes(entry.kind) !== true) return undefined
  }
  return undefined
}

function isSame(entry: Entry, { title, outcome, status, reason, file, body }: Happening): boolean {
  if (entry.title !== title || entry.outcome !== outcome) return false
  return entry.status === status && entry.reason === reason && entry.file === file && entry.body === body
}
