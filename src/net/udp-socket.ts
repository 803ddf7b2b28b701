/**
 * UDP sockets as dgram has them, but with what dgram cannot ask for: tied to one interface, bound to an address and port
 * that others hold as well, with room for a burst, with UDP segmentation.
 *
 * Where the C library cannot be called, the socket is dgram's own: bound to the address, without the rest.
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv4 } from 'node:net'

import { type Libc, nativeLibc, systemError } from './libc.ts'

export interface UdpOptions {
  /** Dotted IPv4; the socket receives what is sent to it and sends from it. */
  readonly address: string
  /** 0 is any free port. */
  readonly port: number
  /** Name of the interface that it is tied to (SO_BINDTODEVICE): it receives from there and sends there, whatever the routes say. */
  readonly device?: string
  /** Others may hold the port, if they allow it too (SO_REUSEADDR). */
  readonly reuse?: boolean
  /** May send to broadcast addresses. */
  readonly broadcast?: boolean
  /** The only peer: the kernel drops what others send, and sends need no address. */
  readonly connect?: { readonly address: string; readonly port: number }
  /** What is longer leaves as datagrams of this many bytes (UDP_SEGMENT). */
  readonly segmentBytes?: number
  /** What may wait to be read. */
  readonly receiveBufferBytes?: number
}

export interface UdpSocket {
  /** Bound, and connected if that was asked for. */
  readonly socket: Socket
  /** For calls through `libc`. Undefined where it cannot be called. The socket closes it. */
  readonly fd: number | undefined
  /** One send may be cut into segments. */
  readonly segments: boolean
}

const AF_INET = 2
const SOCK_DGRAM = 2

/** [level, option] of setsockopt, as the kernel's headers number them on every processor that Node 26 has a Linux build for. */
export const OPTION = {
  reuse: [1, 2],
  broadcast: [1, 6],
  receiveBuffer: [1, 8],
  device: [1, 25],
  receiveBufferForce: [1, 33], // beyond net.core.rmem_max; needs CAP_NET_ADMIN
  segment: [17, 103],
} as const

/**
 * @param host - what there is to work with; without a C library, dgram alone
 * @throws Error of the system: `code` EADDRINUSE, EACCES, EADDRNOTAVAIL, ENODEV, EPERM …
 */
export async function openUdp(options: UdpOptions, host = { libc: nativeLibc() }): Promise<UdpSocket> {
  const { libc } = host
  return libc === undefined ? openPlain(options) : openNative(options, libc)
}

async function openNative(options: UdpOptions, libc: Libc): Promise<UdpSocket> {
  const fd = libc.socket(AF_INET, SOCK_DGRAM, 0)
  if (fd < 0) throw systemError(libc.errno(), 'socket')
  let segments: boolean
  try {
    segments = prepare(fd, options, libc)
  } catch (error) {
    libc.close(fd)
    throw error
  }
  const socket = createSocket('udp4')
  await settled(socket, 'listening', () => socket.bind({ fd })) // dgram takes the descriptor over, and closes it
  // libuv has let others share the port.
  if (options.reuse !== true) libc.setsockopt(fd, ...OPTION.reuse, int32(0))
  await connected(socket, options)
  return { socket, fd, segments }
}

/** @returns whether UDP segmentation is on */
function prepare(fd: number, options: UdpOptions, libc: Libc): boolean {
  const trySet = (option: readonly [number, number], value: Uint8Array): boolean =>
    libc.setsockopt(fd, option[0], option[1], value) === 0
  const set = (option: readonly [number, number], value: Uint8Array): void => {
    if (!trySet(option, value)) throw systemError(libc.errno(), 'setsockopt')
  }
  const { device, reuse, broadcast, segmentBytes, receiveBufferBytes } = options
  if (reuse === true) set(OPTION.reuse, int32(1))
  if (broadcast === true) set(OPTION.broadcast, int32(1))
  if (device !== undefined) set(OPTION.device, Buffer.from(`${device}\0`))
  if (receiveBufferBytes !== undefined && !trySet(OPTION.receiveBufferForce, int32(receiveBufferBytes))) {
    set(OPTION.receiveBuffer, int32(receiveBufferBytes)) // the kernel cuts it to what it allows
  }
  const segments = segmentBytes !== undefined && trySet(OPTION.segment, int32(segmentBytes))
  if (libc.bind(fd, socketAddress(options.address, options.port)) < 0) throw systemError(libc.errno(), 'bind')
  return segments
}

async function openPlain(options: UdpOptions): Promise<UdpSocket> {
  const { address, port, reuse, broadcast, receiveBufferBytes } = options
  const socket = createSocket({ type: 'udp4', reuseAddr: reuse ?? false })
  await settled(socket, 'listening', () => socket.bind(port, address))
  if (broadcast === true) socket.setBroadcast(true)
  if (receiveBufferBytes !== undefined) socket.setRecvBufferSize(receiveBufferBytes)
  await connected(socket, options)
  return { socket, fd: undefined, segments: false }
}

/** By dgram, which has to know of it. */
async function connected(socket: Socket, { connect }: UdpOptions): Promise<void> {
  if (connect !== undefined) await settled(socket, 'connect', () => socket.connect(connect.port, connect.address))
}

/** Waits for the event; an error closes the socket. */
async function settled(socket: Socket, event: 'listening' | 'connect', act: () => void): Promise<void> {
  try {
    const happened = once(socket, event)
    act()
    await happened
  } catch (error) {
    socket.close()
    throw error
  }
}

/**
 * Cut what is longer than so many bytes into datagrams from now on; 0 cuts nothing.
 *
 * @returns false when this kernel, or this socket, cannot
 */
export function setSegment({ fd }: UdpSocket, bytes: number, libc: Libc): boolean {
  return fd !== undefined && libc.setsockopt(fd, ...OPTION.segment, int32(bytes)) === 0
}

/** Resolves when the port is free again. */
export async function closeUdp({ socket }: UdpSocket): Promise<void> {
  const closed = once(socket, 'close')
  socket.close()
  await closed
}

/** `struct sockaddr_in`: family in the processor's order, port and address in the network's. */
export function socketAddress(address: string, port: number): Uint8Array {
  if (!isIPv4(address)) throw new RangeError(`not an IPv4 address: ${address}`)
  const zero = [0, 0, 0, 0, 0, 0, 0, 0]
  return Uint8Array.of(AF_INET, 0, port >> 8, port & 255, ...address.split('.').map(Number), ...zero)
}

function int32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return bytes
}
