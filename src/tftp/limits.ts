/**
 * How much an address gets: error replies, and packets while it never answers. Pure: told the time. Transfers are counted
 * in `slots.ts`.
 */

/** Lets `burst` through at once, and then `perSecond`. */
export class TokenBucket {
  readonly #burst: number
  readonly #perSecond: number
  #tokens: number
  #atMs: number

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst
    this.#perSecond = perSecond
    this.#tokens = burst
    this.#atMs = nowMs
  }

  take(nowMs: number): boolean {
    const earned = ((nowMs - this.#atMs) / 1000) * this.#perSecond
    this.#tokens = Math.min(this.#burst, this.#tokens + earned)
    this.#atMs = nowMs
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}

/** The latest `max` values by key; who comes beyond them pushes the oldest out. */
class Recent<V> {
  readonly #max: number
  readonly #values = new Map<string, V>()

  constructor(max: number) {
    this.#max = max
  }

  get(key: string, create: () => V): V {
    const value = this.#values.get(key) ?? create()
    this.set(key, value)
    return value
  }

  set(key: string, value: V): void {
    this.#values.delete(key)
    this.#values.set(key, value)
    if (this.#values.size > this.#max) this.#values.delete(this.#values.keys().next().value!)
  }
}

/** Addresses that are remembered; a flood of forged ones forgets the others, which costs those nothing but patience. */
const ADDRESSES_MAX = 4096

/** PXELINUX and the Raspberry Pi look for a dozen files that are not there, and want to hear it at once. */
const [REPLIES_BURST, REPLIES_PER_SECOND] = [40, 10]

/** Beyond the first packet of each transfer, for an address that never acknowledged any. */
const REPEATS_MAX = 2

/**
 * Transfers that begin with a block, which is longer than the request for it: so many, and then one in ten seconds. Whoever
 * writes a stranger's address into requests gets no more sent there. An OACK is shorter than its request.
 */
const [BLOCKS_BURST, BLOCKS_PER_SECOND] = [3, 0.1]

export class Callers {
  readonly #replies = new Recent<TokenBucket>(ADDRESSES_MAX)
  /** Of addresses that acknowledged something nothing is counted. */
  readonly #blocks = new Recent<TokenBucket | 'proven'>(ADDRESSES_MAX)
  /** Repetitions of first packets since the last ACK. */
  readonly #repeats = new Recent<{ count: number }>(ADDRESSES_MAX)

  mayReply(address: string, nowMs: number): boolean {
    return this.#replies.get(address, () => new TokenBucket(REPLIES_BURST, REPLIES_PER_SECOND, nowMs)).take(nowMs)
  }

  /** An address that has had its repetitions of first packets, and acknowledged nothing. */
  isMute(address: string): boolean {
    return this.#repeats.get(address, () => ({ count: 0 })).count >= REPEATS_MAX
  }

  repeated(address: string): void {
    this.#repeats.get(address, () => ({ count: 0 })).count += 1
  }

  /** Whether a transfer may begin with a block: the address has shown that it is there, or has not had one lately. */
  mayBeginWithBlock(address: string, nowMs: number): boolean {
    const caller = this.#blocks.get(address, () => new TokenBucket(BLOCKS_BURST, BLOCKS_PER_SECOND, nowMs))
    return caller === 'proven' || caller.take(nowMs)
  }

  acknowledged(address: string): void {
    this.#blocks.set(address, 'proven')
    this.#repeats.get(address, () => ({ count: 0 })).count = 0
  }
}
