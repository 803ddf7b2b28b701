/**
 * Tells which of many sockets can be read, without a turn of the event loop for each datagram: an epoll of our own, which
 * the event loop looks after as if it were one socket.
 */
import { type Libc, systemError } from '../net/libc.ts'
import { type Watch, watchReadable } from '../net/watch-readable.ts'
import type { Link, LinkEvents } from './link.ts'
import { HEADER_BYTES } from './packet.ts'
import { Turns } from './turn.ts'

/** `struct epoll_event`: events u32, data u64; without padding on x86-64, and only there. */
const [EVENT_BYTES, DATA_AT] = process.arch === 'x64' ? [12, 4] : [16, 8]
const EVENTS_MAX = 64

const [EPOLL_CTL_ADD, EPOLLIN] = [1, 1]
const EPOLL_CLOEXEC = 0x80000

/** One buffer for all that arrives: longer than anything that a client has to say. */
const received = Buffer.alloc(2048)
/** Nearly always an ACK. */
const receivedAck = received.subarray(0, HEADER_BYTES)

export class Poll {
  readonly libc: Libc
  readonly #epoll: number
  readonly #reads = new Map<number, () => void>()
  readonly #events = Buffer.alloc(EVENT_BYTES * EVENTS_MAX)
  readonly #watch: Watch | undefined
  readonly #turns = new Turns(false)

  private constructor(libc: Libc, epoll: number) {
    this.libc = libc
    this.#epoll = epoll
    this.#watch = watchReadable(epoll, () => this.#run())
  }

  /** Undefined where the event loop cannot be called. */
  static open(libc: Libc): Poll | undefined {
    const epoll = libc.epoll_create1(EPOLL_CLOEXEC)
    if (epoll < 0) return undefined
    const poll = new Poll(libc, epoll)
    if (poll.#watch !== undefined) return poll
    poll.close()
    return undefined
  }

  /**
   * @param read - reads one datagram
   * @throws Error of the system
   */
  add(fd: number, read: () => void): void {
    const event = Buffer.alloc(EVENT_BYTES)
    event.writeUInt32LE(EPOLLIN, 0)
    event.writeInt32LE(fd, DATA_AT)
    if (this.libc.epoll_ctl(this.#epoll, EPOLL_CTL_ADD, fd, event) < 0) {
      throw systemError(this.libc.errno(), 'epoll_ctl')
    }
    this.#reads.set(fd, read)
  }

  /** As `Ring` does it, with a call for each datagram. @throws Error of the system; then the socket is not closed */
  link(fd: number, { take, failed }: LinkEvents): Link {
    const { libc } = this
    this.add(fd, () => {
      const length = libc.read(fd, received)
      if (length < 0) failed(systemError(libc.errno(), 'read'))
      else take(length === HEADER_BYTES ? receivedAck : received.subarray(0, length))
    })
    let isOpen = true
    return {
      send(bytes) {
        if (libc.write(fd, bytes) < 0) failed(systemError(libc.errno(), 'write'))
      },
      close: () => {
        if (!isOpen) return
        isOpen = false
        this.remove(fd)
        libc.close(fd)
      },
    }
  }

  /** Before the descriptor is closed, which takes it out of the epoll. */
  remove(fd: number): void {
    this.#reads.delete(fd)
  }

  close(): void {
    this.#watch?.stop()
    this.libc.close(this.#epoll)
  }

  #run(): void {
    this.#turns.take(() => {
      const count = this.libc.epoll_wait(this.#epoll, this.#events, EVENTS_MAX, 0)
      this.#readAll(count)
      return count
    })
  }

  /** One datagram of each socket that has some. */
  #readAll(count: number): void {
    for (let at = DATA_AT; at < count * EVENT_BYTES; at += EVENT_BYTES) {
      this.#reads.get(this.#events.readInt32LE(at))?.() // not there: closed a moment ago
    }
  }
}
