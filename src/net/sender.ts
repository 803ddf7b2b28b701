/**
 * Sends many answers at the price of few: those of one length to one destination are collected, and leave in one call that
 * the kernel cuts into datagrams (UDP_SEGMENT, as `udp-socket.ts` has it) behind all that routing and queueing costs.
 *
 * A rack that is switched on is answered with half the time of the processor. A single answer leaves as ever.
 */
import { errorCode } from '../core/errors.ts'
import { type Peer, sendDatagram } from './datagrams.ts'
import { nativeLibc } from './libc.ts'
import { setSegment, type UdpSocket } from './udp-socket.ts'

export interface Sender {
  /**
   * The bytes are copied; they leave with `flush` at the latest.
   *
   * @param to - undefined when the socket is connected
   */
  send(bytes: Uint8Array, to: Peer | undefined): void
  /** Call it at the end of each burst. */
  flush(): void
}

/** Datagrams in one call, as kernels before 6.9 have it. */
const SEGMENTS_MAX = 64
/** UDP payload in one call. */
const BYTES_MAX = 65_507

/** What the kernel says when the interface cannot do the checksums, or the path is too narrow. */
const CANNOT_CUT: ReadonlySet<string> = new Set(['EIO', 'EINVAL', 'EMSGSIZE'])

/** @param failed - told when the kernel does not take some */
export function createSender(udp: UdpSocket, failed: (error: Error) => void, host = { libc: nativeLibc() }): Sender {
  const { libc } = host
  if (libc === undefined || udp.fd === undefined) {
    return { send: (bytes, to) => sendDatagram(udp, bytes, to, failed, host), flush: () => {} }
  }
  const collected = Buffer.alloc(BYTES_MAX)
  let [count, bytesEach] = [0, 0]
  let destination: Peer | undefined
  /** What the kernel cuts now; 0 is nothing. */
  let segmentBytes = 0
  let canCut = true

  function fits(bytes: Uint8Array, to: Peer | undefined): boolean {
    const isAlike = bytes.length === bytesEach && to?.address === destination?.address && to?.port === destination?.port
    return isAlike && canCut && bytesEach > 0 && count < SEGMENTS_MAX && (count + 1) * bytesEach <= BYTES_MAX
  }
  /** @returns false when this kernel cannot */
  function cutInto(bytes: number): boolean {
    if (segmentBytes !== bytes && !setSegment(udp, bytes, libc!)) return false
    segmentBytes = bytes
    return true
  }
  function sendOneByOne(): void {
    cutInto(0)
    for (let index = 0; index < count; index++) {
      sendDatagram(udp, collected.subarray(index * bytesEach, (index + 1) * bytesEach), destination, failed, host)
    }
  }
  function flush(): void {
    if (count === 1) sendOneByOne()
    else if (count > 1) sendTogether()
    count = 0
  }
  function sendTogether(): void {
    canCut &&= cutInto(bytesEach)
    if (!canCut) return sendOneByOne()
    const whole = collected.subarray(0, count * bytesEach)
    const tryEach = (error: Error): void => {
      canCut = !CANNOT_CUT.has(errorCode(error))
      sendOneByOne() // if it is something else, it is told now
    }
    sendDatagram(udp, whole, destination, tryEach, host)
  }
  return {
    send(bytes, to) {
      if (count > 0 && !fits(bytes, to)) flush()
      if (bytes.length > BYTES_MAX) return sendDatagram(udp, bytes, to, failed, host)
      collected.set(bytes, count * bytes.length)
      count += 1
      bytesEach = bytes.length
      destination = to
    },
    flush,
  }
}
