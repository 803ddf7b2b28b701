/**
 * The edge: listens on port 69 of each interface, and hands on each request to `sessions.ts`.
 */
import { DecodeError } from '../core/decode-error.ts'
import { quietLog, type Say } from '../core/quiet-log.ts'
import type { Peer } from '../net/datagrams.ts'
import type { NetInterface } from '../net/interfaces.ts'
import { nativeLibc } from '../net/libc.ts'
import type { Closable } from '../net/per-interface.ts'
import type { TftpConfig, TftpDeps } from './config.ts'
import { Callers } from './limits.ts'
import { Listener } from './listener.ts'
import { type Host, Native } from './native.ts'
import { decode, ERROR, type Packet } from './packet.ts'
import { Reporter } from './report.ts'
import { Sessions } from './sessions.ts'

const PORT = 69

export class Server {
  readonly #port: number
  readonly #died: (error: unknown) => void
  readonly #say: Say
  readonly #callers = new Callers()
  readonly #native: Native | undefined
  readonly #sessions: Sessions

  /**
   * @param died - told of a fault of ours
   * @param host - what there is to work with; without a C library, dgram alone
   */
  constructor(
    config: TftpConfig,
    { firmware, journal, log }: TftpDeps,
    died: (error: unknown) => void,
    port = PORT,
    host: Host = { libc: nativeLibc() },
  ) {
    this.#port = port
    this.#died = died
    this.#say = quietLog(log)
    this.#native = Native.open(host, log)
    const [say, native, callers] = [this.#say, this.#native, this.#callers]
    this.#sessions = new Sessions({ config, firmware, reporter: new Reporter(journal, say), callers, native, died })
  }

  /** @throws Error with one line for people */
  async listen(iface: NetInterface, failed: (error: Error) => void): Promise<Closable> {
    const listener = await Listener.open(iface, this.#port, { callers: this.#callers, say: this.#say })
    listener.receive((datagram, from) => this.#guarded(() => this.#receive(listener, datagram, from)), failed)
    return {
      close: async () => {
        listener.isClosing = true
        await this.#sessions.stopAt(listener)
        await listener.close()
      },
    }
  }

  /** When nothing listens any more. */
  stop(): void {
    this.#sessions.stop()
    this.#native?.close()
  }

  #receive(listener: Listener, datagram: Uint8Array, from: Peer): void {
    let packet: Packet
    try {
      packet = decode(datagram)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#say('tftp.dropped', { peer: from.address, reason: error.message })
      listener.refuse(from, ERROR.illegal, 'not understood')
      return
    }
    if (packet.op === 'read' || packet.op === 'write') this.#sessions.take(listener, packet, datagram, from)
    // An ERROR is never answered; the rest belongs to a transfer that is over.
    else if (packet.op !== 'error') listener.refuse(from, ERROR.strangeSender, 'no such transfer')
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
