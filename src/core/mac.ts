/**
 * MAC addresses in text, as Go's `net.ParseMAC` reads them: 6, 8 or 20 bytes (Ethernet, EUI-64, IP over InfiniBand).
 */

const PAIRS = /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2})*$/i
const QUADS = /^[0-9a-f]{4}(?:\.[0-9a-f]{4})+$/i
const BYTES = new Set([6, 8, 20])
/** 6 and 20 bytes with a separator between each two. */
const [ETHERNET_TEXT, TEXT_MAX] = [17, 59]

/**
 * The normal form, lower case with colons, of `52:54:00:89:D8:10`, `52-54-00-89-d8-10` or `5254.0089.d810`.
 *
 * @returns undefined when the text is no MAC address
 */
export function normalizeMac(text: string): string | undefined {
  if (text.length === ETHERNET_TEXT) return normalizeEthernet(text)
  if (text.length > TEXT_MAX || !(PAIRS.test(text) || QUADS.test(text))) return undefined
  const digits = text.replaceAll(/[:.-]/g, '').toLowerCase()
  if (!BYTES.has(digits.length / 2)) return undefined
  return digits.match(/../g)!.join(':')
}

const [COLON, HYPHEN, CASE] = [0x3a, 0x2d, 0x20]
const codes = Buffer.alloc(ETHERNET_TEXT)

/** Character by character, since nearly every request brings one: a sixth of the time that regular expressions take. */
function normalizeEthernet(text: string): string | undefined {
  const separator = text.charCodeAt(2)
  if (separator !== COLON && separator !== HYPHEN) return undefined
  for (let at = 0; at < ETHERNET_TEXT; at++) {
    const code = text.charCodeAt(at)
    if (at % 3 === 2) {
      if (code !== separator) return undefined
      codes[at] = COLON
    } else {
      const digit = code | CASE
      const isHex = (code >= 0x30 && code <= 0x39) || (digit >= 0x61 && digit <= 0x66)
      if (!isHex) return undefined
      codes[at] = code <= 0x39 ? code : digit
    }
  }
  return codes.toString('latin1')
}
