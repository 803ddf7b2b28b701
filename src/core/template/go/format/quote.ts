/**
 * Go source text for strings and characters: strconv.Quote, QuoteRune, CanBackquote.
 */
import { isPrint, isSurrogate, RUNE_ERROR, RUNE_MAX } from './runes.ts'

/**
 * A double-quoted Go string literal. A byte that is not UTF-8 reads `\xff`.
 *
 * @param ascii - escape everything beyond ASCII, as `%+q` does
 */
export function quote(text: string, ascii = false): string {
  const marked = text.replace(/["\\]/g, '\\$&')
  const escaped = marked.replace(ascii ? NOT_ASCII : NOT_PRINTABLE, (char) => {
    const rune = char.codePointAt(0)!
    return isSurrogate(rune) ? `\\x${hex(rune & 0xff, 2)}` : escapeRune(rune, '"', ascii)
  })
  return `"${escaped}"`
}

const NOT_ASCII = /[^ -~]/gu
const NOT_PRINTABLE = /[^ \p{L}\p{M}\p{N}\p{P}\p{S}]/gu

/** A single-quoted Go character literal; what is no character reads `'�'`. */
export function quoteRune(rune: number, ascii = false): string {
  const valid = rune >= 0 && rune <= RUNE_MAX && !isSurrogate(rune)
  return `'${escapeRune(valid ? rune : RUNE_ERROR, "'", ascii)}'`
}

const SHORT = new Map([
  [0x07, '\\a'],
  [0x08, '\\b'],
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0b, '\\v'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
])

function escapeRune(rune: number, mark: '"' | "'", ascii: boolean): string {
  const char = String.fromCodePoint(rune)
  if (char === mark || char === '\\') return `\\${char}`
  if (isPrint(rune) && (rune < 0x80 || !ascii)) return char
  const short = SHORT.get(rune)
  if (short !== undefined) return short
  if (rune < 0x20 || rune === 0x7f) return `\\x${hex(rune, 2)}`
  return rune < 0x10000 ? `\\u${hex(rune, 4)}` : `\\U${hex(rune, 8)}`
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}

/** Whether a text can stand unchanged between backquotes: one line, no control characters other than tab. */
export function canBackquote(text: string): boolean {
  return !/[\0-\x08\n-\x1f`\x7f\ufeff]/.test(text) && text.isWellFormed() // else there are bytes that are not UTF-8
}
