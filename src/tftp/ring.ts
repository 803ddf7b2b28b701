/**
 * Sockets of transfers by io_uring: what they have received, and what they send, passes in one call of the kernel for all of
 * them. At 200 machines in lock-step that is half of what a call for each packet takes.
 *
 * While something arrives, each round is one call: it sends what the round before has answered, and brings what has arrived.
 */
import { COMPLETION, IoUring } from '../net/io-uring.ts'
import { type Libc, systemError } from '../net/libc.ts'
import { type Watch, watchReadable } from '../net/watch-readable.ts'
import type { Link, LinkEvents } from './link.ts'
import { Turns } from './turn.ts'

const [ENOBUFS, COUNTER_BYTES] = [105, 8]
/** A single datagram has two rounds: one that brings it, one that sends the answer. With more it is worth to hush the kernel. */
const QUIET_FROM = 3

export class Ring {
  readonly #uring: IoUring
  readonly #watch: Watch | undefined
  readonly #turns = new Turns(true)
  readonly #links = new Map<number, { readonly fd: number; readonly events: LinkEvents }>()
  #tokens = 0
  /** Whoever sends need not see to it that it leaves. */
  #leaves = false
  #again: NodeJS.Immediate | undefined

  private constructor(libc: Libc, uring: IoUring) {
    this.#uring = uring
    const counter = Buffer.alloc(COUNTER_BYTES)
    this.#watch = watchReadable(uring.eventFd, () => {
      libc.read(uring.eventFd, counter)
      this.#run()
    })
  }

  /** Undefined where the kernel or this Node cannot, or may not. */
  static open(libc: Libc): Ring | undefined {
    const uring = IoUring.open(libc)
    if (uring === undefined) return undefined
    const ring = new Ring(libc, uring)
    if (ring.#watch !== undefined) return ring
    ring.close()
    return undefined
  }

  /** @param fd - of a connected socket; it is the link's from now on */
  link(fd: number, events: LinkEvents): Link {
    const token = (this.#tokens = (this.#tokens + 1) | 0)
    const uring = this.#uring
    this.#links.set(token, { fd, events })
    uring.receive(fd, token)
    this.#leaveSoon()
    return {
      send: (bytes) => {
        uring.send(fd, bytes, token)
        this.#leaveSoon()
      },
      close: () => {
        if (!this.#links.delete(token)) return
        uring.cancel(token)
        uring.closeFile(fd)
        this.#leaveSoon()
      },
    }
  }

  close(): void {
    clearImmediate(this.#again)
    this.#watch?.stop()
    this.#uring.close()
  }

  #run(): void {
    this.#leaves = true
    let [rounds, count, isQuiet] = [0, 0, false]
    this.#turns.take((waits) => {
      rounds += 1
      if (!isQuiet && (waits || rounds === QUIET_FROM)) this.#uring.quiet((isQuiet = true))
      return (count = this.#round(waits))
    })
    if (isQuiet) {
      this.#uring.quiet(false)
      count = this.#round() // what has come since the last one is not told any more
    }
    if (count > 0) this.#again ??= setImmediate(() => void [(this.#again = undefined), this.#run()])
    this.#leaves = false
  }

  #round(waits = false): number {
    this.#uring.enter(waits)
    return this.#uring.reap(this.#completed)
  }

  readonly #completed = {
    received: (token: number, result: number, flags: number): void => {
      const link = this.#links.get(token) // not there: closed a moment ago
      const buffer = flags & COMPLETION.hasBuffer ? flags >>> COMPLETION.bufferShift : undefined
      if (buffer !== undefined) {
        link?.events.take(this.#uring.buffers.received(buffer, result))
        this.#uring.buffers.giveBack(buffer)
      } else if (result < 0 && result !== -ENOBUFS) {
        link?.events.failed(systemError(-result, 'recv'))
      }
      if (!(flags & COMPLETION.more) && this.#links.get(token) === link && link !== undefined) {
        this.#uring.receive(link.fd, token)
      }
    },
    sent: (token: number, result: number): void => {
      this.#links.get(token)?.events.failed(systemError(-result, 'send'))
    },
  }

  /** After whatever runs now: a tick that repeats a hundred packets is one call. */
  #leaveSoon(): void {
    if (this.#leaves) return
    this.#leaves = true
    queueMicrotask(() => {
      this.#leaves = false
      this.#uring.enter()
    })
  }
}
