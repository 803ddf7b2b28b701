/**
 * Characters as Go counts and classifies them.
 *
 * Go walks a string rune by rune; a byte that is not UTF-8 is one rune, U+FFFD, of width 1. Here that byte is a lone
 * surrogate (see core/utf8.ts), so one step of a JavaScript string iterator is one rune of Go.
 *
 * The tables are those of Node's ICU, which knows characters that Go 1.19 (Unicode 13) did not know yet.
 */

/** U+FFFD, what Go reads where there is no valid character. */
export const RUNE_ERROR = 0xfffd

export const RUNE_MAX = 0x10ffff

/** A lone surrogate: in Go a byte that is not UTF-8, or a rune that must not exist. */
export function isSurrogate(rune: number): boolean {
  return rune >= 0xd800 && rune <= 0xdfff
}

/** utf8.RuneCountInString. */
export function runeCount(text: string): number {
  let count = text.length
  for (let at = 0; at < text.length; at++) {
    if (text.codePointAt(at)! > 0xffff) {
      count -= 1
      at += 1
    }
  }
  return count
}

/** The first `count` runes. */
export function truncateRunes(text: string, count: number): string {
  if (text.length <= count) return text
  let at = 0
  for (let left = count; left > 0 && at < text.length; left--) at += text.codePointAt(at)! > 0xffff ? 2 : 1
  return text.slice(0, at)
}

const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u

/** strconv.IsPrint and unicode.IsPrint: letters, marks, numbers, punctuation, symbols, and of the spaces only U+0020. */
export function isPrint(rune: number): boolean {
  if (rune < 0x7f) return rune >= 0x20
  return rune <= RUNE_MAX && !isSurrogate(rune) && PRINTABLE.test(String.fromCodePoint(rune))
}

const LETTER_OR_DIGIT = /^[\p{L}\p{Nd}]$/u

/** What identifiers are made of: letters, decimal digits and the underscore. */
export function isAlphaNumeric(rune: number): boolean {
  if (rune < 0x80) {
    return (
      (rune >= 0x61 && rune <= 0x7a) ||
      (rune >= 0x41 && rune <= 0x5a) ||
      (rune >= 0x30 && rune <= 0x39) ||
      rune === 0x5f
    )
  }
  return !isSurrogate(rune) && LETTER_OR_DIGIT.test(String.fromCodePoint(rune))
}
