/**
 * The clock on the wall beside the time that events have, which nobody sets. Told the time.
 *
 * A box whose clock has no battery wakes up in the past, and a time server tells it better when boots are under way already.
 */

/** The clock on the wall at a time that the recorder is told: that of events may count from anything. */
export type WallClock = (nowMs: number) => number

/** What keeps a clock right moves it by less between two looks. */
const SET_MS = 2000

export class ClockWatch {
  readonly #wallMs: WallClock
  /** The other time's 0 by this clock, at the last look. */
  #zeroMs: number | undefined

  constructor(wallMs: WallClock) {
    this.#wallMs = wallMs
  }

  /** Whether it was set since the last look. */
  wasSet(nowMs: number): boolean {
    const zeroMs = this.#wallMs(nowMs) - nowMs
    const before = this.#zeroMs ?? zeroMs
    this.#zeroMs = zeroMs
    return Math.abs(zeroMs - before) > SET_MS
  }
}
