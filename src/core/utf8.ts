/**
 * Go strings are bytes, ours are UTF-16. The two meet here, without loss.
 *
 * A byte that is no part of valid UTF-8 becomes a lone surrogate, U+DC80 to U+DCFF for 0x80 to 0xFF (Python's
 * "surrogateescape", PEP 383), and goes back to the same byte. Valid UTF-8 never decodes to a surrogate that stands
 * alone, so every byte string has exactly one text, and text that is well formed is what it always was.
 */

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes to text. Never fails; the byte order mark stays, as in Go. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes)
  } catch {
    return decodeLoosely(bytes)
  }
}

function decodeLoosely(bytes: Uint8Array): string {
  const parts: string[] = []
  let from = 0
  let at = 0
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at)
    if (length > 0) {
      at += length
      continue
    }
    if (at > from) parts.push(strict.decode(bytes.subarray(from, at)))
    parts.push(String.fromCharCode(0xdc00 + bytes[at]!))
    at += 1
    from = at
  }
  if (at > from) parts.push(strict.decode(bytes.subarray(from, at)))
  return parts.join('')
}

/** The length of the valid UTF-8 sequence that starts at `at`, or 0 when there is none (Unicode table 3-7). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!
  if (lead < 0x80) return 1
  const second = bytes[at + 1] ?? 0
  if (lead >= 0xc2 && lead <= 0xdf) return isTail(second) ? 2 : 0
  const third = bytes[at + 2] ?? 0
  if (lead >= 0xe0 && lead <= 0xef) {
    const low = lead === 0xe0 ? 0xa0 : 0x80
    const high = lead === 0xed ? 0x9f : 0xbf
    return second >= low && second <= high && isTail(third) ? 3 : 0
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const low = lead === 0xf0 ? 0x90 : 0x80
    const high = lead === 0xf4 ? 0x8f : 0xbf
    return second >= low && second <= high && isTail(third) && isTail(bytes[at + 3] ?? 0) ? 4 : 0
  }
  return 0
}

function isTail(byte: number): boolean {
  return byte >= 0x80 && byte <= 0xbf
}

/** Text to bytes: the inverse of {@link decodeUtf8}. A surrogate that stands for no byte becomes U+FFFD. */
export function encodeUtf8(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8')
  const bytes = Buffer.alloc(byteLength(text))
  let end = 0
  let from = 0
  for (let at = 0; at < text.length; at++) {
    if (!isEscape(text, at)) continue
    if (at > from) end += bytes.write(text.slice(from, at), end, 'utf8')
    bytes[end] = text.charCodeAt(at) - 0xdc00
    end += 1
    from = at + 1
  }
  bytes.write(text.slice(from), end, 'utf8')
  return bytes
}

/** Whether the unit at `at` stands for a byte, and is not the second half of a character. */
function isEscape(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc80 && unit <= 0xdcff && !isHighSurrogate(text.charCodeAt(at - 1))
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

/** How many bytes a text stands for: Go's `len` of a string. */
export function byteLength(text: string): number {
  const length = Buffer.byteLength(text, 'utf8')
  if (length === text.length || text.isWellFormed()) return length
  return length - 2 * countEscapes(text) // a lone surrogate was counted as U+FFFD, which takes three
}

function countEscapes(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at++) {
    if (isEscape(text, at)) count += 1
  }
  return count
}

/**
 * The one text of its bytes, for a text that was put together from parts: bytes that meant nothing alone may be
 * UTF-8 side by side. `canonical('\udcc3' + '\udca9')` is `'é'`.
 */
export function canonical(text: string): string {
  return text.isWellFormed() ? text : decodeUtf8(encodeUtf8(text))
}

/** Order of two texts by their bytes, as Go's `<` on strings. Negative, zero or positive. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at)
    const y = b.charCodeAt(at)
    if (x === y) continue
    // From here on surrogates are in play and UTF-16 order is not byte order.
    return x < 0xd800 && y < 0xd800 ? x - y : Buffer.compare(encodeUtf8(a), encodeUtf8(b))
  }
  return a.length - b.length
}
