/**
 * One transfer that runs: performs what `transfer.ts` decides, on its wire, and says at the end how it went.
 */
import { DecodeError } from '../core/decode-error.ts'
import { errorCode, reasonOf } from '../core/errors.ts'
import type { Peer } from '../net/datagrams.ts'
import type { Blocks } from './blocks.ts'
import { openFastWire } from './fast-wire.ts'
import type { Callers } from './limits.ts'
import type { Native } from './native.ts'
import { decode, encode, ERROR, type Option, type Packet } from './packet.ts'
import type { Event, Step, Terms, Transfer } from './transfer-state.ts'
import { begin, isProven, step } from './transfer.ts'
import { openPlainWire, type Wire, type WireEvents } from './wire.ts'

export interface Sending {
  /** Address that the request came to. */
  readonly address: string
  readonly peer: Peer
  readonly blocks: Blocks
  readonly granted: readonly Option[]
  readonly terms: Terms
}

export interface Around {
  readonly callers: Callers
  /** Undefined where the C library cannot be called. */
  readonly native: Native | undefined
  /** The client's address was mute, and is no more. */
  readonly heard: () => void
  /** The socket is closed; the state says how it went. */
  readonly ended: (transfer: Transfer) => void
  /** Told of a fault of ours. */
  readonly died: (error: unknown) => void
}

const STRANGER = encode({ op: 'error', code: ERROR.strangeSender, text: 'not your transfer' })

export class Session {
  readonly #sending: Sending
  readonly #around: Around
  readonly #oack: Uint8Array
  #wire: Wire | undefined
  #transfer: Transfer
  /** Something was acknowledged. */
  #isKnown = false

  private constructor(sending: Sending, around: Around, transfer: Transfer) {
    this.#sending = sending
    this.#around = around
    this.#oack = encode({ op: 'oack', options: sending.granted })
    this.#transfer = transfer
  }

  /** Resolves when the first packet was sent. Rejects with an error of the system when no socket is to be had. */
  static async start(sending: Sending, around: Around): Promise<Session> {
    const [transfer, effects] = begin(sending.terms, performance.now())
    const session = new Session(sending, around, transfer)
    const { address, peer, blocks } = sending
    const options = { address, peer, packetBytes: blocks.packetBytes, window: sending.terms.window }
    const events: WireEvents = {
      take: (bytes) => {
        try {
          session.#receive(bytes)
        } catch (error) {
          around.died(error)
        }
      },
      failed: (error) => session.#failed(error),
      stranger: (from, reply) => {
        if (around.callers.mayReply(from, performance.now())) reply(STRANGER)
      },
    }
    const { native } = around
    session.#wire = native === undefined ? await openPlainWire(options, events) : openFastWire(native, options, events)
    session.#perform([transfer, effects])
    return session
  }

  get isProven(): boolean {
    return isProven(this.#transfer, this.#sending.terms)
  }

  /** Number of the last block that the client has. */
  get acked(): number {
    return this.#transfer.acked
  }

  /** The time may be up for an answer. */
  tick(nowMs: number): void {
    if (nowMs >= this.#transfer.dueMs) this.#happened({ type: 'time', nowMs, mute: this.#isMute(nowMs) })
  }

  /** The client has sent its request once more. */
  again(nowMs: number): void {
    this.#happened({ type: 'again', nowMs, mute: this.#isMute(nowMs) })
  }

  stop(): void {
    this.#happened({ type: 'stop' })
  }

  #isMute(nowMs: number): boolean {
    return this.#around.callers.isMute(this.#sending.peer.address, nowMs)
  }

  #receive(bytes: Uint8Array): void {
    let packet: Packet
    try {
      packet = decode(bytes)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      return // not TFTP: as if it had been lost
    }
    if (packet.op === 'ack') {
      this.#happened({ type: 'ack', block: packet.block, nowMs: performance.now() })
    } else if (packet.op === 'error') {
      this.#happened({ type: 'error', code: packet.code, text: packet.text })
    }
  }

  #failed(error: Error): void {
    if (errorCode(error) === 'ECONNREFUSED') this.#happened({ type: 'gone' })
    else this.#broken(error)
  }

  #broken(error: Error): void {
    const { callers } = this.#around
    if (!this.#isKnown && this.#transfer.at === 'sending') callers.unsentFirst(this.#sending.peer.address)
    this.#happened({ type: 'broken', reason: reasonOf(error) })
  }

  #happened(event: Event): void {
    const after = step(this.#transfer, event, this.#sending.terms)
    if (!this.#isKnown) this.#tellCallers(after[0])
    this.#perform(after)
  }

  /** Until the client is known to be where it says it is. */
  #tellCallers(after: Transfer): void {
    const { callers } = this.#around
    const { address } = this.#sending.peer
    // A probe is an answer as well: nobody else knows our port.
    this.#isKnown = after.at === 'probed' || isProven(after, this.#sending.terms)
    if (this.#isKnown && callers.answered(address, performance.now())) this.#around.heard()
    if (!this.#isKnown && after.resent > this.#transfer.resent) callers.sentFirst(address, performance.now())
  }

  #perform([transfer, effects]: Step): void {
    this.#transfer = transfer
    for (const effect of effects) {
      switch (effect.do) {
        case 'send':
          this.#send(effect.first, effect.last)
          break
        case 'error':
          this.#sendAlone(encode({ op: 'error', code: effect.code, text: effect.text }))
          break
        case 'end':
          this.#wire?.close()
          this.#around.ended(transfer)
          break
      }
    }
  }

  #send(first: number, last: number): void {
    const { blocks } = this.#sending
    if (first === 0) this.#sendAlone(this.#oack)
    else this.#wire?.send(blocks.packets(first, last), blocks.packetBytes)
  }

  #sendAlone(packet: Uint8Array): void {
    this.#wire?.send(packet, packet.length)
  }
}
