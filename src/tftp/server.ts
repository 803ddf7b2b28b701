/**
 * The edge: listens on port 69 of each interface, starts a session for each request that gets something, and winds the clock
 * of all sessions.
 */
import { DecodeError } from '../core/decode-error.ts'
import { errorCode, reasonOf } from '../core/errors.ts'
import type { Firmware, FirmwareFile } from '../core/firmware.ts'
import type { Journal } from '../core/journal.ts'
import type { Log } from '../core/log.ts'
import { AUTOEXEC, autoexecScript } from '../core/urls.ts'
import { type Peer, receiveDatagrams, sendDatagram } from '../net/datagrams.ts'
import type { NetInterface } from '../net/interfaces.ts'
import { nativeLibc } from '../net/libc.ts'
import type { Closable } from '../net/per-interface.ts'
import { listenProblem } from '../net/port-holder.ts'
import { closeUdp, openUdp, type UdpSocket } from '../net/udp-socket.ts'
import { asNeeded } from './blocks.ts'
import { FileRefused, Files, type OpenFile } from './files.ts'
import { Callers } from './limits.ts'
import { type Agreement, negotiate } from './negotiate.ts'
import { toNetascii } from './netascii.ts'
import { decode, encode, ERROR, type Packet, type Request } from './packet.ts'
import { Poll } from './poll.ts'
import { quietLog, type Say } from './quiet-log.ts'
import { Reporter, type Told } from './report.ts'
import { decide, displayName, isBootProgram, whenRepeated } from './request.ts'
import { Session } from './session.ts'
import { Slots } from './slots.ts'
import type { Transfer } from './transfer.ts'

export interface TftpConfig {
  /** Host name or address in URLs, instead of the interface's own address. */
  readonly advertise: string | undefined
  /** That the HTTP room listens on. */
  readonly httpPort: number
  readonly transfersMax: number
  readonly transfersPerAddressMax: number
  /** RFC 2348; 1468 fits one Ethernet frame. */
  readonly blockBytesMax: number
}

export interface TftpDeps {
  readonly firmware: Firmware
  readonly journal: Journal
  readonly log: Log
}

const PORT = 69

/** Requests of a thousand machines that are switched on at once. */
const RECEIVE_BUFFER_BYTES = 1 << 20

/** Time-outs are no more exact than this. */
const TICK_MS = 25

/** Port 69 of one interface. */
interface Listener {
  readonly address: string
  readonly udp: UdpSocket
  isClosing: boolean
}

/** A request that is being answered. */
interface Slot {
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

export class Server {
  readonly #config: TftpConfig
  readonly #deps: TftpDeps
  readonly #port: number
  readonly #died: (error: unknown) => void
  readonly #say: Say
  readonly #reporter: Reporter
  readonly #files = new Files()
  readonly #callers = new Callers()
  readonly #poll: Poll | undefined
  /** By address and port of both ends. */
  readonly #slots: Slots<Slot>
  #ticking: NodeJS.Timeout | undefined

  /**
   * @param died - told of a fault of ours
   * @param host - what there is to work with; without a C library, dgram alone
   */
  constructor(
    config: TftpConfig,
    deps: TftpDeps,
    died: (error: unknown) => void,
    port = PORT,
    host = { libc: nativeLibc() },
  ) {
    this.#config = config
    this.#deps = deps
    this.#port = port
    this.#died = died
    this.#say = quietLog(deps.log)
    this.#reporter = new Reporter(deps.journal)
    this.#poll = Poll.open(host.libc)
    if (this.#poll === undefined) deps.log('net.native-missing', { reason: 'TFTP sends each packet by itself' })
    this.#slots = new Slots(config.transfersMax, config.transfersPerAddressMax)
  }

  /** @throws Error with one line for people */
  async listen({ address }: NetInterface, failed: (error: Error) => void): Promise<Closable> {
    const wanted = { address, port: this.#port, receiveBufferBytes: RECEIVE_BUFFER_BYTES }
    const udp = await openUdp(wanted).catch(async (error: unknown) => {
      const problem = { ...wanted, protocol: 'udp', purpose: 'TFTP', advice: 'stop it, or give -tftp off' } as const
      throw new Error(await listenProblem(problem, error), { cause: error })
    })
    const listener: Listener = { address, udp, isClosing: false }
    udp.socket.on('error', failed)
    receiveDatagrams(udp, (datagram, from) => this.#guarded(() => this.#receive(listener, datagram, from)))
    return {
      close: async () => {
        listener.isClosing = true
        const slots = [...this.#slots.values()].filter((slot) => slot.listener === listener)
        for (const slot of slots) slot.session?.stop()
        await Promise.all(slots.map(async (slot) => slot.starting))
        await closeUdp(udp)
      },
    }
  }

  /** When nothing listens any more. */
  stop(): void {
    clearInterval(this.#ticking)
    this.#poll?.close()
  }

  #receive(listener: Listener, datagram: Uint8Array, from: Peer): void {
    let packet: Packet
    try {
      packet = decode(datagram)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#say('tftp.dropped', { peer: from.address, reason: error.message })
      this.#reply(listener, from, ERROR.illegal, 'not understood')
      return
    }
    if (packet.op === 'read' || packet.op === 'write') this.#onRequest(listener, packet, datagram, from)
    // An ERROR is never answered; the rest belongs to a transfer that is over.
    else if (packet.op !== 'error') this.#reply(listener, from, ERROR.strangeSender, 'no such transfer')
  }

  #onRequest(listener: Listener, request: Request, datagram: Uint8Array, peer: Peer): void {
    const { firmware } = this.#deps
    const nowMs = performance.now()
    const key = `${listener.address} ${peer.address} ${peer.port}`
    const asked = Buffer.from(datagram).toString('latin1')
    const before = this.#slots.get(key)
    if (before !== undefined) {
      const { session } = before
      if (session === undefined) return // it is coming
      if (whenRepeated(asked === before.asked, session.isProven, nowMs - before.atMs) === 'again') {
        session.again(nowMs)
        return
      }
      session.stop()
    }
    const verdict = decide(request, firmware.files(), firmware.path)
    if (verdict.do === 'refuse') {
      this.#say('tftp.refused', { peer: peer.address, file: displayName(request), reason: verdict.reason })
      this.#reply(listener, peer, verdict.code, verdict.text)
      this.#reporter.refused(peer.address, displayName(request), verdict.reason)
      return
    }
    const slot: Slot = { listener, peer, asked, atMs: nowMs }
    const full = this.#slots.add(key, peer.address, slot)
    if (full !== undefined) {
      this.#say('tftp.limit', { peer: peer.address, reason: full })
      return // the client asks again in a second or so
    }
    this.#ticking ??= setInterval(() => this.#guarded(() => this.#tick()), TICK_MS)
    slot.starting = this.#start(key, slot, request, verdict).catch((error: unknown) => {
      this.#release(key, slot)
      this.#onStartFailed(slot, displayName(request), error)
    })
  }

  async #start(
    key: string,
    slot: Slot,
    { options }: Request,
    { file, netascii }: { file: FirmwareFile | 'autoexec'; netascii: boolean },
  ): Promise<void> {
    const { listener, peer } = slot
    const isAutoexec = file === 'autoexec'
    const open = isAutoexec ? this.#autoexec(listener.address, netascii) : await this.#files.open(file, netascii)
    try {
      const sizeBytes = netascii ? undefined : open.sizeBytes
      const agreement = negotiate({ options, sizeBytes, blockBytesMax: this.#config.blockBytesMax })
      const { blockBytes, granted, window, timeoutMs } = agreement
      const blocks = open.blocks(blockBytes)
      const terms = { blocks: blocks.count, oack: granted.length > 0, window, timeoutMs }
      const ended = (transfer: Transfer): void => {
        open.close()
        this.#release(key, slot)
        this.#tell(slot, isAutoexec ? AUTOEXEC : file.name, open.sizeBytes, agreement, transfer)
      }
      if (isAutoexec) this.#deps.journal.report({ type: 'autoexec', address: peer.address })
      slot.told = this.#reporter.began(peer.address, isAutoexec ? AUTOEXEC : file.name, open.sizeBytes, agreement)
      slot.session = await Session.start(
        { address: listener.address, peer, blocks, granted, terms },
        { callers: this.#callers, poll: this.#poll, ended, died: this.#died },
      )
      if (listener.isClosing) slot.session.stop()
    } catch (error) {
      open.close()
      throw error
    }
  }

  #onStartFailed({ listener, peer, told }: Slot, file: string, error: unknown): void {
    told?.ended({ at: 'failed', acked: 0, resent: 0, reason: reasonOf(error) })
    if (error instanceof FileRefused) {
      this.#say('tftp.refused', { peer: peer.address, file, reason: error.message })
      this.#reply(listener, peer, ERROR.other, 'cannot be sent')
      this.#reporter.refused(peer.address, file, error.message)
    } else if (errorCode(error) !== '') {
      this.#say('tftp.failed', { peer: peer.address, file, reason: reasonOf(error) }) // no more sockets, no address …
    } else {
      this.#died(error)
    }
  }

  #autoexec(address: string, netascii: boolean): OpenFile {
    const { advertise, httpPort: port } = this.#config
    const script = Buffer.from(autoexecScript({ advertise, address, port }))
    const bytes = netascii ? toNetascii(script) : script
    return { sizeBytes: bytes.length, blocks: (blockBytes) => asNeeded(bytes, blockBytes), close: () => {} }
  }

  /** How it ended. */
  #tell(slot: Slot, file: string, bytes: number, { blockBytes, window }: Agreement, transfer: Transfer): void {
    const { address } = slot.peer
    const { at, resent, reason } = transfer
    slot.told?.ended(transfer)
    if (at === 'sent') {
      const ms = Math.round(performance.now() - slot.atMs)
      this.#say('tftp.sent', { peer: address, file, bytes, ms, block: blockBytes, window, resent })
      if (isBootProgram(file)) this.#deps.journal.report({ type: 'firmware', address, file })
    } else if (at === 'probed') {
      this.#say('tftp.probe', { peer: address, file })
    } else {
      this.#say('tftp.failed', { peer: address, file, reason })
    }
  }

  #release(key: string, slot: Slot): void {
    this.#slots.remove(key, slot.peer.address, slot)
    if (this.#slots.size > 0) return
    clearInterval(this.#ticking)
    this.#ticking = undefined
  }

  #tick(): void {
    const nowMs = performance.now()
    for (const { session, told } of this.#slots.values()) {
      session?.tick(nowMs)
      if (session !== undefined) told?.moved(session.acked, nowMs)
    }
  }

  #reply({ udp }: Listener, to: Peer, code: number, text: string): void {
    if (!this.#callers.mayReply(to.address, performance.now())) return
    sendDatagram(udp, encode({ op: 'error', code, text }), to, (error) =>
      this.#say('tftp.failed', { peer: to.address, reason: reasonOf(error) }),
    )
  }

  /** A fault of ours ends the room, and is not taken for something that the network did. */
  #guarded(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#died(error)
    }
  }
}
