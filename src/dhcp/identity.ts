/**
 * Who a machine says it is: its hardware address and its GUID, as text.
 */
import type { Message } from './message.ts'
import { OPTION, type Options } from './options.ts'

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
/** Of a client id that stands for an address: longer ones are cut, so that no machine is a kilobyte of text. */
const CLIENT_ID_BYTES_MAX = 32

/**
 * `52:54:00:aa:bb:cc`: what this room tells machines apart by. Neither the GUID (some boards share one) nor the xid
 * (iPXE repeats its own) would do. A machine without a hardware address goes by its client id (RFC 4390).
 */
export function macOf(message: Message): string {
  const { chaddr, hlen, options } = message
  if (hlen > 0) return colonHex(chaddr, hlen)
  const id = options.get(OPTION.clientId)!
  return colonHex(id, Math.min(id.length, CLIENT_ID_BYTES_MAX))
}

function colonHex(bytes: Uint8Array, length: number): string {
  let text = length > 0 ? HEX[bytes[0]!]! : ''
  for (let at = 1; at < length; at++) text += `:${HEX[bytes[at]!]!}`
  return text
}

/**
 * Option 97 as SMBIOS and iPXE print it. On the wire its first three groups are little endian (RFC 4578 section 2.3).
 *
 * @returns undefined also for all zeros and all ones, which boards without one of their own send
 */
export function uuidOf(options: Options): string | undefined {
  const value = validGuid(options)
  return value === undefined ? undefined : parseGuid(value)
}

/** Option 97 if it is one that can be echoed: type 0 and 16 bytes. */
export function validGuid(options: Options): Uint8Array | undefined {
  const value = options.get(OPTION.machineGuid)
  return value?.length === 17 && value[0] === 0 ? value : undefined
}

/** From the little endian to the printed order, by position in option 97. */
const PRINTED_ORDER = [4, 3, 2, 1, -1, 6, 5, -1, 8, 7, -1, 9, 10, -1, 11, 12, 13, 14, 15, 16]

function parseGuid(value: Uint8Array): string | undefined {
  const bytes = value.subarray(1)
  if (bytes.every((byte) => byte === 0) || bytes.every((byte) => byte === 0xff)) return undefined
  return PRINTED_ORDER.map((at) => (at < 0 ? '-' : HEX[value[at]!]!)).join('')
}
