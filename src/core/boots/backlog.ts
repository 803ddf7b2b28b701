/**
 * Events that wait to be looked at: so many at most, and looked at for a small part of the time only.
 *
 * A machine reports some twenty in a boot, so a room full of machines that are switched on at once fits in. Under a flood the
 * backlog is full, and what comes then is left out: better a story with gaps than machines that wait.
 */

/** What a thousand machines report in a second or so. More that waits would outlive its youth, and cost more to clear away. */
const WAITING_MAX = 2000
/**
 * Of the processor; what a story leaves to the garbage collector comes on top. What was not used is saved up to
 * CREDIT_MS_MAX: an event of a boot takes 2 to 5 µs, one more for each kilobyte that was sent, so that is enough for the
 * boots of a thousand machines at once.
 */
const SHARE = 0.0025
const CREDIT_MS_MAX = 150
/** At a time; then others have their turn. */
const SLICE_MS_MAX = 5
/** Events between two looks at the clock. */
const GLANCE = 8

export class Backlog<T> {
  readonly #copyOf: (event: T) => T
  #events: T[] = []
  #times: number[] = []
  #next = 0
  #creditMs = CREDIT_MS_MAX
  #creditedMs = 0
  #left = 0

  /**
   * @param copyOf - of what is kept. V8 learns which places in the code make objects that live long, and puts all of theirs
   * into old space from then on, with whatever they refer to: if the rooms' own events were kept, those that are left out
   * would stay until the next large collection as well, some kilobyte of each request of a flood
   */
  constructor(copyOf: (event: T) => T) {
    this.#copyOf = copyOf
  }

  get isEmpty(): boolean {
    return this.#next === this.#events.length
  }

  get isFlooded(): boolean {
    return this.#left > 0
  }

  /** How many were left out since this was asked the last time. */
  takeLeftOut(): number {
    const count = this.#left
    this.#left = 0
    return count
  }

  add(event: T, atMs: number): void {
    if (this.#events.length - this.#next >= WAITING_MAX) {
      this.#left += 1
      return
    }
    this.#events.push(this.#copyOf(event))
    this.#times.push(atMs)
  }

  /**
   * Hands out what waits, in its order, as far as time allows.
   *
   * @param clock - milliseconds
   * @param all - somebody asks and wants to know all: time does not count
   */
  work(take: (event: T, atMs: number) => void, clock: () => number, all = false): void {
    const startMs = clock()
    this.#creditMs = Math.min(this.#creditMs + (startMs - this.#creditedMs) * SHARE, CREDIT_MS_MAX)
    this.#creditedMs = startMs
    const endMs = all ? Infinity : startMs + Math.min(this.#creditMs, SLICE_MS_MAX)
    for (let count = 0; !this.isEmpty; count++) {
      if (count % GLANCE === 0 && clock() >= endMs) break
      take(this.#events[this.#next]!, this.#times[this.#next]!)
      this.#next += 1
    }
    this.#creditMs -= clock() - startMs
    if (this.isEmpty || this.#next >= WAITING_MAX) this.#dropTaken()
  }

  #dropTaken(): void {
    this.#events = this.#events.slice(this.#next)
    this.#times = this.#times.slice(this.#next)
    this.#next = 0
  }
}
