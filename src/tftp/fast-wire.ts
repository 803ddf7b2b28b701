/**
 * A wire by the calls of the C library: a window leaves in one send, which the kernel cuts into packets (UDP_SEGMENT).
 *
 * The socket is connected, so that the kernel keeps strangers away. It would tell them that the port is closed; a second
 * socket on the same port hears them, so that they get the answer of the RFC.
 */
import { errorCode } from '../core/errors.ts'
import { type Libc, systemError } from '../net/libc.ts'
import { OPTION, socketAddress } from '../net/udp-socket.ts'
import type { Native } from './native.ts'
import { isLost, type Wire, type WireEvents, type WireOptions } from './wire.ts'

const [AF_INET, SOCK_DGRAM] = [2, 2]

/** An OACK or ERROR is shorter than this, and must not be cut. */
const SEGMENT_BYTES_MIN = 512

/** The largest UDP payload, and how many packets kernels before 6.9 make of one send. */
const [SEND_BYTES_MAX, SEGMENTS_MAX] = [65_507, 64]

/** What the kernel says when it cannot cut: no path for packets so large, no checksums by the interface. */
const CANNOT_CUT = new Set(['EINVAL', 'EIO', 'EMSGSIZE'])

/** Longer than anything that a stranger has to say, and its address. */
const [strange, strangeFrom] = [Buffer.alloc(2048), Buffer.alloc(16)]

/** @throws Error of the system */
export function openFastWire(native: Native, options: WireOptions, events: WireEvents): Wire {
  const { libc } = native
  const failed = (error: Error): void => {
    if (!isLost(error)) events.failed(error)
  }
  const fd = openSocket(libc, options)
  const link = closedOnError(libc, fd, () => native.link(fd, { take: events.take, failed }))
  const strangers = hearStrangers(native, fd, events)
  const inWindows = options.window > 1
  let cuts =
    inWindows && options.packetBytes >= SEGMENT_BYTES_MIN && setOption(libc, fd, OPTION.segment, options.packetBytes)

  /** `cannot-cut`: the kernel takes no more than one packet at a time. */
  function write(bytes: Uint8Array): 'sent' | 'cannot-cut' | 'failed' {
    if (libc.write(fd, bytes) >= 0) return 'sent'
    const error = systemError(libc.errno(), 'write')
    if (cuts && CANNOT_CUT.has(errorCode(error))) {
      // As long as the option is set, not even one packet is taken that the path would have to fragment.
      setOption(libc, fd, OPTION.segment, 0)
      cuts = false
      return 'cannot-cut'
    }
    if (isLost(error)) return 'sent'
    events.failed(error)
    return 'failed'
  }

  function sendWindow(packets: Uint8Array, packetBytes: number): void {
    const wholeBytes = Math.min(SEGMENTS_MAX, Math.floor(SEND_BYTES_MAX / packetBytes)) * packetBytes
    for (let at = 0; at < packets.length;) {
      const pieceBytes = cuts ? wholeBytes : packetBytes
      const written = write(packets.subarray(at, at + pieceBytes))
      if (written === 'failed') return
      if (written === 'sent') at += pieceBytes
    }
  }

  return {
    send(packets, packetBytes) {
      if (inWindows || packets.length > packetBytes) sendWindow(packets, packetBytes)
      else link.send(packets)
    },
    close() {
      link.close()
      strangers?.()
    },
  }
}

function openSocket(libc: Libc, { address, peer }: WireOptions): number {
  const fd = checked(libc, 'socket', libc.socket(AF_INET, SOCK_DGRAM, 0))
  return closedOnError(libc, fd, () => {
    checked(libc, 'bind', libc.bind(fd, socketAddress(address, 0)))
    checked(libc, 'connect', libc.connect(fd, socketAddress(peer.address, peer.port)))
    return fd
  })
}

/** @returns ends it; undefined when it cannot be had: without it they hear from the kernel, which does no harm */
function hearStrangers({ libc, poll }: Native, transfer: number, events: WireEvents): (() => void) | undefined {
  const own = Buffer.alloc(16)
  // Sharing begins only now, or the kernel could have given two transfers the same port.
  if (libc.getsockname(transfer, own) < 0 || !setOption(libc, transfer, OPTION.reuse, 1)) return undefined
  const fd = libc.socket(AF_INET, SOCK_DGRAM, 0)
  const read = (): void => {
    if (libc.recvfrom(fd, strange, 0, strangeFrom) < 0) return
    events.stranger(strangeFrom.subarray(4, 8).join('.'), (bytes) => void libc.sendto(fd, bytes, 0, strangeFrom))
  }
  try {
    closedOnError(libc, fd, () => {
      setOption(libc, fd, OPTION.reuse, 1)
      checked(libc, 'bind', libc.bind(fd, own))
      poll.add(fd, read)
    })
  } catch {
    return undefined
  }
  return () => {
    poll.remove(fd)
    libc.close(fd)
  }
}

function setOption(libc: Libc, fd: number, [level, option]: readonly [number, number], value: number): boolean {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return libc.setsockopt(fd, level, option, bytes) === 0
}

function closedOnError<T>(libc: Libc, fd: number, act: () => T): T {
  try {
    return act()
  } catch (error) {
    libc.close(fd)
    throw error
  }
}

/** @throws Error of the system, when the call has failed */
function checked(libc: Libc, call: string, result: number): number {
  if (result < 0) throw systemError(libc.errno(), call)
  return result
}
