/**
 * Other names of machines than the one they go by: the address they have, their UUID. Bounded, told the time.
 *
 * A name that two machines use within a short time is nobody's: machines behind one address, boards that share a UUID.
 */
import { AgedMap } from './aged-map.ts'

/** So soon no address passes from one machine to the next, unless DHCP says so. */
const SHARED_MS = 120_000

interface Claim {
  /** Of the machine; undefined when it is shared. */
  key: string | undefined
  atMs: number
}

export class Names {
  readonly #claims = new AgedMap<string, Claim>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  /** The machine that has this name alone. */
  get(name: string): string | undefined {
    return this.#claims.get(name)?.key
  }

  /** A machine uses this name. */
  claim(name: string, key: string, nowMs: number): void {
    const claim = this.#claims.get(name)
    if (claim === undefined) return this.give(name, key, nowMs)
    if (claim.key !== key) claim.key = nowMs - claim.atMs < SHARED_MS ? undefined : key
    claim.atMs = nowMs
  }

  /** It is known to be this machine's, whoever had it before. */
  give(name: string, key: string, nowMs: number): void {
    this.#claims.set(name, { key, atMs: nowMs })
    if (this.#claims.size > this.#max) this.#claims.removeOldest()
  }

  /** The machine does not use it any more. */
  drop(name: string, key: string): void {
    if (this.get(name) === key) this.#claims.delete(name)
  }
}
