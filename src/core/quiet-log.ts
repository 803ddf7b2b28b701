/**
 * A log that a flood of packets cannot flood: so many lines of each event, then a few a second, which say how many were
 * left out before them.
 */
import type { EventName, Fields, Log } from './log.ts'

/** More than a rack of machines makes. */
const [LINES_BURST, LINES_PER_SECOND] = [1000, 20]

export type Say = (event: EventName, fields: Fields) => void

/** @param now - milliseconds that never go back */
export function quietLog(log: Log, now = (): number => performance.now()): Say {
  const events = new Map<EventName, { lines: number; atMs: number; omitted: number }>()
  return (event, fields) => {
    const atMs = now()
    const of = events.get(event) ?? { lines: LINES_BURST, atMs, omitted: 0 }
    events.set(event, of)
    of.lines = Math.min(LINES_BURST, of.lines + ((atMs - of.atMs) / 1000) * LINES_PER_SECOND)
    of.atMs = atMs
    if (of.lines < 1) {
      of.omitted += 1
      return
    }
    of.lines -= 1
    log(event, of.omitted === 0 ? fields : { ...fields, omitted: of.omitted })
    of.omitted = 0
  }
}
