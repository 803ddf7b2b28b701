/**
 * Spares an iPXE its wait for an IPv6 router that is not there: one Router Advertisement, to that machine alone, that says
 * "I am no router" ends 13 to 16 s of idling.
 *
 * It goes to the machine's link-local address, which iPXE makes of its MAC (EUI-64), has router lifetime 0 and names no
 * prefix: nobody else sees it, and the machine gets neither route nor address from it (RFC 4861 section 4.2).
 *
 * The packet is written whole and handed to the interface (AF_PACKET): libvirt switches IPv6 off on its bridges, and
 * elsewhere a link-local address cannot be used for the first two seconds of an interface.
 */
import { reasonOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { NetInterface } from '../net/interfaces.ts'
import { type Libc, nativeLibc, systemError } from '../net/libc.ts'

export interface RouterAdvertiser {
  /**
   * Advertise to one machine, now and twice more. A machine that is being told is not told twice.
   *
   * @param mac - six bytes, with colons
   */
  advertise(iface: Pick<NetInterface, 'name' | 'index' | 'mac'>, mac: string): void
  stop(): void
}

/** The machine may be a little later with its address than with its DISCOVER, and datagrams get lost. */
const TIMES = 3
const PAUSE_MS = 200
/** Being told at once. */
const MACHINES_MAX = 1024

const AF_PACKET = 17
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0x80000
const ETHERTYPE_IPV6 = 0x86dd

/** @returns undefined where the right is missing, after a line in the log */
export function openRouterAdvertiser(log: Log, host = { libc: nativeLibc() }): RouterAdvertiser | undefined {
  const { libc } = host
  if (libc === undefined) return undefined // said already
  // Protocol 0: it receives nothing. Of SOCK_DGRAM the kernel writes the Ethernet header itself.
  const fd = libc.socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (fd < 0) {
    const reason = reasonOf(systemError(libc.errno(), 'socket'))
    log('dhcp.ra-off', { reason: `${reason}; it needs root or CAP_NET_RAW` })
    return undefined
  }
  const timers = new Map<string, NodeJS.Timeout>()
  let complaint = ''

  function send(libc: Libc, packet: Uint8Array, to: Uint8Array, iface: string, mac: string, times: number): void {
    if (libc.sendto(fd, packet, 0, to) < 0) complain(iface, reasonOf(systemError(libc.errno(), 'sendto')))
    if (times <= 1) timers.delete(mac)
    else timers.set(mac, setTimeout(() => send(libc, packet, to, iface, mac, times - 1), PAUSE_MS).unref())
  }
  /** Once: the machine boots as well, only later. */
  function complain(iface: string, reason: string): void {
    if (complaint !== reason) log('dhcp.ra-off', { iface, reason })
    complaint = reason
  }
  return {
    advertise(iface, mac) {
      const packet = advertisement(iface.mac, mac)
      if (packet === undefined || timers.has(mac) || timers.size >= MACHINES_MAX) return
      send(libc, packet, linkAddress(iface.index, mac), iface.name, mac, TIMES)
    },
    stop() {
      for (const timer of timers.values()) clearTimeout(timer)
      timers.clear()
      libc.close(fd)
    },
  }
}

const IPPROTO_ICMPV6 = 58
/** A receiver drops it otherwise: it could have come from afar (RFC 4861 section 6.1.2). */
const HOP_LIMIT = 255
const ROUTER_ADVERTISEMENT = 134
const [HEADER_BYTES, MESSAGE_BYTES] = [40, 16]

/**
 * The IPv6 packet from one MAC's link-local address to another's (RFC 8200 section 3, RFC 4861 section 4.2). All that is
 * not set is 0: hop limit to be used, flags, router lifetime, timers.
 *
 * @returns undefined when one of the two is no MAC of six bytes
 */
function advertisement(fromMac: string, toMac: string): Uint8Array | undefined {
  const [from, to] = [linkLocal(fromMac), linkLocal(toMac)]
  if (from === undefined || to === undefined) return undefined
  const packet = Buffer.alloc(HEADER_BYTES + MESSAGE_BYTES)
  packet[0] = 6 << 4
  packet.writeUInt16BE(MESSAGE_BYTES, 4)
  packet[6] = IPPROTO_ICMPV6
  packet[7] = HOP_LIMIT
  packet.set(from, 8)
  packet.set(to, 24)
  packet[HEADER_BYTES] = ROUTER_ADVERTISEMENT
  packet.writeUInt16BE(checksum(packet), HEADER_BYTES + 2)
  return packet
}

/** Over both addresses, the message with a checksum of 0, its length and its protocol (RFC 8200 section 8.1). */
function checksum(packet: Buffer): number {
  let sum = MESSAGE_BYTES + IPPROTO_ICMPV6
  for (let at = 8; at < packet.length; at += 2) sum += packet.readUInt16BE(at)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

/** The 16 bytes of `fe80::…` with the MAC in it, one bit of which is turned (RFC 4291 appendix A). */
export function linkLocal(mac: string): Uint8Array | undefined {
  const bytes = Buffer.from(mac.replaceAll(':', ''), 'hex')
  if (bytes.length !== 6) return undefined
  const [first, second, third, ...rest] = bytes
  return Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, first! ^ 2, second!, third!, 0xff, 0xfe, ...rest)
}

/** `struct sockaddr_ll`: family, protocol, interface, two fields of receivers, length of the address, the address. */
function linkAddress(index: number, mac: string): Uint8Array {
  const bytes = Buffer.alloc(20)
  bytes.writeUInt16LE(AF_PACKET, 0)
  bytes.writeUInt16BE(ETHERTYPE_IPV6, 2)
  bytes.writeInt32LE(index, 4)
  bytes[11] = 6
  bytes.write(mac.replaceAll(':', ''), 12, 'hex')
  return bytes
}
