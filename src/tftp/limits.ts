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

/** The latest `max` values by key; who comes beyond them pushes the longest untouched out. */
class Recent<V> {
  readonly #max: number
  readonly #values = new Map<string, V>()

  constructor(max: number) {
    this.#max = max
  }

  peek(key: string): V | undefined {
    return this.#values.get(key)
  }

  get(key: string, create: () => V): V {
    const value = this.#values.get(key) ?? create()
    this.#values.delete(key)
    this.#values.set(key, value)
    if (this.#values.size > this.#max) this.#values.delete(this.#values.keys().next().value!)
    return value
  }
}

/** Addresses that are remembered; a flood of forged ones forgets the others, which costs those nothing but patience. */
const ADDRESSES_MAX = 16_384

/** PXELINUX and the Raspberry Pi look for a dozen files that are not there, and want to hear it at once. */
const [REPLIES_BURST, REPLIES_PER_SECOND] = [40, 10]

/**
 * First packets of transfers, OACK or block, that an address gets within a minute while it acknowledges nothing: whoever
 * writes a stranger's address into requests gets no more sent there. A minute, and not for ever, because a machine of the
 * site may have lost all three.
 */
const [FIRSTS_MAX, FIRSTS_MS] = [3, 60_000]

/** For so long after it has acknowledged something an address is known to be there; it may be a site behind one router. */
const TRUSTED_MS = 600_000

interface Caller {
  firsts: number
  /** When the first of them was sent. */
  sinceMs: number
  answeredMs: number
}

export class Callers {
  readonly #replies = new Recent<TokenBucket>(ADDRESSES_MAX)
  readonly #callers = new Recent<Caller>(ADDRESSES_MAX)

  mayReply(address: string, nowMs: number): boolean {
    return this.#replies.get(address, () => new TokenBucket(REPLIES_BURST, REPLIES_PER_SECOND, nowMs)).take(nowMs)
  }

  /** It has had its first packets, and has not answered. */
  isMute(address: string, nowMs: number): boolean {
    const caller = this.#callers.peek(address)
    if (caller === undefined || nowMs - caller.answeredMs < TRUSTED_MS) return false
    return caller.firsts >= FIRSTS_MAX && nowMs - caller.sinceMs < FIRSTS_MS
  }

  /** It gets a first packet, or one once more. */
  sentFirst(address: string, nowMs: number): void {
    const caller = this.#of(address, nowMs)
    if (nowMs - caller.sinceMs >= FIRSTS_MS) Object.assign(caller, { firsts: 0, sinceMs: nowMs })
    caller.firsts += 1
  }

  /** The first packet that `sentFirst` was told of did not leave. */
  unsentFirst(address: string): void {
    const caller = this.#callers.peek(address)
    if (caller !== undefined && caller.firsts > 0) caller.firsts -= 1
  }

  /** It has acknowledged something of what was sent there. @returns whether it was mute before */
  answered(address: string, nowMs: number): boolean {
    const wasMute = this.isMute(address, nowMs)
    Object.assign(this.#of(address, nowMs), { firsts: 0, answeredMs: nowMs })
    return wasMute
  }

  #of(address: string, nowMs: number): Caller {
    return this.#callers.get(address, () => ({ firsts: 0, sinceMs: nowMs, answeredMs: -Infinity }))
  }
}
