/**
 * io_uring: many receives and sends, on many sockets, in one call of the kernel (io_uring_setup(2), io_uring_enter(2) and
 * `linux/io_uring.h`). It knows the layout of what is shared with the kernel, and no protocol.
 *
 *   entries      written here, performed by `enter`
 *   completions  written by the kernel, read by `reap`
 *
 * One thread uses it, and the kernel writes only while that is in `enter` (IORING_SETUP_DEFER_TASKRUN, Linux 6.1): so what
 * is shared can be read and written as if it were our own.
 */
import type { Libc } from './libc.ts'
import { addressOf } from './memory.ts'
import { ReceiveBuffers } from './receive-buffers.ts'
import { openCalls, type UringCalls } from './uring-calls.ts'
import { COMPLETION_BYTES, COMPLETIONS, ENTRIES, ENTRY_BYTES, openQueues, type Queues } from './uring-queues.ts'

const OP = { cancel: 14, close: 19, send: 26, receive: 27 }
const ENTRY = { selectBuffer: 1 << 5, silentSuccess: 1 << 6 }
const RECEIVE_MULTISHOT = 1 << 1
/** MSG_DONTWAIT, MSG_NOSIGNAL. */
const SEND_FLAGS = 0x40 | 0x4000
const REGISTER_EVENT_FD = 4
const EVENT_FD_OFF = 1
/** So long everything else of the process can wait for the next datagram. */
const WAIT_MS = 0.3
const WAIT_ARGUMENT_BYTES = 24
const [GET_EVENTS, HAS_ARGUMENT] = [1, 1 << 3]

/** What a completion says beside its result. */
export const COMPLETION = { hasBuffer: 1, more: 2, bufferShift: 16 } as const

/** In the upper half of `user_data`: what was performed. */
const [RECEIVED, SENT, OTHER] = [0, 1, 2]

/** `token`: as given. `result`: bytes, or minus an errno. */
export interface Completed {
  readonly received: (token: number, result: number, flags: number) => void
  /** Told of failures only. */
  readonly sent: (token: number, result: number) => void
}

export class IoUring {
  readonly buffers: ReceiveBuffers
  /** Readable when something waits, unless `quiet`. */
  readonly eventFd: number
  readonly #libc: Libc
  readonly #calls: UringCalls
  readonly #shared: Queues
  /** Of `#shared`, until it is closed. */
  #queues: Int32Array
  #entries: Int32Array
  #tail = 0
  readonly #waitArgument = waitArgument()
  /** What the kernel has not seen yet must stay in memory. */
  readonly #held: Uint8Array[] = []

  /** @returns undefined where the kernel cannot, or may not */
  static open(libc: Libc): IoUring | undefined {
    const calls = openCalls()
    const shared = calls && openQueues(calls, (fd) => libc.close(fd))
    if (calls === undefined || shared === undefined) return undefined
    try {
      return new IoUring(libc, calls, shared)
    } catch {
      libc.close(shared.fd)
      shared.unmap()
      return undefined
    }
  }

  private constructor(libc: Libc, calls: UringCalls, shared: Queues) {
    this.#libc = libc
    this.#calls = calls
    this.#shared = shared
    this.#queues = shared.queues
    this.#entries = shared.entries
    this.buffers = new ReceiveBuffers((argument, operation) => this.#register(operation, argument))
    this.eventFd = calls.eventFd()
    const event = Buffer.alloc(4)
    event.writeInt32LE(this.eventFd)
    this.#register(REGISTER_EVENT_FD, event)
  }

  /** Of a connected socket: every datagram is a completion, until one comes without `more`. */
  receive(fd: number, token: number): void {
    const at = this.#entry(OP.receive | (ENTRY.selectBuffer << 8) | (RECEIVE_MULTISHOT << 16), fd, token, RECEIVED)
    this.#entries[at + 10] = this.buffers.group
  }

  /** On a connected socket; what the kernel does not take at once has failed. The bytes must not change before `enter`. */
  send(fd: number, bytes: Uint8Array, token: number): void {
    const at = this.#entry(OP.send | (ENTRY.silentSuccess << 8), fd, token, SENT)
    const address = addressOf(bytes)
    this.#entries[at + 4] = address
    this.#entries[at + 5] = address / 2 ** 32
    this.#entries[at + 6] = bytes.length
    this.#entries[at + 7] = SEND_FLAGS
    this.#held.push(bytes)
  }

  /** Ends a `receive`. */
  cancel(token: number): void {
    const at = this.#entry(OP.cancel | (ENTRY.silentSuccess << 8), -1, 0, OTHER)
    this.#entries[at + 4] = token // `user_data` of what is meant: RECEIVED is its upper half
  }

  closeFile(fd: number): void {
    this.#entry(OP.close | (ENTRY.silentSuccess << 8), fd, 0, OTHER)
  }

  /**
   * Performs the entries, and lets the kernel write completions of what has arrived.
   *
   * @param waits - for the first of them, up to `WAIT_MS`
   */
  enter(waits = false): void {
    if (this.#isClosed()) return
    Atomics.store(this.#queues, this.#shared.at.tail, this.#tail)
    const { fd } = this.#shared
    if (waits) this.#calls.enter(fd, this.#waiting(), 1, GET_EVENTS | HAS_ARGUMENT, ...this.#waitArgument.place)
    else this.#calls.enter(fd, this.#waiting(), 0, GET_EVENTS, 0n, 0n)
    // Else the kernel is short of something: the next call tries again.
    if (this.#waiting() === 0) this.#held.length = 0
  }

  /** @returns how many completions there were */
  reap({ received, sent }: Completed): number {
    if (this.#isClosed()) return 0
    const { completedHead, completedTail, completions } = this.#shared.at
    const first = this.#queues[completedHead]!
    const end = this.#queues[completedTail]!
    for (let head = first; head !== end; head = (head + 1) | 0) {
      const at = completions + (head & (COMPLETIONS - 1)) * (COMPLETION_BYTES >> 2)
      const queues = this.#queues
      const token = queues[at]!
      const kind = queues[at + 1]
      if (kind === RECEIVED) received(token, queues[at + 2]!, queues[at + 3]!)
      else if (kind === SENT) sent(token, queues[at + 2]!)
    }
    if (this.#isClosed()) return 0
    Atomics.store(this.#queues, completedHead, end)
    this.buffers.returned()
    return (end - first) | 0
  }

  /** As long as somebody calls `enter` again and again. */
  quiet(isQuiet: boolean): void {
    if (this.#isClosed()) return
    Atomics.store(this.#queues, this.#shared.at.flags, isQuiet ? EVENT_FD_OFF : 0)
  }

  close(): void {
    this.enter()
    this.#libc.close(this.#shared.fd)
    this.#libc.close(this.eventFd)
    // What reads or writes there from now on finds nothing, and does no harm.
    this.#queues = new Int32Array(0)
    this.#entries = new Int32Array(0)
    this.#shared.unmap()
  }

  #isClosed(): boolean {
    return this.#queues.length === 0
  }

  #waiting(): number {
    return (this.#tail - this.#queues[this.#shared.at.head]!) | 0
  }

  /** @returns where it is in `#entries` */
  #entry(operation: number, fd: number, token: number, kind: number): number {
    if (this.#waiting() >= ENTRIES) this.enter()
    if (this.#waiting() >= ENTRIES) throw new Error('io_uring takes no more')
    const at = (this.#tail & (ENTRIES - 1)) * (ENTRY_BYTES >> 2)
    const entries = this.#entries
    entries.fill(0, at, at + (ENTRY_BYTES >> 2))
    entries[at] = operation
    entries[at + 1] = fd
    entries[at + 8] = token
    entries[at + 9] = kind
    this.#tail = (this.#tail + 1) | 0
    return at
  }

  #register(operation: number, argument: Uint8Array): void {
    if (this.#calls.register(this.#shared.fd, operation, argument) < 0) throw new Error('not to be had')
  }
}

/** `struct io_uring_getevents_arg`, which points to a `struct __kernel_timespec` behind it. */
function waitArgument(): { readonly memory: Buffer; readonly place: readonly [address: bigint, bytes: bigint] } {
  const memory = Buffer.alloc(WAIT_ARGUMENT_BYTES + 16)
  const address = addressOf(memory)
  memory.writeBigUInt64LE(BigInt(address + WAIT_ARGUMENT_BYTES), 16)
  memory.writeBigInt64LE(BigInt(WAIT_MS * 1e6), WAIT_ARGUMENT_BYTES + 8)
  return { memory, place: [BigInt(address), BigInt(WAIT_ARGUMENT_BYTES)] }
}
