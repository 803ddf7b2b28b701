/**
 * The values of Go's number and character constants, as text/template/parse reads them.
 *
 * A template has no declared types, so the spelling decides: `1e3` is a float64, `1000` an int, `1i` a complex128.
 */
import { quote } from './format/quote.ts'
import { Complex } from './operand.ts'
import { unquoteChar } from './unquote.ts'

/** An integer beyond int64 parses, and is an error when it is used. */
export type Constant = bigint | number | Complex | 'overflow'

/** Not a constant; the message is Go's. */
export class ConstantError extends Error {}

const INT_MIN = -(2n ** 63n)
const INT_MAX = 2n ** 63n - 1n
const UINT_MAX = 2n ** 64n - 1n

/** @param text - a literal between single quotes. @throws {ConstantError} */
export function parseCharacter(text: string): bigint {
  const char = unquoteChar(text, 1, "'")
  if (char === undefined) throw new ConstantError('invalid syntax')
  if (text.slice(char.end) !== "'") throw new ConstantError(`malformed character constant: ${text}`)
  return BigInt(char.value)
}

/** @param text - such as `1+2i`; the lexer saw to it that it ends in an i. @throws {ConstantError} */
export function parseComplex(text: string): Complex {
  // The sign that parts the two is the last one that does not belong to an exponent.
  const sign = /^[+-]?[^+-]*[eEpP][+-]?[^+-]*|^[+-]?[^+-]*/.exec(text)![0].length
  const [first, second] = [text.slice(0, sign), text.slice(sign, -1)]
  // Go takes the i of a lone +i for the start of +Inf.
  if (first.endsWith('i') || second.length < 2) throw new ConstantError('syntax error scanning complex number')
  return new Complex(scanFloat(first), scanFloat(second))
}

function scanFloat(text: string): number {
  const value = parseFloating(text)
  if (value === undefined) throw new ConstantError(`strconv.ParseFloat: parsing ${quote(text)}: invalid syntax`)
  return value
}

/** Any other number. @throws {ConstantError} */
export function parseNumber(text: string): Constant {
  if (text.endsWith('i')) {
    const imaginary = parseFloating(text.slice(0, -1))
    if (imaginary !== undefined) return new Complex(0, imaginary)
  }
  const integer = parseInteger(text)
  if (integer !== undefined) {
    // A signed hexadecimal with an E in it looks like a float to Go, which has seen its value as both.
    if (looksLikeFloat(text) && integer >= INT_MIN && integer <= INT_MAX) return Number(integer)
    if (integer >= INT_MIN && integer <= INT_MAX) return integer
    if (integer <= UINT_MAX && !/^[+-]/.test(text)) return 'overflow'
  }
  const floating = parseFloating(text)
  if (floating === undefined) throw new ConstantError(`illegal number syntax: ${quote(text)}`)
  if (!/[.eEpP]/.test(text)) throw new ConstantError(`integer overflow: ${quote(text)}`)
  return floating
}

/** Go's test on the text alone: a point or an exponent, in what does not start as a hexadecimal integer does. */
function looksLikeFloat(text: string): boolean {
  const hexadecimal = /^0[xX]./.test(text) && !/[pP]/.test(text)
  return !hexadecimal && /[.eEpP]/.test(text)
}

const INTEGER = /^([+-]?)(?:0[xX]([0-9a-fA-F_]+)|0[bB]([01_]+)|0[oO]?([0-7_]+)|0|([1-9][0-9_]*))$/

/** strconv.ParseInt with base 0, of any size up to some that is too large anyway. */
function parseInteger(text: string): bigint | undefined {
  const match = INTEGER.exec(text)
  if (match === null || !underscoresOk(text)) return undefined
  const [, sign, hexadecimal, binary, octal, decimal = '0'] = match
  const [digits, prefix] =
    hexadecimal !== undefined
      ? [hexadecimal, '0x']
      : binary !== undefined
        ? [binary, '0b']
        : octal !== undefined
          ? [octal, '0o']
          : [decimal, '']
  // 66 digits hold 2^64 in any base; more of them, zeros in front apart, need not be computed.
  const significant = digits.replaceAll('_', '').replace(/^0+/, '').slice(0, 66)
  const magnitude = BigInt(`${prefix}${significant === '' ? '0' : significant}`)
  return sign === '-' ? -magnitude : magnitude
}

const DECIMAL = /^[+-]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?$/
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F_]*)(?:\.([0-9a-fA-F_]*))?[pP]([+-]?\d[\d_]*)$/

/** strconv.ParseFloat; undefined for what is no number and for what is too large for a float64. */
function parseFloating(text: string): number | undefined {
  if (!underscoresOk(text)) return undefined
  const plain = text.replaceAll('_', '')
  const hexadecimal = HEXADECIMAL.exec(plain)
  const value = hexadecimal !== null ? fromHexadecimal(hexadecimal) : DECIMAL.test(text) ? Number(plain) : NaN
  return Number.isFinite(value) ? value : undefined
}

function fromHexadecimal([, sign, whole = '', fraction = '', exponent]: RegExpExecArray): number {
  const digits = (whole + fraction).replace(/^0+/, '')
  if (whole + fraction === '') return NaN
  if (digits === '') return sign === '-' ? -0 : 0
  // Twenty digits are more than a float64 holds; what follows them counts only as "a little more".
  const kept = BigInt(`0x${digits.slice(0, 20)}`) * 2n + (/[^0]/.test(digits.slice(20)) ? 1n : 0n)
  const dropped = Math.max(digits.length - 20, 0)
  const scale = Number(exponent) + 4 * (dropped - fraction.length) - 1
  const magnitude = scaleByTwo(Number(kept), scale)
  return sign === '-' ? -magnitude : magnitude
}

/** `value * 2^exponent`, where 2^exponent itself may be out of range. */
function scaleByTwo(value: number, exponent: number): number {
  const first = Math.max(-1000, Math.min(1000, exponent))
  return value * 2 ** first * 2 ** (exponent - first)
}

/** Underscores stand between digits, or between a base prefix and a digit. */
function underscoresOk(text: string): boolean {
  if (!text.includes('_')) return true
  const hexadecimal = /^[+-]?0[xX]/.test(text)
  const digits = text.replace(/^[+-]?(?:0[xXoObB])?/, '0')
  return !(hexadecimal ? /(?:^|[^0-9a-fA-F])_|_(?:$|[^0-9a-fA-F])/ : /(?:^|[^0-9])_|_(?:$|[^0-9])/).test(digits)
}
