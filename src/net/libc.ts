/**
 * The few calls of the C library that Node has no word for: sockets tied to one interface, raw sockets, and sends and
 * receives that skip the event loop.
 *
 * Experimental in Node 26 and absent from some builds: whoever uses it works without it as well, only less well.
 *
 * A call returns what the C function returns: -1 is a failure, and `errno` says which. `node:ffi` is named here, in
 * `memory.ts`, `io-uring.ts` and `watch-readable.ts`, and nowhere else.
 */
import { getSystemErrorMap } from 'node:util'

import { addressOf } from './memory.ts'

export interface Libc {
  /** Never waits. @returns the file descriptor; it is the caller's to close, or to hand to dgram's `bind({ fd })` */
  socket(family: number, type: number, protocol: number): number
  setsockopt(fd: number, level: number, option: number, value: Uint8Array): number
  bind(fd: number, address: Uint8Array): number
  connect(fd: number, address: Uint8Array): number
  /** @param address - a whole socket address: it gets our own */
  getsockname(fd: number, address: Uint8Array): number
  close(fd: number): number
  /** On a connected socket. @returns bytes sent */
  send(fd: number, bytes: Uint8Array, flags: number): number
  sendto(fd: number, bytes: Uint8Array, flags: number, address: Uint8Array): number
  /** @returns bytes received, 0 for an empty datagram; what does not fit is lost, as recv(2) says */
  recv(fd: number, into: Uint8Array, flags: number): number
  /** @param from - a whole socket address: it gets the sender's */
  recvfrom(fd: number, into: Uint8Array, flags: number, from: Uint8Array): number
  /**
   * As `recv` without flags, in half the time: node:ffi takes long for a fourth argument, and for a buffer where an address
   * does. For who receives and sends more than anything else.
   */
  read(fd: number, into: Uint8Array): number
  /** As `send` without flags. */
  write(fd: number, bytes: Uint8Array): number
  /** @returns a file descriptor; the caller's to close */
  epoll_create1(flags: number): number
  /** @param event - `struct epoll_event` */
  epoll_ctl(epoll: number, operation: number, fd: number, event: Uint8Array): number
  /** @returns how many of the events were filled in */
  epoll_wait(epoll: number, events: Uint8Array, eventsMax: number, timeoutMs: number): number
  /** Of the call just before. A call that succeeded leaves it as it was. */
  errno(): number
}

const SOCK_NONBLOCK = 0x800
const SOCK_CLOEXEC = 0x80000

const SYMBOLS = {
  socket: { return: 'i32', arguments: ['i32', 'i32', 'i32'] },
  setsockopt: { return: 'i32', arguments: ['i32', 'i32', 'i32', 'buffer', 'u32'] },
  bind: { return: 'i32', arguments: ['i32', 'buffer', 'u32'] },
  connect: { return: 'i32', arguments: ['i32', 'buffer', 'u32'] },
  getsockname: { return: 'i32', arguments: ['i32', 'buffer', 'buffer'] },
  close: { return: 'i32', arguments: ['i32'] },
  send: { return: 'i64', arguments: ['i32', 'buffer', 'u64', 'i32'] },
  sendto: { return: 'i64', arguments: ['i32', 'buffer', 'u64', 'i32', 'buffer', 'u32'] },
  recv: { return: 'i64', arguments: ['i32', 'buffer', 'u64', 'i32'] },
  recvfrom: { return: 'i64', arguments: ['i32', 'buffer', 'u64', 'i32', 'buffer', 'buffer'] },
  read: { return: 'i32', arguments: ['i32', 'u64', 'u64'] },
  write: { return: 'i32', arguments: ['i32', 'u64', 'u64'] },
  epoll_create1: { return: 'i32', arguments: ['i32'] },
  epoll_ctl: { return: 'i32', arguments: ['i32', 'i32', 'i32', 'buffer'] },
  epoll_wait: { return: 'i32', arguments: ['i32', 'buffer', 'i32', 'i32'] },
  __errno_location: { return: 'pointer', arguments: [] },
} as const

let loaded: { readonly libc: Libc | undefined } | undefined

/** @returns undefined where this Node, or this system, cannot */
export function nativeLibc(): Libc | undefined {
  loaded ??= { libc: load() }
  return loaded.libc
}

function load(): Libc | undefined {
  try {
    const ffi = process.getBuiltinModule('node:ffi')
    // No library by name: the C library, whichever it is, is part of the process already.
    const { functions: c } = ffi.dlopen(null, SYMBOLS)
    /** Of the main thread, the only one that calls. */
    const errnoAt = c['__errno_location']()
    const addressLength = new Uint8Array(4)
    /** A socket address is shorter than 256 bytes, and the processor little-endian. */
    const lengthOf = (address: Uint8Array): Uint8Array => {
      addressLength[0] = address.byteLength
      return addressLength
    }
    return {
      socket: (family, type, protocol) => c.socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol),
      setsockopt: (fd, level, option, value) => c.setsockopt(fd, level, option, value, value.byteLength),
      bind: (fd, address) => c.bind(fd, address, address.byteLength),
      connect: (fd, address) => c.connect(fd, address, address.byteLength),
      getsockname: (fd, address) => c.getsockname(fd, address, lengthOf(address)),
      close: c.close,
      send: (fd, bytes, flags) => Number(c.send(fd, bytes, BigInt(bytes.byteLength), flags)),
      sendto: (fd, bytes, flags, address) =>
        Number(c.sendto(fd, bytes, BigInt(bytes.byteLength), flags, address, address.byteLength)),
      recv: (fd, into, flags) => Number(c.recv(fd, into, BigInt(into.byteLength), flags)),
      recvfrom: (fd, into, flags, from) =>
        Number(c.recvfrom(fd, into, BigInt(into.byteLength), flags, from, lengthOf(from))),
      read: (fd, into) => c.read(fd, BigInt(addressOf(into)), BigInt(into.byteLength)),
      write: (fd, bytes) => c.write(fd, BigInt(addressOf(bytes)), BigInt(bytes.byteLength)),
      epoll_create1: c.epoll_create1,
      epoll_ctl: c.epoll_ctl,
      epoll_wait: c.epoll_wait,
      errno: () => ffi.getInt32(errnoAt),
    }
  } catch {
    return undefined
  }
}

/** The Error that Node itself would have thrown: with `code`, `errno`, `syscall`. */
export function systemError(errno: number, syscall: string): NodeJS.ErrnoException {
  const [code, text] = getSystemErrorMap().get(-errno) ?? [`E${errno}`, 'unknown error']
  return Object.assign(new Error(`${code}: ${text}, ${syscall}`), { errno: -errno, code, syscall })
}
