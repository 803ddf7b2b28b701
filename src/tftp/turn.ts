/**
 * How long one turn of the event loop reads datagrams: until nothing is left, or for as long as everybody else can wait.
 *
 * Clients on the same host or bridge, and many at once, are heard of every few microseconds, which is less than the event
 * loop takes to go to sleep and to wake up. So for a moment more is waited for here: by looking again, if it is one client,
 * which is quickest; else by the kernel, so that the clients have the processor. Where looking again was in vain, others want
 * the processor, who may be the ones that are waited for: then it is tried more and more seldom.
 */

/** Other work of the process waits no longer than this. */
const TURN_MS = 4
/** When there is no more between two arrivals than this, it is worth to look again for the next one, for so long. */
const [CLOSE_MS, LOOK_AGAIN_MS] = [0.1, 0.06]
/** ... or to have the kernel wait for it. */
const NEAR_MS = 0.5
/** Arrivals that are not looked for, after it was in vain: twice as many each time, and half as many when it was not. */
const ARRIVALS_MAX = 256

export class Turns {
  readonly #canWait: boolean
  /** When something was last read, how long that was after what was read before it, and how many datagrams it was. */
  #readMs = -Infinity
  #gapMs = Infinity
  #count = 0
  #inVain = 0
  /** Arrivals that are not looked for. */
  #left = 0

  /** @param canWait - `look` can */
  constructor(canWait: boolean) {
    this.#canWait = canWait
  }

  /** @param look - reads what is there; `waits`: for a moment until there is something. @returns how many datagrams */
  take(look: (waits: boolean) => number): void {
    const startedMs = performance.now()
    let isFirst = true
    for (let nowMs = startedMs; nowMs - startedMs < TURN_MS; nowMs = performance.now()) {
      const looksAgain = this.#looksAgain()
      const waits = !isFirst && !looksAgain && this.#canWait && this.#gapMs < NEAR_MS
      const count = look(waits)
      if (count > 0) {
        if (!isFirst && looksAgain) this.#inVain >>= 1
        this.#arrived(count)
      } else if (isFirst || !looksAgain) {
        return
      } else if (nowMs - this.#readMs > LOOK_AGAIN_MS) {
        this.#inVain = Math.min(Math.max(2 * this.#inVain, 1), ARRIVALS_MAX)
        this.#left = this.#inVain
      }
      isFirst = false
    }
  }

  #looksAgain(): boolean {
    return this.#gapMs < CLOSE_MS && this.#left <= 0 && (this.#count === 1 || !this.#canWait)
  }

  #arrived(count: number): void {
    const nowMs = performance.now()
    this.#gapMs = nowMs - this.#readMs
    this.#readMs = nowMs
    this.#count = count
    this.#left -= 1
  }
}
