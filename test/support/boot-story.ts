import { formatMessage } from '../../src/dhcp/message-text.ts'
/**
 * A network boot as a text that reads like a story, one packet after the other, for golden files and for people.
 *
 *   > from the machine     < to the machine
 *
 * Told is what the machine says and what bootcfg answers, up to the first request that `until` names. What differs from
 * run to run is left out or counted through: transaction ids, seconds, ports, repetitions. The blocks of a file are one
 * line; of a DHCP message only those lines are told in which it differs from the one before by the same side in the same
 * exchange. The site's own DHCP server is not part of it.
 */
import { decode as decodeDhcp, type Message } from '../../src/dhcp/message.ts'
import { decode as decodeTftp, type Option } from '../../src/tftp/packet.ts'
import type { Packet } from './capture.ts'

export interface Teller {
  /** Addresses of the machine and of bootcfg. */
  readonly machine: string
  readonly app: string
  /** A path; the story ends with the request for it. */
  readonly until: string
}

export function tellBoot(packets: readonly Packet[], teller: Teller): string {
  const story: Story = { steps: [], exchanges: new Map(), transfers: new Map() }
  const end = packets.findIndex((packet) => httpRequest(packet)?.path === teller.until)
  const told = end < 0 ? packets : packets.slice(0, end + 1)
  for (const packet of told) {
    const step = stepFor(packet, story, teller)
    if (step !== undefined && !story.steps.includes(step)) story.steps.push(step)
  }
  for (const { at, blocks } of story.transfers.values()) story.steps[at] += fileSize(blocks)
  if (told.some(isRouterAdvertisement)) story.steps.push('and an IPv6 router of life 0 was advertised to the machine')
  return `${story.steps.join('\n')}\n`
}

interface Story {
  readonly steps: string[]
  /** DHCP, by transaction id. */
  readonly exchanges: Map<number, Exchange>
  /** TFTP, by the machine's end. */
  readonly transfers: Map<string, Transfer>
}

interface Exchange {
  readonly number: number
  /** The last message of each side. */
  readonly last: Map<Message['op'], { readonly title: string; readonly lines: readonly string[] }>
}

interface Transfer {
  /** Index of the step that tells of its data. */
  readonly at: number
  /** Length of each block by its number. */
  readonly blocks: Map<number, number>
}

/** @returns undefined for a packet that is not told */
function stepFor(packet: Packet, story: Story, { machine, app }: Teller): string | undefined {
  switch (packet.protocol) {
    case 'udp':
      return /:(67|68|4011)$/.test(packet.to) ? dhcpStep(packet, story, app) : tftpStep(packet, story, machine)
    case 'tcp': {
      const request = httpRequest(packet)
      return request && `> HTTP ${request.line}`
    }
    default:
      return undefined
  }
}

function httpRequest({ protocol, payload }: Packet): { line: string; path: string } | undefined {
  const match = protocol === 'tcp' ? /^(?:GET|HEAD) (\S+)/.exec(payload.toString('latin1')) : null
  return match === null ? undefined : { line: match[0], path: match[1]! }
}

/** RFC 4861 section 4.2. */
function isRouterAdvertisement({ protocol, payload }: Packet): boolean {
  return protocol === 'icmpv6' && payload[0] === 134
}

function dhcpStep({ from, to, payload }: Packet, { exchanges }: Story, app: string): string | undefined {
  const message = decodeDhcp(payload)
  const isOurs = from.startsWith(`${app}:`) && message.yiaddr === 0
  if (message.op === 'reply' && !isOurs) return undefined // the site's DHCP server
  const exchange = exchanges.get(message.xid) ?? { number: exchanges.size + 1, last: new Map() }
  exchanges.set(message.xid, exchange)
  const title = `${isOurs ? '<' : '>'} ${from} -> ${to} ${message.op} ${message.type}`
  const [, ...lines] = formatMessage({ ...message, xid: exchange.number, secs: 0 }).split('\n')
  const last = exchange.last.get(message.op)
  exchange.last.set(message.op, { title, lines })
  const told = lines.filter((line) => last?.lines.includes(line) !== true)
  if (told.length === 0 && title === last?.title) return undefined // said again
  // A request names the server whose address is taken: the site's, wherever that runs.
  const named = isOurs ? told : told.map((line) => line.replace(/^54 .*/, "54 the site's DHCP server"))
  return [title, ...named].join('\n    ')
}

function tftpStep({ from, to, payload }: Packet, story: Story, machine: string): string | undefined {
  const isFromMachine = from.startsWith(`${machine}:`)
  const packet = decodeTftp(payload)
  switch (packet.op) {
    case 'read':
    case 'write':
      return `> TFTP ${packet.op} ${packet.file} ${packet.mode} ${optionText(packet.options)}`
    case 'oack':
      return `< TFTP options ${optionText(packet.options)}`
    case 'error':
      return `${isFromMachine ? '>' : '<'} TFTP error ${packet.code} ${packet.text}`
    case 'data': {
      const transfer = story.transfers.get(to) ?? { at: story.steps.push('< TFTP data') - 1, blocks: new Map() }
      story.transfers.set(to, transfer)
      transfer.blocks.set(packet.block, packet.bytes.length)
      return undefined
    }
    default:
      return undefined // ACKs
  }
}

function optionText(options: readonly Option[]): string {
  return options.flat().join(' ')
}

function fileSize(blocks: ReadonlyMap<number, number>): string {
  const bytes = [...blocks.values()].reduce((sum, length) => sum + length, 0)
  return `: ${bytes} bytes in ${blocks.size} ${blocks.size === 1 ? 'block' : 'blocks'}`
}
