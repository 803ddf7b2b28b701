/**
 * Numbers with flags, width and precision: the number half of Go's fmt/format.go.
 */
import { formatFloat } from './float.ts'
import type { FloatVerb } from './float.ts'
import { quoteRune } from './quote.ts'
import { isPrint, isSurrogate, RUNE_ERROR, RUNE_MAX } from './runes.ts'
import { pad, padBlank } from './spec.ts'
import type { Spec } from './spec.ts'

type Base = 2 | 8 | 10 | 16

/** @param letters - `O` writes `0o` in front; `X` makes the digits and the `0X` upper case */
export function formatInteger(value: bigint, base: Base, spec: Spec, letters: 'O' | 'X' | '' = ''): string {
  // Nothing at all: a precision of zero hides the number zero.
  if (spec.precision === 0 && value === 0n) return ' '.repeat(spec.width ?? 0)
  const negative = value < 0n
  let digits = (negative ? -value : value).toString(base)
  if (letters === 'X') digits = digits.toUpperCase()
  digits = digits.padStart(leastDigits(negative, spec), '0')
  const sign = negative ? '-' : spec.plus ? '+' : spec.space ? ' ' : ''
  return padBlank(sign + basePrefix(digits, base, spec, letters) + digits, spec)
}

/** Leading zeros are asked for as `%.3d` or as `%03d`; with both, the width is filled with blanks. */
function leastDigits(negative: boolean, spec: Spec): number {
  if (spec.precision !== undefined) return spec.precision
  if (!spec.zero || spec.width === undefined) return 0
  return negative || spec.plus || spec.space ? spec.width - 1 : spec.width
}

function basePrefix(digits: string, base: Base, spec: Spec, letters: string): string {
  if (letters === 'O') return spec.sharp && digits[0] !== '0' ? '0o0' : '0o'
  if (!spec.sharp || base === 10) return ''
  if (base === 2) return '0b'
  if (base === 8) return digits[0] === '0' ? '' : '0'
  return letters === 'X' ? '0X' : '0x'
}

/** `%x` of a float shows its 0x always; `%v` is `%g`. */
export function formatFloating(value: number, verb: FloatVerb, precision: number, spec: Spec): string {
  const digits = spec.precision ?? precision
  const text = formatFloat(value, verb, digits)
  const signed = text[0] === '-' || text[0] === '+' ? text : `+${text}`
  const sign = spec.space && signed[0] === '+' && !spec.plus ? ' ' : signed[0]!
  if (!Number.isFinite(value)) {
    const bare = Number.isNaN(value) && !spec.space && !spec.plus
    return padBlank(bare ? 'NaN' : sign + signed.slice(1), spec)
  }
  const body = spec.sharp && verb !== 'b' ? withPoint(signed.slice(1), verb, digits) : signed.slice(1)
  if (sign === '+' && !spec.plus) return pad(body, spec)
  // Zeros go between the sign and the digits.
  if (spec.zero && spec.width !== undefined) return sign + body.padStart(spec.width - 1, '0')
  return pad(sign + body, spec)
}

/** The sharp flag: always a decimal point, and for `%g` the trailing zeros that it leaves away. */
function withPoint(number: string, verb: FloatVerb, precision: number): string {
  const hexadecimal = verb === 'x' || verb === 'X'
  const tailAt = number.search(hexadecimal ? /[pP]/ : /[eE]/)
  const mantissa = tailAt < 0 ? number : number.slice(0, tailAt)
  const tail = tailAt < 0 ? '' : number.slice(tailAt)
  const wanted = verb === 'g' || verb === 'G' || verb === 'x' ? (precision < 0 ? 6 : precision) : 0
  // Digits from the first that is not zero. Go takes the x of 0x for one of them.
  const counted = mantissa.replace('.', '').replace(/^0+/, '').length
  const lone = mantissa === '0' ? 1 : 0
  const pointed = mantissa.includes('.') ? mantissa : `${mantissa}.`
  return pointed + '0'.repeat(Math.max(wanted - counted - lone, 0)) + tail
}

/** `(1+2i)`; each part has the width, and the imaginary part always its sign. */
export function formatComplex(real: number, imaginary: number, verb: FloatVerb, precision: number, spec: Spec): string {
  const first = formatFloating(real, verb, precision, spec)
  const { plus } = spec
  spec.plus = true
  const second = formatFloating(imaginary, verb, precision, spec)
  spec.plus = plus
  return `(${first}${second}i)`
}

/** `%c`. */
export function formatChar(value: bigint, spec: Spec): string {
  const rune = toRune(value)
  return pad(String.fromCodePoint(isSurrogate(rune) ? RUNE_ERROR : rune), spec)
}

/** `%q` of an integer. */
export function formatQuotedChar(value: bigint, spec: Spec): string {
  return pad(quoteRune(toRune(value), spec.plus), spec)
}

/** `%U`: `U+0078`, and with the sharp flag `U+0078 'x'`. A negative number shows as the uint64 with its bits. */
export function formatUnicode(value: bigint, spec: Spec): string {
  const unsigned = BigInt.asUintN(64, value)
  const digits = unsigned
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(spec.precision ?? 0, 4), '0')
  const shown = spec.sharp && unsigned <= BigInt(RUNE_MAX) && isPrint(Number(unsigned))
  return padBlank(`U+${digits}${shown ? ` '${String.fromCodePoint(Number(unsigned))}'` : ''}`, spec)
}

function toRune(value: bigint): number {
  return value < 0n || value > BigInt(RUNE_MAX) ? RUNE_ERROR : Number(value)
}
