/**
 * The calls of the kernel that io_uring takes, for which the C library has no function of their own: by `syscall`, with the
 * numbers that every processor has in common.
 */

const [NR_SETUP, NR_ENTER, NR_REGISTER] = [425, 426, 427]

const SETUP = { syscall: { return: 'i32', arguments: ['i32', 'u32', 'buffer'] } } as const
const ENTER = { syscall: { return: 'i32', arguments: ['i32', 'i32', 'u32', 'u32', 'u32', 'u64', 'u64'] } } as const
const REGISTER = { syscall: { return: 'i32', arguments: ['i32', 'i32', 'u32', 'buffer', 'u32'] } } as const
const MEMORY = {
  mmap: { return: 'pointer', arguments: ['u64', 'u64', 'i32', 'i32', 'i32', 'i64'] },
  munmap: { return: 'i32', arguments: ['pointer', 'u64'] },
  eventfd: { return: 'i32', arguments: ['u32', 'i32'] },
} as const

/** EFD_NONBLOCK, EFD_CLOEXEC. */
const EVENT_FD_FLAGS = 0x800 | 0x80000

/** PROT_READ and PROT_WRITE; MAP_SHARED and MAP_POPULATE. */
const [READ_WRITE, SHARED] = [3, 0x8001]

/** Each returns what the kernel does, or -1. */
export interface UringCalls {
  /** @param params - `struct io_uring_params`, filled in. @returns a file descriptor; the caller's to close */
  setup(entries: number, params: Uint8Array): number
  /** @param argument - address and length of `struct io_uring_getevents_arg`, or zeros */
  enter(ring: number, entries: number, completions: number, flags: number, argument: bigint, bytes: bigint): number
  /** @param argument - one of what the operation takes */
  register(ring: number, operation: number, argument: Uint8Array): number
  /** @returns a file descriptor; the caller's to close */
  eventFd(): number
  map(fd: number, offset: number, bytes: number): bigint
  unmap(address: bigint, bytes: number): void
  /** What is there, as long as it is mapped. */
  view(address: bigint, bytes: number): ArrayBuffer
}

/** @returns undefined where this Node cannot */
export function openCalls(): UringCalls | undefined {
  try {
    const ffi = process.getBuiltinModule('node:ffi')
    const { syscall: setup } = ffi.dlopen(null, SETUP).functions
    const { syscall: enter } = ffi.dlopen(null, ENTER).functions
    const { syscall: register } = ffi.dlopen(null, REGISTER).functions
    const { mmap, munmap, eventfd } = ffi.dlopen(null, MEMORY).functions
    return {
      setup: (entries, params) => setup(NR_SETUP, entries, params),
      enter: (...args) => enter(NR_ENTER, ...args),
      register: (ring, operation, argument) => register(NR_REGISTER, ring, operation, argument, 1),
      eventFd: () => eventfd(0, EVENT_FD_FLAGS),
      map: (fd, offset, bytes) => mmap(0n, BigInt(bytes), READ_WRITE, SHARED, fd, BigInt(offset)),
      unmap: (address, bytes) => void munmap(address, BigInt(bytes)),
      view: (address, bytes) => ffi.toArrayBuffer(address, bytes, false),
    }
  } catch {
    return undefined
  }
}

/** @throws Error when the kernel does not */
export function mapShared(calls: UringCalls, fd: number, offset: number, bytes: number) {
  const address = calls.map(fd, offset, bytes)
  if (BigInt.asIntN(64, address) === -1n) throw new Error('not to be had')
  return { memory: calls.view(address, bytes), unmap: () => calls.unmap(address, bytes) }
}
