/**
 * What sockets of transfers are opened by: the C library, and io_uring where the kernel has it and lets us.
 */
import type { Log } from '../core/log.ts'
import type { Libc } from '../net/libc.ts'
import type { Link, LinkEvents } from './link.ts'
import { Poll } from './poll.ts'
import { Ring } from './ring.ts'

export interface Host {
  /** Undefined where it cannot be called: then each transfer has dgram. */
  readonly libc: Libc | undefined
  /** io_uring is not wanted. */
  readonly ringless?: boolean
}

export class Native {
  readonly libc: Libc
  readonly poll: Poll
  readonly #ring: Ring | undefined

  private constructor(libc: Libc, poll: Poll, ring: Ring | undefined) {
    this.libc = libc
    this.poll = poll
    this.#ring = ring
  }

  static open({ libc, ringless = false }: Host, log: Log): Native | undefined {
    const poll = libc && Poll.open(libc)
    if (libc === undefined || poll === undefined) {
      log('net.native-missing', { reason: 'TFTP sends each packet by itself' })
      return undefined
    }
    const ring = ringless ? undefined : Ring.open(libc)
    if (ring === undefined) log('net.uring-missing')
    return new Native(libc, poll, ring)
  }

  /** @param fd - of a connected socket; it is the link's from now on, unless this throws an error of the system */
  link(fd: number, events: LinkEvents): Link {
    return (this.#ring ?? this.poll).link(fd, events)
  }

  close(): void {
    this.#ring?.close()
    this.poll.close()
  }
}
