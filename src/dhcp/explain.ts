/**
 * A door of the DHCP room for who only wants to know: what a machine would be told, without sockets and without a trace.
 *
 * `proxy.ts` answers, as it answers the network, but with nothing remembered: as if the machine was never seen before.
 */
import { ARCHITECTURE_NAMES } from '../core/architectures.ts'
import type { Peer } from '../net/datagrams.ts'
import { bootsByHttp, type ExampleMachine, exampleRequest, MACHINE_ADDRESS, type Runs } from './example-request.ts'
import { formatMessage } from './message-text.ts'
import { decode } from './message.ts'
import { latin1, OPTION } from './options.ts'
import { createProxy, type ProxySite } from './proxy.ts'
import { ARCHITECTURES } from './pxe.ts'

export interface DhcpExchange {
  /** What runs on the machine when it asks. */
  readonly runs: Runs
  /** Of ours, that it asks. */
  readonly port: 67 | 4011
  readonly request: Uint8Array
  readonly requestText: string
  /** Undefined: it is not answered. */
  readonly reply: DhcpReply | undefined
  /** Why it is not answered, or what is to be known although it is. */
  readonly reason: string | undefined
  /** It should be answered, and cannot be. */
  readonly fails: boolean
}

interface DhcpReply {
  readonly bytes: Uint8Array
  readonly text: string
  readonly to: Peer
  /** File or URL; empty for machines that know their files themselves. */
  readonly file: string
}

/** Of the room, and the address of the interface that the machine would ask by. */
export type DhcpSite = Omit<ProxySite, 'routerAdvertisements'> & { readonly address: string }

/** In the order of a boot: what the firmware is told, on 67 and on 4011, and then the iPXE that it was given. */
export function explainDhcp(site: DhcpSite, machine: ExampleMachine): DhcpExchange[] {
  const first = exchange(site, machine, 'firmware', 67)
  const isToldAgain = first.reply !== undefined && !bootsByHttp(machine.architecture)
  const { files } = ARCHITECTURES.get(ARCHITECTURE_NAMES.indexOf(machine.architecture))!
  return [
    first,
    ...(isToldAgain ? [exchange(site, machine, 'firmware', 4011)] : []),
    ...(files.length > 0 ? [exchange(site, machine, 'ipxe', 67)] : []),
  ]
}

function exchange(site: DhcpSite, machine: ExampleMachine, runs: Runs, port: 67 | 4011): DhcpExchange {
  const request = exampleRequest(machine, runs, port)
  const from = port === 67 ? { address: '0.0.0.0', port: 68 } : { address: MACHINE_ADDRESS.text, port: 4011 }
  const arrival = { port, iface: { name: '', address: site.address }, from }
  const effects = createProxy({ ...site, routerAdvertisements: false }).onDatagram(request, arrival, 0)
  const sent = effects.find((effect) => effect.do === 'send')
  const lines = effects.flatMap((effect) => (effect.do === 'log' ? [effect] : []))
  const said = lines.find(({ fields }) => fields.reason !== undefined)
  return {
    runs,
    port,
    request,
    requestText: formatMessage(decode(request)),
    reply: sent && readReply(sent.bytes, sent.to),
    reason: said?.fields.reason,
    fails: sent === undefined && said?.event === 'dhcp.no-file',
  }
}

function readReply(bytes: Uint8Array, to: Peer): DhcpReply {
  const message = decode(bytes)
  const longFile = message.options.get(OPTION.bootFile)
  return { bytes, to, text: formatMessage(message), file: longFile === undefined ? message.file : latin1(longFile) }
}
