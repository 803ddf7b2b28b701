/**
 * From a DHCP message to bytes that the pickiest firmware accepts: 53 first, 54 second, 82 last, END, no overload, long
 * values in parts, never shorter than BOOTP was and never longer than the machine said it can take.
 */
import { CHADDR_BYTES, COOKIE, FILE_BYTES, type Message, OPTIONS_AT, SNAME_BYTES, TYPES } from './message.ts'
import { OPTION, type Options } from './options.ts'

/** With the vendor area of 64 bytes that RFC 951 has; some clients drop what is shorter. */
const MESSAGE_BYTES_MIN = 300
/** 576 of an IP datagram without its headers: what every machine takes that does not say otherwise (RFC 2131 section 2). */
const MESSAGE_BYTES_MAX = 548
/** Longer values go in parts (RFC 3396). */
const PART_BYTES_MAX = 255

/** What a machine cannot do without; the rest gives way when a message would become too long. */
const INDISPENSABLE: ReadonlySet<number> = new Set([
  OPTION.subnetMask,
  OPTION.router,
  OPTION.vendorEncapsulated,
  OPTION.leaseTime,
  OPTION.serverId,
  OPTION.vendorClass,
  OPTION.bootFile,
  OPTION.machineGuid,
  OPTION.relayAgent,
])

/** EDK2 drops a message where one of these has another length. */
const LENGTHS: ReadonlyMap<number, number> = new Map([
  [OPTION.subnetMask, 4],
  [OPTION.requestedAddress, 4],
  [OPTION.leaseTime, 4],
  [OPTION.serverId, 4],
  [OPTION.maxMessageSize, 2],
])

/**
 * @param bytesMax - to fit, options that are not indispensable are left out, the last first; then option 82, which must
 * be whole or not there (RFC 3046 section 2.2)
 * @throws {RangeError} for what the layout cannot hold and for what cannot be made to fit: a fault of ours
 */
export function encode(message: Message, bytesMax = MESSAGE_BYTES_MAX): Uint8Array {
  const options = fit(message.options, bytesMax)
  const out = Buffer.alloc(Math.max(messageBytes(options), MESSAGE_BYTES_MIN))
  writeHeader(out, message)
  let at = writeOption(out, OPTIONS_AT, OPTION.messageType, Uint8Array.of(TYPES.indexOf(message.type) + 1))
  at = writeOption(out, at, OPTION.serverId, options.get(OPTION.serverId))
  for (const [code, value] of options) {
    if (code !== OPTION.serverId && code !== OPTION.relayAgent) at = writeOption(out, at, code, value)
  }
  at = writeOption(out, at, OPTION.relayAgent, options.get(OPTION.relayAgent))
  out[at] = OPTION.end
  return out
}

function writeHeader(out: Buffer, message: Message): void {
  if (message.chaddr.length !== CHADDR_BYTES) throw new RangeError(`chaddr of ${message.chaddr.length} bytes`)
  out.writeUInt8(message.op === 'request' ? 1 : 2, 0)
  out.writeUInt8(message.htype, 1)
  out.writeUInt8(message.hlen, 2)
  out.writeUInt8(message.hops, 3)
  out.writeUInt32BE(message.xid, 4)
  out.writeUInt16BE(message.secs, 8)
  out.writeUInt16BE(message.flags, 10)
  out.writeUInt32BE(message.ciaddr, 12)
  out.writeUInt32BE(message.yiaddr, 16)
  out.writeUInt32BE(message.siaddr, 20)
  out.writeUInt32BE(message.giaddr, 24)
  out.set(message.chaddr, 28)
  writeText(out, 44, SNAME_BYTES, message.sname)
  writeText(out, 108, FILE_BYTES, message.file)
  out.writeUInt32BE(COOKIE, 236)
}

/** With a NUL after it, always: EDK2 reads on past a field that is full. */
function writeText(out: Buffer, at: number, fieldBytes: number, text: string): void {
  if (text.length >= fieldBytes) throw new RangeError(`text of ${text.length} characters in a field of ${fieldBytes}`)
  for (let index = 0; index < text.length; index++) {
    const character = text.charCodeAt(index)
    if (character === 0 || character > 255) throw new RangeError(`character ${character} in a field of bytes`)
    out[at + index] = character
  }
}

/** @returns where the next one goes */
function writeOption(out: Buffer, at: number, code: number, value: Uint8Array | undefined): number {
  if (value === undefined) return at
  checkOption(code, value)
  let [from, to] = [0, at]
  do {
    const part = Math.min(value.length - from, PART_BYTES_MAX)
    out[to] = code
    out[to + 1] = part
    for (let index = 0; index < part; index++) out[to + 2 + index] = value[from + index]!
    from += part
    to += 2 + part
  } while (from < value.length)
  return to
}

function checkOption(code: number, value: Uint8Array): void {
  if (code <= OPTION.pad || code >= OPTION.end || code === OPTION.overload) throw new RangeError(`option ${code}`)
  const length = LENGTHS.get(code)
  if (length !== undefined && value.length !== length) {
    throw new RangeError(`option ${code} of ${value.length} bytes, not ${length}`)
  }
}

/** What of the options goes into a message of `bytesMax`. */
function fit(options: Options, bytesMax: number): Options {
  if (messageBytes(options) <= bytesMax) return options
  const kept = new Map(options)
  const droppable = [...options.keys()].filter((code) => !INDISPENSABLE.has(code))
  for (const code of [OPTION.relayAgent, ...droppable].toReversed()) {
    kept.delete(code)
    if (messageBytes(kept) <= bytesMax) return kept
  }
  throw new RangeError(`a message of ${messageBytes(kept)} bytes where ${bytesMax} fit`)
}

/** Before padding. */
function messageBytes(options: Options): number {
  let bytes = OPTIONS_AT + 3 + 1 // option 53, END
  for (const value of options.values()) {
    bytes += value.length + 2 * Math.max(1, Math.ceil(value.length / PART_BYTES_MAX))
  }
  return bytes
}
