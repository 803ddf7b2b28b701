/**
 * Spares an iPXE its wait for an IPv6 router that is not there: one Router Advertisement, to that machine alone, that says
 * "I am no router" ends 13 to 16 s of idling.
 *
 * It goes to the machine's link-local address, which iPXE makes of its MAC (EUI-64), has router lifetime 0 and names no
 * prefix: nobody else sees it, and the machine gets neither route nor address from it (RFC 4861 section 4.2).
 */
import { reasonOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { type Libc, nativeLibc, systemError } from '../net/libc.ts'

export interface RouterAdvertiser {
  /**
   * Advertise to one machine, now and twice more. A machine that is being told is not told twice.
   *
   * @param scope - number of the interface that it is reached by
   * @param mac - six bytes, with colons
   */
  advertise(scope: number, mac: string): void
  stop(): void
}

/** The machine may be a little later with its address than with its DISCOVER, and datagrams get lost. */
const TIMES = 3
const PAUSE_MS = 200
/** Being told at once. */
const MACHINES_MAX = 1024

const AF_INET6 = 10
const SOCK_RAW = 3
const IPPROTO_ICMPV6 = 58
const IPPROTO_IPV6 = 41
const IPV6_UNICAST_HOPS = 16
const ICMP6_FILTER = 1
/** A receiver drops it otherwise: it could have come from afar (RFC 4861 section 6.1.2). */
const HOP_LIMIT = 255

/** Type 134; the kernel fills in the checksum. All the rest is 0: hop limit, flags, router lifetime, timers. */
const ADVERTISEMENT = new Uint8Array(16)
ADVERTISEMENT[0] = 134

/** @returns undefined where the right or IPv6 is missing, after a line in the log */
export function openRouterAdvertiser(log: Log, host = { libc: nativeLibc() }): RouterAdvertiser | undefined {
  const { libc } = host
  if (libc === undefined) return undefined // said already
  let fd: number
  try {
    fd = openSocket(libc)
  } catch (error) {
    log('dhcp.ra-off', { reason: `${reasonOf(error)}; it needs root or CAP_NET_RAW, and IPv6` })
    return undefined
  }
  const timers = new Map<string, NodeJS.Timeout>()

  function send(to: Uint8Array, mac: string, times: number): void {
    // What cannot be sent is no news: the machine boots as well, only later.
    libc!.sendto(fd, ADVERTISEMENT, 0, to)
    if (times <= 1) timers.delete(mac)
    else timers.set(mac, setTimeout(() => send(to, mac, times - 1), PAUSE_MS).unref())
  }
  return {
    advertise(scope, mac) {
      const address = linkLocal(mac)
      if (address === undefined || timers.has(mac) || timers.size >= MACHINES_MAX) return
      send(socketAddress6(address, scope), mac, TIMES)
    },
    stop() {
      for (const timer of timers.values()) clearTimeout(timer)
      timers.clear()
      libc.close(fd)
    },
  }
}

function openSocket(libc: Libc): number {
  const fd = libc.socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6)
  if (fd < 0) throw systemError(libc.errno(), 'socket')
  const hops = Buffer.alloc(4)
  hops.writeInt32LE(HOP_LIMIT)
  libc.setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, hops)
  libc.setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, new Uint8Array(32).fill(0xff)) // receive nothing: nobody reads
  return fd
}

/** The 16 bytes of `fe80::…` with the MAC in it, one bit of which is turned (RFC 4291 appendix A). */
export function linkLocal(mac: string): Uint8Array | undefined {
  const bytes = Buffer.from(mac.replaceAll(':', ''), 'hex')
  if (bytes.length !== 6) return undefined
  const [first, second, third, ...rest] = bytes
  return Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, first! ^ 2, second!, third!, 0xff, 0xfe, ...rest)
}

/** `struct sockaddr_in6`: family, port, flow, address, scope. */
function socketAddress6(address: Uint8Array, scope: number): Uint8Array {
  const bytes = Buffer.alloc(28)
  bytes.writeUInt16LE(AF_INET6, 0)
  bytes.set(address, 8)
  bytes.writeUInt32LE(scope, 24)
  return bytes
}
