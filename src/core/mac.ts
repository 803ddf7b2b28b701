/**
 * MAC addresses in text, as Go's `net.ParseMAC` reads them: 6, 8 or 20 bytes (Ethernet, EUI-64, IP over InfiniBand).
 */

const NORMAL = /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/
const HYPHENS = /^(?:[0-9a-f]{2}-){5}[0-9a-f]{2}$/i
const PAIRS = /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2})*$/i
const QUADS = /^[0-9a-f]{4}(?:\.[0-9a-f]{4})+$/i
const BYTES = new Set([6, 8, 20])
/** 20 bytes with a separator between each two. */
const TEXT_MAX = 59

/**
 * The normal form, lower case with colons, of `52:54:00:89:D8:10`, `52-54-00-89-d8-10` or `5254.0089.d810`.
 *
 * @returns undefined when the text is no MAC address
 */
export function normalizeMac(text: string): string | undefined {
  if (NORMAL.test(text)) return text
  if (HYPHENS.test(text)) return text.replaceAll('-', ':').toLowerCase() // as iPXE writes it
  if (text.length > TEXT_MAX || !(PAIRS.test(text) || QUADS.test(text))) return undefined
  const digits = text.replaceAll(/[:.-]/g, '').toLowerCase()
  if (!BYTES.has(digits.length / 2)) return undefined
  return digits.match(/../g)!.join(':')
}
