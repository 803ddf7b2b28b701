/**
 * Tells which of many sockets can be read, without a turn of the event loop for each datagram: an epoll of our own, which
 * the event loop looks after as if it were one socket.
 *
 * When something arrives, the sockets are read until nothing is left, or for as long as everybody else can wait. Clients on
 * the same host or bridge, and many at once, are heard of every few microseconds, which is less than going to sleep and
 * waking up take: then it looks again for a moment.
 */
import { type Libc, systemError, type Watch, watchReadable } from '../net/libc.ts'

/** Other work of the process waits no longer than this. */
const TURN_MS = 4
/** When there is no more between two arrivals than this, it is worth to look again for the next one, for so long. */
const [DENSE_MS, LOOK_AGAIN_MS] = [0.1, 0.06]

/** `struct epoll_event`: events u32, data u64; without padding on x86-64, and only there. */
const [EVENT_BYTES, DATA_AT] = process.arch === 'x64' ? [12, 4] : [16, 8]
const EVENTS_MAX = 64

const [EPOLL_CTL_ADD, EPOLLIN] = [1, 1]
const EPOLL_CLOEXEC = 0x80000

export class Poll {
  readonly libc: Libc
  readonly #epoll: number
  readonly #reads = new Map<number, () => void>()
  readonly #events = Buffer.alloc(EVENT_BYTES * EVENTS_MAX)
  readonly #watch: Watch | undefined
  /** When something was last read. */
  #readMs = -Infinity

  private constructor(libc: Libc, epoll: number) {
    this.libc = libc
    this.#epoll = epoll
    this.#watch = watchReadable(epoll, () => this.#run())
  }

  /** Undefined where the C library or the event loop cannot be called. */
  static open(libc: Libc | undefined): Poll | undefined {
    const epoll = libc?.epoll_create1(EPOLL_CLOEXEC) ?? -1
    if (libc === undefined || epoll < 0) return undefined
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

  /** Before the descriptor is closed, which takes it out of the epoll. */
  remove(fd: number): void {
    this.#reads.delete(fd)
  }

  close(): void {
    this.#watch?.stop()
    this.libc.close(this.#epoll)
  }

  #run(): void {
    const startedMs = performance.now()
    let isDense = false
    for (let nowMs = startedMs; nowMs - startedMs < TURN_MS; nowMs = performance.now()) {
      const count = this.libc.epoll_wait(this.#epoll, this.#events, EVENTS_MAX, 0)
      if (count > 0) {
        isDense = nowMs - this.#readMs < DENSE_MS
        this.#readMs = nowMs
        this.#readAll(count)
      } else if (!isDense || nowMs - this.#readMs > LOOK_AGAIN_MS) {
        return
      }
    }
  }

  /** One datagram of each socket that has some. */
  #readAll(count: number): void {
    for (let at = DATA_AT; at < count * EVENT_BYTES; at += EVENT_BYTES) {
      this.#reads.get(this.#events.readInt32LE(at))?.() // not there: closed a moment ago
    }
  }
}
