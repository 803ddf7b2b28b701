/**
 * The sessions of all clients: says which request gets one, and when, and winds their clock.
 */
import type { Firmware } from '../core/firmware.ts'
import type { Peer } from '../net/datagrams.ts'
import { answer, type AnswerDeps } from './answer.ts'
import { Files } from './files.ts'
import type { Listener } from './listener.ts'
import type { Request } from './packet.ts'
import { decide, displayName, whenRepeated } from './request.ts'
import type { Slot } from './slot.ts'
import { Slots } from './slots.ts'

export interface SessionsDeps extends AnswerDeps {
  readonly firmware: Firmware
}

/** Time-outs are no more exact than this. */
const TICK_MS = 25

/** So long a request waits for others of its address to acknowledge something. Then the client asks again. */
const HELD_MS = 1000

export class Sessions {
  readonly #deps: SessionsDeps
  readonly #files = new Files()
  readonly #slots: Slots<Slot>
  #ticking: NodeJS.Timeout | undefined

  constructor(deps: SessionsDeps) {
    this.#deps = deps
    this.#slots = new Slots(deps.config.transfersMax, deps.config.transfersPerAddressMax)
  }

  /** @param datagram - that the request came in; its bytes are overwritten afterwards */
  take(listener: Listener, request: Request, datagram: Uint8Array, peer: Peer): void {
    const { firmware, reporter } = this.#deps
    const nowMs = performance.now()
    const key = `${listener.address} ${peer.address} ${peer.port}`
    const asked = Buffer.from(datagram).toString('latin1')
    if (this.#isRepeated(key, asked, nowMs)) return
    const verdict = decide(request, firmware.files(), firmware.path)
    if (verdict.do === 'refuse') {
      listener.refuse(peer, verdict.code, verdict.text)
      reporter.refused(peer.address, displayName(request), verdict.reason)
      return
    }
    const slot: Slot = { key, listener, peer, asked, atMs: nowMs }
    slot.held = () => {
      slot.held = undefined
      slot.starting = answer(slot, request, verdict, this.#files, this.#deps, {
        heard: () => this.#beginHeld(),
        over: () => this.#release(slot),
      })
    }
    const full = this.#slots.add(key, peer.address, slot)
    if (full !== undefined) {
      reporter.beyondLimit(peer.address, full)
      return // the client asks again in a second or so
    }
    this.#ticking ??= setInterval(() => this.#tick(), TICK_MS)
    this.#beginOrHold(slot, nowMs)
  }

  /** Resolves when none is left that has to do with a listener, which takes no more requests. */
  async stopAt(listener: Listener): Promise<void> {
    const slots = [...this.#slots.values()].filter((slot) => slot.listener === listener)
    for (const slot of slots) {
      if (slot.held !== undefined) this.#release(slot)
      slot.session?.stop()
    }
    await Promise.all(slots.map(async (slot) => slot.starting))
  }

  stop(): void {
    clearInterval(this.#ticking)
  }

  /** Another request from the same port ends what it asked for before. */
  #isRepeated(key: string, asked: string, nowMs: number): boolean {
    const before = this.#slots.get(key)
    if (before === undefined) return false
    const { session } = before
    if (session === undefined) return true // it is coming
    if (whenRepeated(asked === before.asked, session.isProven, nowMs - before.atMs) === 'again') {
      session.again(nowMs)
      return true
    }
    session.stop()
    return false
  }

  #beginOrHold(slot: Slot, nowMs: number): void {
    const { callers, reporter } = this.#deps
    const { address } = slot.peer
    if (!callers.isMute(address, nowMs)) {
      callers.sentFirst(address, nowMs)
      slot.held?.()
    } else if (nowMs - slot.atMs > HELD_MS) {
      this.#release(slot)
      reporter.beyondLimit(address, 'the address has acknowledged nothing yet')
    }
  }

  #beginHeld(): void {
    const nowMs = performance.now()
    for (const slot of this.#slots.values()) if (slot.held !== undefined) this.#beginOrHold(slot, nowMs)
  }

  #release(slot: Slot): void {
    this.#slots.remove(slot.key, slot.peer.address, slot)
    if (this.#slots.size > 0) return
    clearInterval(this.#ticking)
    this.#ticking = undefined
  }

  #tick(): void {
    const nowMs = performance.now()
    try {
      this.#beginHeld()
      for (const { session, told } of this.#slots.values()) {
        session?.tick(nowMs)
        if (session !== undefined) told?.moved(session.acked, nowMs)
      }
    } catch (error) {
      this.#deps.died(error)
    }
  }
}
