/**
 * Long work in turns, so that nobody waits long for theirs: written once as a generator, done at once or with pauses.
 */

/** Yields where a pause may be made. */
export type Steps<T> = Generator<void, T, void>

/** Lets others have a turn, where there is much to do; rejects when it is to be given up. */
export type Pause = () => Promise<unknown>

export const NO_PAUSE: Pause = () => Promise.resolve()

export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** @throws what `pause` rejects with */
export async function inTurns<T>(steps: Steps<T>, pause: Pause): Promise<T> {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    await pause()
  }
}
