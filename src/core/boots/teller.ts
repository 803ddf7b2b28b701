/**
 * What is told of an attempt: as it is shown, as it is stored, and to whom when it ends.
 */
import { AgedMap } from './aged-map.ts'
import type { Attempt } from './attempt.ts'
import type { LiveAttempt } from './live.ts'
import type { RecorderEvents, Site } from './recorder-options.ts'
import { storedOf } from './stored.ts'
import { viewOf } from './view.ts'

/** Files whose size is remembered, so that the next machine's progress is known from the beginning. */
const SIZES_MAX = 1000

/** To find the nearest of a hundred thousand groups takes some 20 ms: not for each of many machines at once. */
const EXPLAIN_MS = 1000

export class Teller {
  readonly #nearest: Site['nearest']
  readonly #events: RecorderEvents
  readonly #sizes = new AgedMap<string, number>()
  #explainedMs = -Infinity

  constructor(nearest: Site['nearest'], events: RecorderEvents) {
    this.#nearest = nearest
    this.#events = events
  }

  view(attempt: LiveAttempt, nowMs: number): Attempt {
    return viewOf(attempt, nowMs, this.#sizes)
  }

  /** As it is stored. */
  text(attempt: LiveAttempt, nowMs: number): string {
    return JSON.stringify(storedOf(attempt, this.view(attempt, nowMs)))
  }

  /** Names the group that all but matches. Takes a while. */
  nearestTo({ unmatched, labels }: LiveAttempt): string | undefined {
    return this.#nearest(unmatched ?? labels)
  }

  learnSize(file: string, bytes: number): void {
    this.#sizes.set(file, bytes)
    if (this.#sizes.size > SIZES_MAX) this.#sizes.removeOldest()
  }

  /** It has ended: its diagnosis is made, and it is saved. */
  end(attempt: LiveAttempt, nowMs: number): void {
    const explain = (): string | undefined => {
      this.#explainedMs = nowMs
      return this.nearestTo(attempt)
    }
    attempt.explained(nowMs - this.#explainedMs >= EXPLAIN_MS ? explain : undefined)
    this.#events.ended?.(this.view(attempt, nowMs))
    this.save(attempt, nowMs)
  }

  save(attempt: LiveAttempt, nowMs: number): void {
    if (!attempt.isUnsaved) return
    attempt.isUnsaved = false
    attempt.wasSaved = true
    this.#events.save?.(this.text(attempt, nowMs))
  }
}
