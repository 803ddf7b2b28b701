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
  #zeroMs: number

  constructor(wallMs: WallClock) {
    this.#wallMs = wallMs
    this.#zeroMs = wallMs(0)
  }

  /** Whether it was set since the last look. A computer that slept looks the same: the other time stood still meanwhile. */
  wasSet(): boolean {
    const zeroMs = this.#wallMs(0)
    const before = this.#zeroMs
    this.#zeroMs = zeroMs
    return Math.abs(zeroMs - before) > SET_MS
  }
}
