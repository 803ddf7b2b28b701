/**
 * TFTP packets: bytes <-> values (RFC 1350 section 5; options RFC 2347).
 *
 *   RRQ 1, WRQ 2   op u16, file NUL, mode NUL, { option NUL value NUL }*
 *   DATA 3         op u16, block u16, bytes; fewer of them than the block size end the transfer
 *   ACK 4          op u16, block u16
 *   ERROR 5        op u16, code u16, text NUL
 *   OACK 6         op u16, { option NUL value NUL }*
 *
 * Text is held with one character per byte: what it means is for others to say (`names.ts`).
 */
import { ByteReader } from '../core/bytes.ts'
import { DecodeError } from '../core/decode-error.ts'

/** Name and value, as spelt on the wire. */
export type Option = readonly [name: string, value: string]

export interface Request {
  readonly op: 'read' | 'write'
  readonly file: string
  readonly mode: string
  readonly options: readonly Option[]
}

export type Packet =
  | Request
  | { readonly op: 'data'; readonly block: number; readonly bytes: Uint8Array }
  | { readonly op: 'ack'; readonly block: number }
  | { readonly op: 'error'; readonly code: number; readonly text: string }
  | { readonly op: 'oack'; readonly options: readonly Option[] }

const OPCODE = { read: 1, write: 2, data: 3, ack: 4, error: 5, oack: 6 } as const

/** RFC 1350 section 5, RFC 2347. */
export const ERROR = { other: 0, notFound: 1, access: 2, illegal: 4, strangeSender: 5, option: 8 } as const

/** Of DATA and ACK. */
export const HEADER_BYTES = 4

/** More options than there are names for. */
const OPTIONS_MAX = 16

/**
 * @returns what shares no memory with the datagram, but for the bytes of DATA
 * @throws {DecodeError} and nothing else. Bytes behind an ACK, an ERROR without its NUL and a cut-off last option are let
 *   pass: loaders send them
 */
export function decode(datagram: Uint8Array): Packet {
  const r = new ByteReader(datagram)
  const opcode = r.u16('opcode')
  switch (opcode) {
    case OPCODE.read:
      return decodeRequest('read', r)
    case OPCODE.write:
      return decodeRequest('write', r)
    case OPCODE.data:
      return { op: 'data', block: r.u16('block'), bytes: r.rest() }
    case OPCODE.ack:
      return { op: 'ack', block: r.u16('block') }
    case OPCODE.error: {
      const code = r.u16('code')
      const text = latin1(r.rest())
      const end = text.indexOf('\0')
      return { op: 'error', code, text: end < 0 ? text : text.slice(0, end) }
    }
    case OPCODE.oack:
      return { op: 'oack', options: decodeOptions(r) }
    default:
      throw new DecodeError('unsupported', 0, `opcode ${opcode}`)
  }
}

function decodeRequest(op: 'read' | 'write', r: ByteReader): Request {
  const file = latin1(r.untilNul('file'))
  const mode = latin1(r.untilNul('mode'))
  return { op, file, mode, options: decodeOptions(r) }
}

function decodeOptions(r: ByteReader): Option[] {
  const parts = latin1(r.rest()).split('\0', 2 * OPTIONS_MAX + 1)
  const options: Option[] = []
  // What is behind the last NUL, or has no value that ends in one, is no option.
  for (let at = 0; at + 2 < parts.length; at += 2) options.push([parts[at]!, parts[at + 1]!])
  return options
}

/** @throws {RangeError} for text that has a NUL or a character beyond a byte, and for numbers beyond 16 bits: faults of ours */
export function encode(packet: Packet): Uint8Array {
  return Buffer.concat([u16(OPCODE[packet.op]), ...fields(packet)])
}

function fields(packet: Packet): Uint8Array[] {
  switch (packet.op) {
    case 'data':
      return [u16(packet.block), packet.bytes]
    case 'ack':
      return [u16(packet.block)]
    case 'error':
      return [u16(packet.code), text(packet.text)]
    case 'oack':
      return packet.options.flat().map(text)
    default:
      return [packet.file, packet.mode, ...packet.options.flat()].map(text)
  }
}

function u16(value: number): Uint8Array {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

function text(value: string): Uint8Array {
  if (/[^\u0001-\u00ff]/.test(value)) throw new RangeError(`not text for TFTP: ${JSON.stringify(value)}`)
  return Buffer.from(`${value}\0`, 'latin1')
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}
