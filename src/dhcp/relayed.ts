/**
 * The socket for what DHCP relays send to us alone: port 67 of the interface's own address.
 *
 * It is open only while no DHCP server of this host holds the port on this interface. Of two sockets the kernel hands a
 * datagram to one, to ours more likely, and the machines of a neighbour could not renew their leases: it would take their
 * unicast RENEW.
 */
import type { Log } from '../core/log.ts'
import type { NetInterface } from '../net/interfaces.ts'
import { nativeLibc } from '../net/libc.ts'
import { holderOf, listeningOn } from '../net/port-holder.ts'
import type { Sender } from '../net/sender.ts'
import { closeUdp, type UdpSocket } from '../net/udp-socket.ts'
import { tiedSockets } from './tied-sockets.ts'

/** A socket, and the way to send by it. */
export interface Channel {
  readonly udp: UdpSocket
  readonly sender: Sender
}

export interface Relayed {
  /** Undefined while a neighbour holds the port. */
  readonly channel: () => Channel | undefined
  close(): Promise<void>
}

const PORT = 67
const LOOK_MS = 2000

/**
 * Looks once before it resolves, and then again and again: a neighbour may come and go.
 *
 * @param open - the socket, that is to be closed when a neighbour comes
 */
export async function openRelayed(
  iface: NetInterface,
  open: () => Promise<Channel>,
  log: Log,
  lookMs = LOOK_MS,
): Promise<Relayed> {
  let ours: Channel | undefined
  let beside: boolean | undefined
  let closed = false
  let timer: NodeJS.Timeout | undefined

  async function look(): Promise<void> {
    const neighbour = await hasNeighbour()
    if (closed) return
    if (neighbour) await closeOurs()
    if (neighbour && beside !== true) {
      const holder = (await holderOf('udp', iface.address, PORT)) ?? 'another program'
      log('dhcp.neighbour', { iface: iface.name, reason: `${holder} holds port 67: relays are left to it` })
    }
    if (!neighbour && beside === true) log('dhcp.neighbour-gone', { iface: iface.name })
    beside = neighbour
    if (!neighbour) ours ??= await open()
  }
  /** At our address, or at all, unless it is tied to another interface. */
  async function hasNeighbour(): Promise<boolean> {
    const listening = (await listeningOn('udp', PORT)).filter(({ address }) => isAt(address, iface.address))
    const libc = nativeLibc()
    const tied = libc === undefined ? undefined : tiedSockets(PORT, libc)
    const near = listening.filter(({ inode }) => (tied?.get(inode) ?? iface.index) === iface.index)
    return near.length > (ours === undefined ? 0 : 1)
  }
  async function closeOurs(): Promise<void> {
    const was = ours
    ours = undefined
    if (was !== undefined) await closeUdp(was.udp)
  }
  async function lookOn(): Promise<void> {
    // A port that cannot be had this time may be had the next.
    await look().catch(() => {})
    if (!closed) timer = setTimeout(() => (looking = lookOn()), lookMs).unref()
  }

  let looking = lookOn()
  await looking
  return {
    channel: () => ours,
    async close() {
      closed = true
      clearTimeout(timer)
      await looking
      await closeOurs()
    },
  }
}

function isAt(address: string, ours: string): boolean {
  return address === ours || address === '0.0.0.0' || address === '::'
}
