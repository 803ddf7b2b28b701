/**
 * DHCP options: the numbers that matter when machines boot, and values read out of them.
 *
 * An option is bytes until somebody asks for more. A getter answers `undefined` for an option that is absent and for one
 * whose size is not what its definition says: nothing in here throws.
 *
 * @see RFC 2132 (most), RFC 3004 (77), RFC 4578 (93, 97)
 */

/** By code, in the order of the message; values of one code are joined (RFC 3396). */
export type Options = ReadonlyMap<number, Uint8Array>

export const OPTION = {
  pad: 0,
  subnetMask: 1,
  router: 3,
  vendorEncapsulated: 43,
  requestedAddress: 50,
  leaseTime: 51,
  overload: 52,
  messageType: 53,
  serverId: 54,
  maxMessageSize: 57,
  vendorClass: 60,
  clientId: 61,
  bootFile: 67,
  userClass: 77,
  relayAgent: 82,
  architecture: 93,
  machineGuid: 97,
  ipxe: 175,
  end: 255,
} as const

/** RFC 2132 section 9.10; also the limit that holds where the option is absent, as bytes of UDP payload. */
const MESSAGE_BYTES_MIN = 576
const IP_AND_UDP_BYTES = 28
/** What EDK2 and iPXE ask for, 1472, with their own headers taken off: an offer never needs fragments. */
const REPLY_BYTES_MAX = 1444

export function u16(options: Options, code: number): number | undefined {
  const value = options.get(code)
  return value?.length === 2 ? (value[0]! << 8) | value[1]! : undefined
}

/** Of an address as well. */
export function u32(options: Options, code: number): number | undefined {
  const value = options.get(code)
  if (value?.length !== 4) return undefined
  return ((value[0]! << 24) | (value[1]! << 16) | (value[2]! << 8) | value[3]!) >>> 0
}

/** Compares bytes with ASCII text. */
export function startsWith(value: Uint8Array, text: string): boolean {
  if (value.length < text.length) return false
  for (let at = 0; at < text.length; at++) if (value[at] !== text.charCodeAt(at)) return false
  return true
}

/** Bytes up to the first NUL, each one character. */
export function latin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    if (byte === 0) break
    text += String.fromCharCode(byte)
  }
  return text
}

/** Option 93: one number or, rarely, a list (RFC 4578 section 2.1). */
export function architectures(options: Options): readonly number[] {
  const value = options.get(OPTION.architecture)
  if (value === undefined || value.length % 2 !== 0) return []
  const numbers: number[] = []
  for (let at = 0; at < value.length; at += 2) numbers.push((value[at]! << 8) | value[at + 1]!)
  return numbers
}

/** How long a reply may be, in bytes of UDP payload (RFC 2132 section 9.10 counts the headers below it as well). */
export function replyBytesMax(options: Options): number {
  const asked = u16(options, OPTION.maxMessageSize) ?? 0
  return Math.min(Math.max(asked, MESSAGE_BYTES_MIN) - IP_AND_UDP_BYTES, REPLY_BYTES_MAX)
}

/**
 * Option 77. RFC 3004 wants a list of {length, bytes}; iPXE, dhclient and others put the bare text there. It is a list
 * when the lengths add up exactly, none is 0 and it does not read as text.
 */
export function userClasses(options: Options): readonly string[] {
  const value = options.get(OPTION.userClass)
  if (value === undefined || value.length === 0) return []
  const list = value.every(isPrintable) ? undefined : readClassList(value)
  return list ?? [latin1(value)]
}

function readClassList(value: Uint8Array): string[] | undefined {
  const classes: string[] = []
  let at = 0
  while (at < value.length) {
    const length = value[at]!
    const end = at + 1 + length
    if (length === 0 || end > value.length) return undefined
    classes.push(latin1(value.subarray(at + 1, end)))
    at = end
  }
  return classes
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f
}

/**
 * The options inside option 43 or 175: {code, length, bytes}, with pads and an end that may be missing. The first of a
 * code counts. What does not fit ends the walk; the message around it is none the worse.
 */
export function subOptions(block: Uint8Array): Options {
  const found = new Map<number, Uint8Array>()
  let at = 0
  while (at < block.length) {
    const code = block[at]!
    at += 1
    if (code === OPTION.pad) continue
    if (code === OPTION.end || at === block.length) break
    const end = at + 1 + block[at]!
    if (end > block.length) break
    if (!found.has(code)) found.set(code, block.subarray(at + 1, end))
    at = end
  }
  return found
}
