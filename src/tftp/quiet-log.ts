/**
 * A log that a flood of packets cannot flood: so many lines of each event, then a few a second, and how many were left out.
 */
import type { EventName, Fields, Log } from '../core/log.ts'
import { TokenBucket } from './limits.ts'

/** More than a rack of machines makes. */
const [LINES_BURST, LINES_PER_SECOND] = [1000, 20]

export type Say = (event: EventName, fields: Fields) => void

export function quietLog(log: Log, burst = LINES_BURST, perSecond = LINES_PER_SECOND): Say {
  const events = new Map<EventName, { readonly bucket: TokenBucket; omitted: number }>()
  return (event, fields) => {
    const nowMs = performance.now()
    const of = events.get(event) ?? { bucket: new TokenBucket(burst, perSecond, nowMs), omitted: 0 }
    events.set(event, of)
    if (!of.bucket.take(nowMs)) {
      of.omitted += 1
      return
    }
    log(event, of.omitted === 0 ? fields : { ...fields, omitted: of.omitted })
    of.omitted = 0
  }
}
