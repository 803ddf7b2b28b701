/**
 * DHCP messages as values, and the way from bytes to them (RFC 2131 section 2; `encode.ts` is the way back).
 *
 * Reads what machines really send, so it is lenient. What a message asks for is decided elsewhere: see `responder.ts`.
 */
import { ByteReader } from '../core/bytes.ts'
import { DecodeError } from '../core/decode-error.ts'
import { latin1, OPTION, type Options } from './options.ts'

/** Values of option 53, of which the first is 1 (RFC 2132 section 9.6). */
export const TYPES = ['discover', 'offer', 'request', 'decline', 'ack', 'nak', 'release', 'inform'] as const

/** Field names are the RFC's. Addresses are u32, 0 meaning "none" as on the wire. */
export interface Message {
  readonly op: 'request' | 'reply'
  readonly type: (typeof TYPES)[number]
  readonly htype: number
  /** How many bytes of `chaddr` count; 0 for IP over InfiniBand, where option 61 tells machines apart (RFC 4390). */
  readonly hlen: number
  readonly hops: number
  readonly xid: number
  readonly secs: number
  readonly flags: number
  readonly ciaddr: number
  readonly yiaddr: number
  readonly siaddr: number
  readonly giaddr: number
  /** Always 16 bytes. */
  readonly chaddr: Uint8Array
  /** Up to the first NUL, each byte one character. */
  readonly sname: string
  readonly file: string
  /** Without 53, which is `type`, and 52, which only says where others are. */
  readonly options: Options
  /** The last option was cut off; those before it are there. */
  readonly truncated: boolean
}

/** In `flags`: answer by broadcast, I cannot hear unicast yet (RFC 2131 section 4.1). */
export const BROADCAST = 0x8000

export const COOKIE = 0x63825363
export const OPTIONS_AT = 240
export const [SNAME_BYTES, FILE_BYTES, CHADDR_BYTES] = [64, 128, 16]

/** No sender fills more than one Ethernet frame, and a longer datagram must not cost more. */
const READ_BYTES_MAX = 4096

/** Of these a second one is ignored, as dnsmasq does; of any other it goes on where the first stopped (RFC 3396). */
const FIRST_COUNTS: ReadonlySet<number> = new Set([
  OPTION.requestedAddress,
  OPTION.leaseTime,
  OPTION.overload,
  OPTION.messageType,
  OPTION.serverId,
  OPTION.maxMessageSize,
  OPTION.clientId,
  OPTION.architecture,
  OPTION.machineGuid,
])

/**
 * Decode one datagram from port 67, 68 or 4011.
 *
 * @param datagram - the UDP payload; `chaddr` and option values are views of it. What comes after 4096 bytes is not read
 * @throws {DecodeError} and nothing else. A missing END is accepted, and so are options that are cut off, if the type is
 * among those before
 * @see RFC 2131 section 4.1 (order of overloaded options), RFC 3396 (options in parts)
 */
export function decode(datagram: Uint8Array): Message {
  // A plain view, even of a Buffer, whose own views take four times as long to make.
  const length = Math.min(datagram.length, READ_BYTES_MAX)
  const r = new ByteReader(new Uint8Array(datagram.buffer, datagram.byteOffset, length))
  const op = r.u8('op')
  if (op !== 1 && op !== 2) throw new DecodeError('bad-value', 0, `op ${op}`)
  const htype = r.u8('htype')
  const hlen = r.u8('hlen')
  if (hlen > CHADDR_BYTES) throw new DecodeError('bad-value', 2, `hlen ${hlen}`)
  if (htype === 0 && hlen > 0) throw new DecodeError('bad-value', 1, 'htype 0 with an address')
  const header = {
    hops: r.u8('hops'),
    xid: r.u32('xid'),
    secs: r.u16('secs'),
    flags: r.u16('flags'),
    ciaddr: r.u32('ciaddr'),
    yiaddr: r.u32('yiaddr'),
    siaddr: r.u32('siaddr'),
    giaddr: r.u32('giaddr'),
    chaddr: r.take(CHADDR_BYTES, 'chaddr'),
  }
  const sname = r.take(SNAME_BYTES, 'sname')
  const file = r.take(FILE_BYTES, 'file')
  const cookie = r.u32('cookie')
  if (cookie !== COOKIE) throw new DecodeError('bad-magic', r.at - 4, `cookie ${cookie.toString(16)}`)

  const found = new Map<number, Uint8Array>()
  let whole = readOptions(r.rest(), found)
  // An overload inside of file or sname says nothing any more: each area is read once.
  const overload = overloadOf(found)
  if (overload & IN_FILE) whole = readOptions(file, found) && whole
  if (overload & IN_SNAME) whole = readOptions(sname, found) && whole
  const type = typeOf(found)
  if (hlen === 0 && !found.get(OPTION.clientId)?.length) {
    throw new DecodeError('bad-value', 2, 'neither hardware address nor client id')
  }
  found.delete(OPTION.overload)
  found.delete(OPTION.messageType)
  return {
    op: op === 1 ? 'request' : 'reply',
    type,
    htype,
    hlen,
    ...header,
    sname: overload & IN_SNAME ? '' : latin1(sname),
    file: overload & IN_FILE ? '' : latin1(file),
    options: found,
    truncated: !whole,
  }
}

/**
 * Adds the options of one area, up to END or where the area ends.
 *
 * @returns false when the last one does not fit
 */
function readOptions(area: Uint8Array, into: Map<number, Uint8Array>): boolean {
  let at = 0
  while (at < area.length) {
    const code = area[at]!
    at += 1
    if (code === OPTION.pad) continue
    if (code === OPTION.end) return true
    if (at === area.length) return false
    const end = at + 1 + area[at]!
    if (end > area.length) return false
    const value = area.subarray(at + 1, end)
    const before = into.get(code)
    if (before === undefined) into.set(code, value)
    else if (!FIRST_COUNTS.has(code)) into.set(code, joined(before, value))
    at = end
  }
  return true
}

function joined(before: Uint8Array, value: Uint8Array): Uint8Array {
  const whole = new Uint8Array(before.length + value.length)
  whole.set(before)
  whole.set(value, before.length)
  return whole
}

const [IN_FILE, IN_SNAME] = [1, 2]

/** RFC 2132 section 9.3. What is not 1, 2 or 3 is none. */
function overloadOf(options: Options): number {
  const value = options.get(OPTION.overload)
  return value?.length === 1 && value[0]! <= 3 ? value[0]! : 0
}

function typeOf(options: Options): Message['type'] {
  const value = options.get(OPTION.messageType)
  if (value === undefined) throw new DecodeError('unsupported', OPTIONS_AT, 'no message type, as in BOOTP')
  const type = value.length === 1 ? TYPES[value[0]! - 1] : undefined
  if (type === undefined) throw new DecodeError('bad-value', OPTIONS_AT, `message type ${value.join(' ')}`)
  return type
}
