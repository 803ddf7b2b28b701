/**
 * The sessions of all clients: starts one for each request that gets something, says how each went, and winds their clock.
 */
import { errorCode, reasonOf } from '../core/errors.ts'
import type { Firmware, FirmwareFile } from '../core/firmware.ts'
import type { Say } from '../core/quiet-log.ts'
import { AUTOEXEC } from '../core/urls.ts'
import type { Peer } from '../net/datagrams.ts'
import { openAutoexec } from './autoexec.ts'
import type { TftpConfig } from './config.ts'
import { FileRefused, Files, type OpenFile } from './files.ts'
import type { Callers } from './limits.ts'
import type { Listener } from './listener.ts'
import { type Agreement, negotiate } from './negotiate.ts'
import { ERROR, type Request } from './packet.ts'
import type { Poll } from './poll.ts'
import type { Reporter, Told } from './report.ts'
import { decide, displayName, type Granted, whenRepeated } from './request.ts'
import { Session } from './session.ts'
import { Slots } from './slots.ts'
import type { Transfer } from './transfer.ts'

export interface SessionsDeps {
  readonly config: TftpConfig
  readonly firmware: Firmware
  readonly reporter: Reporter
  readonly say: Say
  readonly callers: Callers
  /** Undefined where the C library cannot be called. */
  readonly poll: Poll | undefined
  /** Told of a fault of ours. */
  readonly died: (error: unknown) => void
}

/** A request that is being answered. */
interface Slot {
  /** Address and port of both ends. */
  readonly key: string
  readonly listener: Listener
  readonly peer: Peer
  /** The request's own bytes, to know it again. */
  readonly asked: string
  readonly atMs: number
  /** Undefined until its file is read and its socket open. */
  session?: Session
  /** Resolves when it has a session, or was refused one. */
  starting?: Promise<void>
  /** What the journal hears of it, once it begins. */
  told?: Told
}

/** Time-outs are no more exact than this. */
const TICK_MS = 25

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
    const { firmware, reporter, say } = this.#deps
    const nowMs = performance.now()
    const key = `${listener.address} ${peer.address} ${peer.port}`
    const asked = Buffer.from(datagram).toString('latin1')
    if (this.#isRepeated(key, asked, nowMs)) return
    const verdict = decide(request, firmware.files(), firmware.path)
    if (verdict.do === 'refuse') {
      say('tftp.refused', { peer: peer.address, file: displayName(request), reason: verdict.reason })
      listener.refuse(peer, verdict.code, verdict.text)
      reporter.refused(peer.address, displayName(request), verdict.reason)
      return
    }
    const slot: Slot = { key, listener, peer, asked, atMs: nowMs }
    const full = this.#isTooMuch(request, peer, nowMs) ?? this.#slots.add(key, peer.address, slot)
    if (full !== undefined) {
      say('tftp.limit', { peer: peer.address, reason: full })
      return // the client asks again in a second or so
    }
    this.#ticking ??= setInterval(() => this.#tick(), TICK_MS)
    slot.starting = this.#start(slot, request, verdict).catch((error: unknown) => {
      this.#release(slot)
      this.#onStartFailed(slot, displayName(request), error)
    })
  }

  /** Resolves when none is left that has to do with a listener, which takes no more requests. */
  async stopAt(listener: Listener): Promise<void> {
    const slots = [...this.#slots.values()].filter((slot) => slot.listener === listener)
    for (const slot of slots) slot.session?.stop()
    await Promise.all(slots.map(async (slot) => slot.starting))
  }

  stop(): void {
    clearInterval(this.#ticking)
  }

  /** Of requests that no OACK answers. */
  #isTooMuch({ options }: Request, { address }: Peer, nowMs: number): string | undefined {
    const { callers, config } = this.#deps
    const { granted } = negotiate({ options, sizeBytes: 0, blockBytesMax: config.blockBytesMax })
    if (granted.length > 0 || callers.mayBeginWithBlock(address, nowMs)) return undefined
    return 'the address has acknowledged nothing yet'
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

  async #start(slot: Slot, { options }: Request, { file, netascii }: Granted): Promise<void> {
    const { listener, peer } = slot
    const { config, reporter, callers, poll, died } = this.#deps
    const name = file === 'autoexec' ? AUTOEXEC : file.name
    const open = await this.#open(file, listener.address, netascii)
    try {
      const sizeBytes = netascii ? undefined : open.sizeBytes
      const agreement = negotiate({ options, sizeBytes, blockBytesMax: config.blockBytesMax })
      const { blockBytes, granted, window, timeoutMs } = agreement
      const blocks = open.blocks(blockBytes)
      const terms = { blocks: blocks.count, oack: granted.length > 0, window, timeoutMs }
      const ended = (transfer: Transfer): void => {
        open.close()
        this.#release(slot)
        slot.told?.ended(transfer)
        this.#sayEnded(slot, name, open.sizeBytes, agreement, transfer)
      }
      slot.told = reporter.began(peer.address, name, open.sizeBytes, agreement)
      slot.session = await Session.start(
        { address: listener.address, peer, blocks, granted, terms },
        { callers, poll, ended, died },
      )
      if (listener.isClosing) slot.session.stop()
    } catch (error) {
      open.close()
      throw error
    }
  }

  async #open(file: FirmwareFile | 'autoexec', address: string, netascii: boolean): Promise<OpenFile> {
    const { advertise, httpPort: port } = this.#deps.config
    return file === 'autoexec' ? openAutoexec({ advertise, address, port }, netascii) : this.#files.open(file, netascii)
  }

  #onStartFailed({ listener, peer, told }: Slot, file: string, error: unknown): void {
    const { say, reporter, died } = this.#deps
    told?.ended({ at: 'failed', acked: 0, resent: 0, reason: reasonOf(error) })
    if (error instanceof FileRefused) {
      say('tftp.refused', { peer: peer.address, file, reason: error.message })
      listener.refuse(peer, ERROR.other, 'cannot be sent')
      reporter.refused(peer.address, file, error.message)
    } else if (errorCode(error) !== '') {
      say('tftp.failed', { peer: peer.address, file, reason: reasonOf(error) }) // no more sockets, no address …
    } else {
      died(error)
    }
  }

  #sayEnded(slot: Slot, file: string, bytes: number, { blockBytes, window }: Agreement, transfer: Transfer): void {
    const { say } = this.#deps
    const { address: peer } = slot.peer
    const { at, resent, reason } = transfer
    if (at === 'sent') {
      const ms = Math.round(performance.now() - slot.atMs)
      say('tftp.sent', { peer, file, bytes, ms, block: blockBytes, window, resent })
    } else if (at === 'probed') {
      say('tftp.probe', { peer, file })
    } else {
      say('tftp.failed', { peer, file, reason })
    }
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
      for (const { session, told } of this.#slots.values()) {
        session?.tick(nowMs)
        if (session !== undefined) told?.moved(session.acked, nowMs)
      }
    } catch (error) {
      this.#deps.died(error)
    }
  }
}
