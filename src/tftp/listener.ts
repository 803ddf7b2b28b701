/**
 * Port 69 of one interface: what comes in is handed on, and who gets no transfer is told so, unless it asks too often.
 */
import { reasonOf } from '../core/errors.ts'
import type { Say } from '../core/quiet-log.ts'
import { type Peer, receiveDatagrams, sendDatagram } from '../net/datagrams.ts'
import type { NetInterface } from '../net/interfaces.ts'
import { listenProblem } from '../net/port-holder.ts'
import { closeUdp, openUdp, type UdpSocket } from '../net/udp-socket.ts'
import type { Callers } from './limits.ts'
import { encode } from './packet.ts'

/** Requests of a thousand machines that are switched on at once. */
const RECEIVE_BUFFER_BYTES = 1 << 20

interface ListenerDeps {
  readonly callers: Callers
  readonly say: Say
}

export class Listener {
  readonly address: string
  /** It takes no more requests. */
  isClosing = false
  readonly #udp: UdpSocket
  readonly #deps: ListenerDeps

  private constructor(address: string, udp: UdpSocket, deps: ListenerDeps) {
    this.address = address
    this.#udp = udp
    this.#deps = deps
  }

  /** @throws Error with one line for people */
  static async open({ name, address }: NetInterface, port: number, deps: ListenerDeps): Promise<Listener> {
    // Not tied, it would take requests to that address from the host's other networks as well.
    const wanted = { address, port, device: name, receiveBufferBytes: RECEIVE_BUFFER_BYTES }
    const udp = await openUdp(wanted).catch(async (error: unknown) => {
      const problem = { ...wanted, protocol: 'udp', purpose: 'TFTP', advice: 'stop it, or give -tftp off' } as const
      throw new Error(await listenProblem(problem, error), { cause: error })
    })
    return new Listener(address, udp, deps)
  }

  /**
   * @param take - gets each datagram; its bytes are overwritten when it returns
   * @param failed - told when the socket dies
   */
  receive(take: (datagram: Uint8Array, from: Peer) => void, failed: (error: Error) => void): void {
    this.#udp.socket.on('error', failed)
    receiveDatagrams(this.#udp, take)
  }

  /** Sends an ERROR. */
  refuse(to: Peer, code: number, text: string): void {
    const { callers, say } = this.#deps
    if (!callers.mayReply(to.address, performance.now())) return
    sendDatagram(this.#udp, encode({ op: 'error', code, text }), to, (error) =>
      say('tftp.failed', { peer: to.address, reason: reasonOf(error) }),
    )
  }

  async close(): Promise<void> {
    await closeUdp(this.#udp)
  }
}
