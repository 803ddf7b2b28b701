/**
 * The sockets of one interface: ports 67 and 4011. They move bytes and decide nothing.
 *
 *   hears    255.255.255.255:67  what machines broadcast; the kernel gives it to every socket on the port, so that a DHCP
 *                                server beside us hears it as well
 *   speaks   address:67          broadcasts answers, from the right address and port. Connected to its only destination:
 *                                the kernel hands it nothing that is meant for a neighbour
 *   relayed  address:67          what relays send to us alone; see relayed.ts
 *   boot     address:4011        firmware that asks once more, there
 *
 * All are tied to the interface. Without the C library they cannot be: `hears` then gets the broadcasts of every network,
 * and the answers leave by this one all the same, since they are sent from its address.
 */
import { reasonOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { type Peer, receiveDatagrams } from '../net/datagrams.ts'
import type { NetInterface } from '../net/interfaces.ts'
import type { Closable } from '../net/per-interface.ts'
import { listenProblem } from '../net/port-holder.ts'
import { createSender } from '../net/sender.ts'
import { closeUdp, openUdp, type UdpOptions } from '../net/udp-socket.ts'
import type { Arrival } from './proxy.ts'
import { type Channel, openRelayed, type Relayed } from './relayed.ts'

/** Sends from the port and the interface that a datagram came in by. What the kernel does not take is told in the log. */
export type SendBack = (bytes: Uint8Array, to: Peer) => void

const BROADCAST = '255.255.255.255'
const [SERVER_PORT, CLIENT_PORT, BOOT_PORT] = [67, 68, 4011] as const

/** Some ten thousand requests: a data centre that gets its power back. */
const RECEIVE_BUFFER_BYTES = 8 << 20

/** What to do about a port that another program holds. */
const ADVICE = {
  [SERVER_PORT]: 'if it is dnsmasq, its option bind-dynamic lets it share the port; else stop it, or give -dhcp off',
  [BOOT_PORT]: 'only one program can answer there: stop it, or give -dhcp off',
} as const

/** Between two lines about datagrams that could not be sent. */
const COMPLAIN_MS = 10_000

/**
 * @param take - gets each datagram; its bytes are overwritten when it returns
 * @param failed - told when a socket dies later
 * @throws Error with one line for people
 */
export async function openPorts(
  iface: NetInterface,
  take: (datagram: Uint8Array, arrival: Arrival, answer: SendBack) => void,
  failed: (error: Error) => void,
  log: Log,
): Promise<Closable> {
  const { name, address } = iface
  const complain = complainer(name, log)
  const kept: Channel[] = []
  let relayed: Relayed | undefined

  async function open(port: Arrival['port'], options: Partial<UdpOptions> = {}): Promise<Channel> {
    const wanted = { address, port, device: name, receiveBufferBytes: RECEIVE_BUFFER_BYTES, ...options }
    const udp = await openUdp(wanted).catch(async (error: unknown) => {
      const problem = { ...wanted, protocol: 'udp', purpose: 'proxyDHCP', advice: ADVICE[port] } as const
      throw new Error(await listenProblem(problem, error), { cause: error })
    })
    udp.socket.on('error', failed)
    return { udp, sender: createSender(udp, complain) }
  }
  async function openKept(port: Arrival['port'], options: Partial<UdpOptions> = {}): Promise<Channel> {
    const channel = await open(port, options)
    kept.push(channel)
    return channel
  }
  async function close(): Promise<void> {
    await relayed?.close()
    await Promise.all(kept.map(({ udp }) => closeUdp(udp)))
  }

  const shared = { reuse: true, broadcast: true }
  try {
    const hears = await openKept(SERVER_PORT, { ...shared, address: BROADCAST })
    const speaks = await openKept(SERVER_PORT, { ...shared, connect: { address: BROADCAST, port: CLIENT_PORT } })
    const boot = await openKept(BOOT_PORT)
    const answer: SendBack = (bytes, to) => {
      if (to.address === BROADCAST) speaks.sender.send(bytes, undefined)
      else (relayed?.channel() ?? hears).sender.send(bytes, to)
    }
    const answerBoot: SendBack = (bytes, to) => boot.sender.send(bytes, to)
    const flush = (): void => {
      for (const { sender } of kept) sender.flush()
      relayed?.channel()?.sender.flush()
    }
    const takeFrom = ({ udp }: Channel, port: Arrival['port'], reply: SendBack): void =>
      receiveDatagrams(udp, (datagram, from) => take(datagram, { port, iface, from }, reply), flush)
    takeFrom(hears, SERVER_PORT, answer)
    takeFrom(boot, BOOT_PORT, answerBoot)
    const openRelay = async (): Promise<Channel> => {
      const relay = await open(SERVER_PORT, { reuse: true })
      takeFrom(relay, SERVER_PORT, answer)
      return relay
    }
    relayed = await openRelayed(iface, openRelay, log)
    return { close }
  } catch (error) {
    await close()
    throw error
  }
}

/** One line for many datagrams that were not sent. */
function complainer(iface: string, log: Log): (error: Error) => void {
  let [complainedAt, count] = [-Infinity, 0]
  return (error) => {
    count += 1
    if (performance.now() < complainedAt + COMPLAIN_MS) return
    log('dhcp.send-failed', { iface, count, reason: reasonOf(error) })
    complainedAt = performance.now()
    count = 0
  }
}
