/**
 * Other servers that tell machines what to boot, as one hears them on the wire: they broadcast to port 68.
 *
 * Nobody is answered there. Listening is tied to one interface and shares the port with the DHCP client of this host; where
 * that cannot be had it is done without.
 */
import { DecodeError } from '../core/decode-error.ts'
import { reasonOf } from '../core/errors.ts'
import type { Rival } from '../core/journal.ts'
import { type Log, printable } from '../core/log.ts'
import { receiveDatagrams } from '../net/datagrams.ts'
import type { NetInterface } from '../net/interfaces.ts'
import { nativeLibc } from '../net/libc.ts'
import type { Closable } from '../net/per-interface.ts'
import { closeUdp, openUdp } from '../net/udp-socket.ts'
import { macOf } from './identity.ts'
import { formatIpv4 } from './ipv4.ts'
import { decode, type Message } from './message.ts'
import { latin1, OPTION, startsWith } from './options.ts'

const CLIENT_PORT = 68

/** Our own offers come by here as well, thousands when a hall is switched on. What a dozen do not tell is not worth the time. */
const RECEIVE_BUFFER_BYTES = 8 << 10

const FILE_MAX = 200

/**
 * What a datagram to port 68 says of a rival, if its sender is one. Pure.
 *
 * @param from - address of the sender
 */
export function rivalIn(datagram: Uint8Array, from: string, iface: Pick<NetInterface, 'name' | 'address'>) {
  if (from === iface.address) return undefined // ourselves, or a neighbour on this host
  const message = decodeOrNothing(datagram)
  if (message?.op !== 'reply' || message.type !== 'offer') return undefined
  const file = fileIn(message)
  // The site's own server may well send machines to us.
  if (formatIpv4(message.siaddr) === iface.address || file.includes(`//${iface.address}`)) return undefined
  const vendorClass = message.options.get(OPTION.vendorClass)
  const isForBoot = vendorClass !== undefined && CLASSES.some((name) => startsWith(vendorClass, name))
  if (file === '' && !isForBoot) return undefined
  const rival: Rival = {
    type: 'rival',
    mac: macOf(message),
    server: from,
    file: printable(file, FILE_MAX),
    iface: iface.name,
  }
  return rival
}

const CLASSES = ['PXEClient', 'HTTPClient']

function fileIn({ file, options }: Message): string {
  const bootFile = options.get(OPTION.bootFile)
  return file === '' && bootFile !== undefined ? latin1(bootFile) : file
}

function decodeOrNothing(datagram: Uint8Array): Message | undefined {
  try {
    return decode(datagram)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return undefined
  }
}

/** For how long a rival is no news. */
const QUIET_MS = 60 * 60_000
const SERVERS_MAX = 256

/** Which rivals are news. Bounded, told the time. */
export class Rivals {
  /** By address, when it was told of last. */
  readonly #toldMs = new Map<string, number>()

  isNews(server: string, nowMs: number): boolean {
    const toldMs = this.#toldMs.get(server)
    if (toldMs !== undefined && nowMs - toldMs < QUIET_MS) return false
    this.#toldMs.delete(server)
    this.#toldMs.set(server, nowMs)
    if (this.#toldMs.size > SERVERS_MAX) this.#toldMs.delete(this.#toldMs.keys().next().value!)
    return true
  }
}

/**
 * Listen on one interface. Never rejects.
 *
 * @param take - gets each offer of a rival
 */
export async function listenForRivals(
  iface: NetInterface,
  take: (rival: Rival) => void,
  failed: (error: Error) => void,
  log: Log,
): Promise<Closable> {
  if (nativeLibc() === undefined) return NOTHING // not without being tied to the interface
  try {
    const udp = await openUdp({
      address: '255.255.255.255',
      port: CLIENT_PORT,
      device: iface.name,
      reuse: true,
      receiveBufferBytes: RECEIVE_BUFFER_BYTES,
    })
    udp.socket.on('error', failed)
    receiveDatagrams(udp, (datagram, from) => {
      const rival = rivalIn(datagram, from.address, iface)
      if (rival !== undefined) take(rival)
    })
    return { close: async () => closeUdp(udp) }
  } catch (error) {
    log('dhcp.rivals-off', { iface: iface.name, reason: reasonOf(error) })
    return NOTHING
  }
}

const NOTHING: Closable = { close: () => Promise.resolve() }
