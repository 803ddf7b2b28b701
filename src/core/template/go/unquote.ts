/**
 * The values of Go's string and character literals: strconv.Unquote and UnquoteChar.
 */
import { canonical } from '../../utf8.ts'
import { isSurrogate, RUNE_ERROR, RUNE_MAX } from './format/runes.ts'

/** What a `"quoted"` or a `` `raw` `` literal stands for; undefined for an escape that Go does not know. */
export function unquote(literal: string): string | undefined {
  const body = literal.slice(1, -1)
  if (literal.startsWith('`')) return body.replaceAll('\r', '')
  let text = ''
  for (let at = 0; at < body.length;) {
    const char = unquoteChar(body, at, '"')
    if (char === undefined) return undefined
    text += char.isByte ? byteText(char.value) : String.fromCodePoint(char.value)
    at = char.end
  }
  return canonical(text)
}

interface Char {
  readonly value: number
  /** The value is a byte, from `\xff` or `\377`, and not a character. */
  readonly isByte: boolean
  /** Where the next character starts. */
  readonly end: number
}

const SIMPLE = new Map([
  ['a', 0x07],
  ['b', 0x08],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['v', 0x0b],
  ['\\', 0x5c],
])

const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

/** The character or escape at `at`; undefined where none can be: at the end, at the closing mark, at a wrong escape. */
export function unquoteChar(text: string, at: number, mark: '"' | "'"): Char | undefined {
  const rune = text.codePointAt(at)
  if (rune === undefined || text[at] === mark) return undefined
  if (text[at] !== '\\') {
    const value = isSurrogate(rune) ? RUNE_ERROR : rune
    return { value, isByte: false, end: at + (rune > 0xffff ? 2 : 1) }
  }
  const letter = text[at + 1] ?? ''
  const simple = letter === mark ? mark.charCodeAt(0) : SIMPLE.get(letter)
  if (simple !== undefined) return { value: simple, isByte: false, end: at + 2 }
  const length = HEX_DIGITS[letter]
  if (length !== undefined) return escape(text, at + 2, length, 16, letter === 'x')
  return letter >= '0' && letter <= '7' ? escape(text, at + 1, 3, 8, true) : undefined
}

function escape(text: string, at: number, length: number, base: 8 | 16, isByte: boolean): Char | undefined {
  const digits = text.slice(at, at + length)
  const wellFormed = digits.length === length && (base === 16 ? /^[0-9a-fA-F]+$/ : /^[0-7]+$/).test(digits)
  const value = wellFormed ? Number.parseInt(digits, base) : -1
  const allowed = isByte ? value <= 0xff : value <= RUNE_MAX && !isSurrogate(value)
  return wellFormed && allowed ? { value, isByte, end: at + length } : undefined
}

function byteText(byte: number): string {
  return String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)
}
