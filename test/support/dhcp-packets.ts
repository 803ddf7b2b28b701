/**
 * DHCP packets for tests: the captured ones, and ones made to measure.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { parseIpv4 } from '../../src/dhcp/ipv4.ts'
import { decode, type Message } from '../../src/dhcp/message.ts'

interface Packet {
  readonly name: string
  /** `address:port` */
  readonly src: string
  readonly dst: string
  readonly hex: string
}

/** What firmware, iPXE and dnsmasq sent to each other, DHCP and TFTP. */
const PACKETS = JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/packets.json'), 'utf8')) as Packet[]

export const DHCP_PACKETS: readonly Packet[] = PACKETS.filter(({ dst }) => /:(67|68|4011)$/.test(dst))

export function captured(name: string): Buffer {
  const packet = PACKETS.find((packet) => packet.name === name)
  if (packet === undefined) throw new Error(`no packet ${name}`)
  return Buffer.from(packet.hex, 'hex')
}

interface Fields {
  readonly xid?: number
  readonly mac?: string
  readonly ciaddr?: string
  readonly giaddr?: string
}

/** A captured request as another machine would have sent it. */
export function packet(name: string, fields: Fields = {}): Buffer {
  return changed(captured(name), fields)
}

/** The bytes of a request as another machine would have sent it. */
function changed(datagram: Uint8Array, { xid, mac, ciaddr, giaddr }: Fields): Buffer {
  const bytes = Buffer.from(datagram)
  if (xid !== undefined) bytes.writeUInt32BE(xid, 4)
  if (ciaddr !== undefined) bytes.writeUInt32BE(parseIpv4(ciaddr)!, 12)
  if (giaddr !== undefined) bytes.writeUInt32BE(parseIpv4(giaddr)!, 24)
  if (mac !== undefined) bytes.write(mac.replaceAll(':', ''), 28, 'hex')
  return bytes
}

/** `"35 01 01 ff"`; spaces are for the reader. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex')
}

/** Bytes by offset, or at the end when the offset is the length. */
type Patch = readonly [offset: number, bytesHex: string]

/** A BOOTREQUEST of 52:54:00:aa:bb:cc up to the cookie, patched, and the options as they are. */
export function rawRequest(optionsHex: string, ...patches: Patch[]): Buffer {
  const header = Buffer.alloc(240)
  header.set(hex('01 01 06 00 12345678'))
  header.set(hex('525400aabbcc'), 28)
  header.set(hex('63825363'), 236)
  for (const [offset, bytesHex] of patches) header.set(hex(bytesHex), offset)
  return Buffer.concat([header, hex(optionsHex)])
}

/** Options by code; a value in hex. */
export type OptionsHex = Readonly<Record<number, string>>

export function optionsOf(options: OptionsHex): Map<number, Uint8Array> {
  return new Map(Object.entries(options).map(([code, value]) => [Number(code), new Uint8Array(hex(value))]))
}

/** ASCII text as the hex of an option's value. */
export function ascii(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex')
}

/** A captured message with some fields and options changed; an option that is undefined is taken away. */
export function variant(
  name: string,
  fields: Partial<Message> = {},
  options: Readonly<Record<number, string | undefined>> = {},
): Message {
  const message = decode(captured(name))
  const changed = new Map(message.options)
  for (const [code, value] of Object.entries(options)) {
    if (value === undefined) changed.delete(Number(code))
    else changed.set(Number(code), new Uint8Array(hex(value)))
  }
  return { ...message, ...fields, options: changed }
}
