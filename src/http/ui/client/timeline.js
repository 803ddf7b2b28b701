/**
 * The time axis of a boot: where its marks are, and where each bar lies on it. Pure.
 */

/** @import { Entry } from '../../../core/boots/attempt.ts' */

/** More marks than these crowd a narrow axis. */
const TICKS_MAX = 6

/**
 * Marks at round times, from 0 on.
 *
 * @param {number} spanMs
 * @returns {number[]} milliseconds
 */
export function ticksOf(spanMs) {
  const step = STEPS_MS.find((ms) => spanMs / ms <= TICKS_MAX) ?? spanMs
  return Array.from({ length: Math.floor(spanMs / step) + 1 }, (_, count) => count * step)
}

const [SECOND, MINUTE, HOUR] = [1000, 60_000, 3_600_000]
const MILLISECONDS = [1, 2, 5, 10, 20, 50, 100, 200, 500]
/** Round for people: a clock knows quarters, not tenths. */
const STEPS_MS = [
  ...MILLISECONDS,
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 6, 12, 24].map((count) => count * HOUR),
]

/**
 * How long the axis is: all bars fit, and there is always some of it.
 *
 * @param {readonly Entry[]} entries
 * @param {number} durationMs - of the attempt, up to now while it goes on
 */
export function spanOf(entries, durationMs) {
  const ends = entries.map(({ startMs, durationMs: ms }) => startMs + (ms ?? 0))
  return Math.max(1, durationMs, ...ends)
}

/**
 * @param {Entry} entry
 * @param {number} spanMs
 * @param {number} nowMs - since the start of the attempt
 * @returns {{ left: number, width: number }} percent of the axis
 */
export function barOf({ startMs, durationMs }, spanMs, nowMs) {
  const left = clamp((startMs / spanMs) * 100, 100)
  const width = ((durationMs ?? Math.max(0, nowMs - startMs)) / spanMs) * 100
  return { left, width: clamp(width, 100 - left) }
}

/**
 * @param {number} value
 * @param {number} max
 */
function clamp(value, max) {
  return Math.min(Math.max(0, value), max)
}
