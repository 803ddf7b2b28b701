/**
 * Who may do what needs the token: compares without telling by its time how much was right, and gives each address a few tries.
 *
 * The token has 100 bits, so that nobody guesses it; the limit keeps attempts few enough to be seen in the log. Knows the time
 * from who asks.
 */
import { createHash, timingSafeEqual } from 'node:crypto'

import type { Admission } from '../core/appliance.ts'

export const TRIES_MAX = 5
/** So long after the last wrong one there are tries again. */
export const PAUSE_MS = 60_000
/** Addresses remembered; the one that tried longest ago is forgotten. */
const PEERS_MAX = 256

export class Tries {
  readonly #wrong = new Map<string, { count: number; lastMs: number }>()

  /**
   * @param token - that is right; empty when there is none, and nobody is admitted
   * @param given - undefined: not even tried
   */
  admit(token: string, given: string | undefined, peer: string, nowMs: number): Admission {
    const before = this.#wrong.get(peer)
    const isOld = before === undefined || nowMs - before.lastMs >= PAUSE_MS
    if (!isOld && before.count >= TRIES_MAX) return 'wait'
    if (token !== '' && given !== undefined && isSame(given, token)) {
      this.#wrong.delete(peer)
      return 'admitted'
    }
    if (given !== undefined) this.#remember(peer, { count: isOld ? 1 : before.count + 1, lastMs: nowMs })
    return 'wrong'
  }

  #remember(peer: string, wrong: { count: number; lastMs: number }): void {
    this.#wrong.delete(peer)
    this.#wrong.set(peer, wrong)
    if (this.#wrong.size > PEERS_MAX) this.#wrong.delete([...this.#wrong.keys()][0]!)
  }
}

/** As people read it from a screen: in any case, with blanks and hyphens where they like. */
function isSame(given: string, token: string): boolean {
  return timingSafeEqual(digest(given.replaceAll(/[\s-]/g, '').toUpperCase()), digest(token.toUpperCase()))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
