/**
 * IPv4 addresses: a u32 in messages, as on the wire; dotted text for sockets, URLs and people.
 */

/** @returns undefined unless it is four decimal numbers of 0 to 255 */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return undefined
  return parts.reduce((address, part) => address * 256 + Number(part), 0)
}

export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`
}

/** That a datagram can be sent to as to one host: not 0/8, loopback, multicast, reserved or broadcast (RFC 6890). */
export function isUnicast(address: number): boolean {
  const first = address >>> 24
  return first !== 0 && first !== 127 && first < 224
}
