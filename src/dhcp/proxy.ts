/**
 * The proxyDHCP service without its sockets: datagrams and boot events in, effects out.
 *
 * Puts the parts of this room together: `message.ts` reads, `machines.ts` remembers, `responder.ts` decides, `reply.ts`
 * and `encode.ts` say it. The edge (`start.ts`) owns sockets, clock and log, and performs the effects in their order.
 */
import { DecodeError } from '../core/decode-error.ts'
import type { Firmware } from '../core/firmware.ts'
import type { BootEvent } from '../core/journal.ts'
import type { EventName, Fields } from '../core/log.ts'
import type { Peer } from '../net/datagrams.ts'
import type { NetInterface } from '../net/interfaces.ts'
import { encode } from './encode.ts'
import { macOf, uuidOf } from './identity.ts'
import { formatIpv4, parseIpv4 } from './ipv4.ts'
import { ipxeOf } from './ipxe.ts'
import { Machines } from './machines.ts'
import { decode, type Message } from './message.ts'
import { replyBytesMax } from './options.ts'
import { type Architecture, ARCHITECTURES } from './pxe.ts'
import { destination, reply } from './reply.ts'
import { type Answer, type Context, LOOP_READS, respond, type Verdict } from './responder.ts'

/** How a datagram came. */
export interface Arrival {
  /** Of ours, that it was sent to. */
  readonly port: 67 | 4011
  readonly iface: Pick<NetInterface, 'name' | 'address'>
  readonly from: Peer
}

export type Effect =
  /** From our own port and the interface that the request came in by. */
  | { readonly do: 'send'; readonly bytes: Uint8Array; readonly to: Peer }
  | { readonly do: 'log'; readonly event: EventName; readonly fields: Fields }
  | { readonly do: 'report'; readonly event: BootEvent }
  /** Spare this machine, which runs iPXE, its wait for an IPv6 router. */
  | { readonly do: 'advertise-router'; readonly iface: string; readonly mac: string }

export interface ProxySite {
  readonly answer: 'all' | 'known'
  /** See `core/urls.ts`. */
  readonly advertise: string | undefined
  readonly httpPort: number
  readonly routerAdvertisements: boolean
  readonly firmware: Pick<Firmware, 'files'>
  readonly isKnown: (machine: { mac: string; uuid: string | undefined }) => boolean
}

interface Proxy {
  /** Throws nothing that the bytes could be the reason of. They may be overwritten afterwards. */
  onDatagram(datagram: Uint8Array, arrival: Arrival, nowMs: number): readonly Effect[]
  /** What any room reported, this one too. */
  onBootEvent(event: BootEvent, nowMs: number): readonly Effect[]
}

/** Within one boot a machine asks several times; what is said of it is not said again for so long. */
const OFFER_QUIET_MS = 60_000
const WARNING_QUIET_MS = 60 * 60_000

export function createProxy(site: ProxySite, machines = new Machines()): Proxy {
  return {
    onDatagram(datagram, arrival, nowMs) {
      let request: Message
      try {
        request = decode(datagram)
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        return [log('dhcp.dropped', { peer: arrival.from.address, iface: arrival.iface.name, reason: error.message })]
      }
      const address = parseIpv4(arrival.iface.address)!
      return onRequest({ request, mac: macOf(request), arrival, address, nowMs })
    },
    onBootEvent(event, nowMs) {
      if (event.type === 'firmware') return onRead(machines.macOf(event.address), event.file, nowMs)
      if (event.type === 'autoexec') return advertiseRouter(machines.macOf(event.address))
      if (event.type === 'address') machines.hasAddress(event.mac, event.address)
      if (event.type === 'requested' && (event.purpose === 'script' || event.purpose === 'ipxe')) {
        machines.askedForScript(event.labels.get('mac') ?? machines.macOf(event.address) ?? '')
      }
      return []
    },
  }

  function onRequest(asked: Asked): Effect[] {
    const { request, mac, arrival } = asked
    const iface = arrival.iface.name
    const verdict = respond(request, contextOf(asked))
    if (verdict.do === 'ignore') {
      const ignored = log('dhcp.ignored', { mac, iface, reason: verdict.why })
      return verdict.why === 'unknown-machine' ? [ignored, reportAsked(asked, verdict)] : [ignored]
    }
    // The journal brings it back to us, as it brings what the other rooms report.
    if (verdict.do === 'learn') return [reportAddress(mac, verdict.address)]
    machines.asked(mac, verdict.architecture, iface)
    if (verdict.do === 'refuse') {
      return [reportAsked(asked, verdict), ...warnOnce(asked, verdict.architecture, verdict.why)]
    }
    return onAnswer(asked, verdict)
  }

  function contextOf({ request, mac, arrival, address, nowMs }: Asked): Context {
    return {
      port: arrival.port,
      from: arrival.from,
      address,
      place: { advertise: site.advertise, address: arrival.iface.address, port: site.httpPort },
      files: site.firmware.files(),
      isAnswered: () => site.answer === 'all' || site.isKnown({ mac, uuid: uuidOf(request.options) }),
      architectureBefore: machines.architectureOf(mac),
      fruitlessReads: machines.fruitlessReads(mac, nowMs),
    }
  }

  function onAnswer(asked: Asked, answer: Answer): Effect[] {
    const { request, mac, arrival, address } = asked
    const bytes = encode(reply(request, answer, address), replyBytesMax(request.options))
    const effects: Effect[] = [{ do: 'send', bytes, to: destination(request, arrival.port, arrival.from) }]
    effects.push(reportAsked(asked, answer))
    if (request.ciaddr !== 0 && arrival.port === 4011) effects.push(reportAddress(mac, request.ciaddr))
    if (answer.ipxe && request.giaddr === 0) effects.push(...advertiseRouter(mac))
    if (answer.warning !== undefined) effects.push(...warnOnce(asked, answer.architecture, answer.warning))
    effects.push(...tellOnce(asked, answer))
    return effects
  }

  function tellOnce({ request, mac, arrival, nowMs }: Asked, { boot, architecture }: Answer): Effect[] {
    const offered = boot.what === 'raspberry-pi' ? {} : boot.what === 'file' ? { file: boot.file } : { url: boot.url }
    const what = `${request.xid} ${JSON.stringify(offered)}`
    if (!machines.isNews(mac, 'offer', what, nowMs, OFFER_QUIET_MS)) return []
    return [log('dhcp.offer', { mac, iface: arrival.iface.name, arch: architecture, ...offered })]
  }

  function warnOnce({ request, mac, arrival, nowMs }: Asked, arch: number, reason: string): Effect[] {
    if (!machines.isNews(mac, 'no-file', '', nowMs, WARNING_QUIET_MS)) return []
    return [log('dhcp.no-file', { mac, uuid: uuidOf(request.options), iface: arrival.iface.name, arch, reason })]
  }

  function onRead(mac: string | undefined, file: string, nowMs: number): Effect[] {
    if (mac === undefined) return []
    machines.read(mac, nowMs)
    const count = machines.fruitlessReads(mac, nowMs)
    if (count < LOOP_READS || !machines.isNews(mac, 'loop', '', nowMs, WARNING_QUIET_MS)) return []
    return [log('dhcp.loop', { mac, file, count })]
  }

  function advertiseRouter(mac: string | undefined): Effect[] {
    const iface = mac === undefined ? undefined : machines.interfaceOf(mac)
    if (!site.routerAdvertisements || mac === undefined || iface === undefined) return []
    return [{ do: 'advertise-router', iface, mac }]
  }
}

interface Asked {
  readonly request: Message
  readonly mac: string
  readonly arrival: Arrival
  /** Ours, of the interface. */
  readonly address: number
  readonly nowMs: number
}

/** The journal hears of every request that is for us; the log only of what is news. */
function reportAsked({ request, mac, arrival }: Asked, verdict: Exclude<Verdict, { do: 'learn' }>): Effect {
  const number = verdict.do === 'ignore' ? undefined : verdict.architecture
  const architecture = ARCHITECTURES.get(number ?? 0)
  const event: BootEvent = {
    type: 'asked',
    mac,
    uuid: uuidOf(request.options),
    iface: arrival.iface.name,
    port: arrival.port,
    architecture: number,
    ipxe: ipxeOf(request.options, architecture?.family),
    boot: verdict.do === 'answer' ? namedIn(verdict) : undefined,
    answer: verdict.do === 'answer' ? 'told' : verdict.do === 'refuse' ? 'nothing-fits' : 'silent',
    reason: verdict.do === 'answer' ? whyThis(verdict, architecture) : verdict.why,
  }
  return { do: 'report', event }
}

function namedIn({ boot }: Answer): string | undefined {
  if (boot.what === 'raspberry-pi') return undefined
  return boot.what === 'file' ? (boot.url ?? boot.file) : boot.url
}

function whyThis({ boot, ipxe, warning }: Answer, architecture: Architecture | undefined): string {
  if (warning !== undefined) return warning
  if (boot.what === 'script') return 'it runs an iPXE that can do all'
  if (boot.what === 'raspberry-pi') return 'a Raspberry Pi knows the names of its files'
  return ipxe ? 'its iPXE cannot do all; this one can' : `the first file for ${architecture?.name} that is there`
}

function reportAddress(mac: string, address: number): Effect {
  return { do: 'report', event: { type: 'address', mac, address: formatIpv4(address) } }
}

function log(event: EventName, fields: Fields): Effect {
  return { do: 'log', event, fields }
}
