/**
 * The contract of a room, and the supervision of those that run.
 */

export interface Running {
  readonly name: string
  /** Where people reach it, if they do. */
  readonly url?: string
  /** What of it does not work now, each in a line; it goes on trying. */
  readonly troubles?: () => readonly string[]
  /** Rejects when the room dies by itself; never resolves. */
  readonly failed: Promise<never>
  /** Ends the room; resolves when nothing of it is left. Safe to call twice. */
  stop(): Promise<void>
}

/** Resolves once the room answers. */
export type Start<C, D> = (config: C, deps: D) => Promise<Running>

/**
 * Wait until a room dies or `until` resolves, then stop all rooms in the reverse of the order in which they started.
 *
 * @throws what the room died of, or the first failure to stop, after every room was stopped
 */
export async function supervise(rooms: readonly Running[], until: Promise<unknown>): Promise<void> {
  try {
    await Promise.race([until, ...rooms.map((room) => room.failed)])
  } finally {
    await stopAll(rooms)
  }
}

export async function stopAll(rooms: readonly Running[]): Promise<void> {
  const failures: unknown[] = []
  for (const room of rooms.toReversed()) {
    await room.stop().catch((error: unknown) => failures.push(error))
  }
  if (failures.length > 0) throw failures[0]
}
