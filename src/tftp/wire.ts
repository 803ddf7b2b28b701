/**
 * The way of one transfer to its one client (RFC 1350 section 4): a port of its own, bound to the address that the request
 * came to. It moves bytes and decides nothing.
 */
import { errorCode } from '../core/errors.ts'
import type { Peer } from '../net/datagrams.ts'
import { closeUdp, openUdp } from '../net/udp-socket.ts'

export interface Wire {
  /** Packets one behind the other, all `packetBytes` long but the last. */
  send(packets: Uint8Array, packetBytes: number): void
  close(): void
}

export interface WireEvents {
  /** From the client. The bytes are overwritten when it returns. */
  readonly take: (bytes: Uint8Array) => void
  readonly failed: (error: Error) => void
  /** Somebody else has sent something. `reply` answers from this port. */
  readonly stranger: (address: string, reply: (bytes: Uint8Array) => void) => void
}

export interface WireOptions {
  /** Our own. */
  readonly address: string
  readonly peer: Peer
  /** Of all packets but the last. */
  readonly packetBytes: number
  /** Of them may leave in one send. */
  readonly window: number
}

/** What the kernel's full queues do not take is lost on the way, like any packet. */
export function isLost(error: Error): boolean {
  const code = errorCode(error)
  return code === 'EAGAIN' || code === 'ENOBUFS'
}

/**
 * By dgram, for where the C library cannot be called.
 *
 * The kernel keeps strangers away, and tells them that the port is closed.
 *
 * @throws Error of the system
 */
export async function openPlainWire({ address, peer }: WireOptions, events: WireEvents): Promise<Wire> {
  const udp = await openUdp({ address, port: 0, connect: peer })
  let isClosed = false
  const failed = (error: Error): void => {
    if (!isClosed && !isLost(error)) events.failed(error)
  }
  udp.socket.on('error', failed)
  udp.socket.on('message', events.take)
  return {
    send(packets, packetBytes) {
      for (let at = 0; at < packets.length; at += packetBytes) {
        udp.socket.send(packets.subarray(at, Math.min(at + packetBytes, packets.length)), (error) => {
          if (error !== null) failed(error)
        })
      }
    },
    close() {
      isClosed = true
      void closeUdp(udp)
    },
  }
}
