/**
 * strconv.FormatFloat for float64: the digits, without flags, width or padding.
 *
 * Shortest digits come from JavaScript, which like Go gives the fewest that read back as the same number. A given
 * precision is computed from the exact decimal value and rounds half to even; `toFixed` rounds half up and stops at 100.
 */

export type FloatVerb = 'b' | 'e' | 'E' | 'f' | 'g' | 'G' | 'x' | 'X'

/** 0.`digits` times ten to the `point`; no leading and no trailing zeros, so zero has no digits. */
interface Decimal {
  readonly digits: string
  readonly point: number
}

/**
 * @param precision - digits after the point (significant digits for `g`); -1 for as many as needed
 * @returns with `-` when negative, `NaN`, `+Inf`, `-Inf`
 */
export function formatFloat(value: number, verb: FloatVerb, precision: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const magnitude = Math.abs(value)
  switch (verb) {
    case 'b': {
      const [mantissa, exponent] = split(magnitude)
      return `${sign}${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`
    }
    case 'x':
      return sign + hexadecimal(magnitude, precision)
    case 'X':
      return sign + hexadecimal(magnitude, precision).toUpperCase()
    case 'f': {
      const decimal = precision < 0 ? shortest(magnitude) : roundAt(exact(magnitude), precision, 'after the point')
      return sign + positional(decimal, precision < 0 ? Math.max(decimal.digits.length - decimal.point, 0) : precision)
    }
    case 'e':
    case 'E': {
      const decimal = precision < 0 ? shortest(magnitude) : roundAt(exact(magnitude), precision + 1, 'in all')
      return sign + scientific(decimal, precision < 0 ? decimal.digits.length - 1 : precision, verb)
    }
    case 'g':
    case 'G':
    default:
      return sign + general(magnitude, verb === 'g' ? 'e' : 'E', precision)
  }
}

/** `%e` for an exponent below -4 or not below the precision (6 when the shortest was asked for), else `%f`. */
function general(magnitude: number, letter: 'e' | 'E', precision: number): string {
  const asked = precision === 0 ? 1 : precision
  const decimal = asked < 0 ? shortest(magnitude) : roundAt(exact(magnitude), asked, 'in all')
  const { digits, point } = decimal
  const exponentFrom = asked < 0 ? 6 : asked > digits.length && digits.length >= point ? digits.length : asked
  if (point - 1 < -4 || point - 1 >= exponentFrom) return scientific(decimal, digits.length - 1, letter)
  return positional(decimal, Math.max(digits.length - point, 0))
}

function scientific({ digits, point }: Decimal, precision: number, letter: 'e' | 'E'): string {
  const exponent = digits === '' ? 0 : point - 1
  const fraction = precision > 0 ? `.${digits.slice(1, precision + 1).padEnd(precision, '0')}` : ''
  return `${digits[0] ?? '0'}${fraction}${letter}${exponent < 0 ? '-' : '+'}${twoDigits(Math.abs(exponent))}`
}

function positional({ digits, point }: Decimal, precision: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0'
  if (precision === 0) return whole
  const fraction = point >= 0 ? digits.slice(point) : '0'.repeat(Math.min(-point, precision)) + digits
  return `${whole}.${fraction.slice(0, precision).padEnd(precision, '0')}`
}

/** `1.8p+01` with `0x` in front; the mantissa is normalised to one bit before the point. */
function hexadecimal(magnitude: number, precision: number): string {
  let [mantissa, exponent] = split(magnitude)
  if (mantissa === 0n) exponent = 0
  else {
    const shift = 53 - mantissa.toString(2).length
    mantissa <<= BigInt(shift)
    exponent += 52 - shift
  }
  // Four bits before the point now, of which the last is set (unless the number is zero), and 13 digits after it.
  let digits = 13
  if (precision >= 0 && precision < 13) {
    mantissa = halfToEven(mantissa, BigInt(4 * (13 - precision)))
    digits = precision
    if (mantissa >> BigInt(4 * digits) > 1n) {
      mantissa >>= 1n
      exponent += 1
    }
  }
  const fraction = (mantissa & ((1n << BigInt(4 * digits)) - 1n)).toString(16).padStart(digits, '0').slice(0, digits)
  const shown = precision < 0 ? trimZeros(fraction) : fraction.padEnd(precision, '0')
  const lead = mantissa >> BigInt(4 * digits)
  return `0x${lead}${shown === '' ? '' : `.${shown}`}p${exponent < 0 ? '-' : '+'}${twoDigits(Math.abs(exponent))}`
}

function halfToEven(value: bigint, bits: bigint): bigint {
  const kept = value >> bits
  const rest = value - (kept << bits)
  const half = 1n << (bits - 1n)
  return rest > half || (rest === half && (kept & 1n) === 1n) ? kept + 1n : kept
}

const view = new DataView(new ArrayBuffer(8))

/** `mantissa * 2^exponent`, the mantissa a whole number with its hidden bit (IEEE 754 binary64). */
function split(magnitude: number): [mantissa: bigint, exponent: number] {
  view.setFloat64(0, magnitude)
  const bits = view.getBigUint64(0)
  const exponent = Number(bits >> 52n)
  const fraction = bits & 0xf_ffff_ffff_ffffn
  return exponent === 0 ? [fraction, -1074] : [fraction | (1n << 52n), exponent - 1075]
}

const COST_MIN = 64

/**
 * What a given precision costs for this number, in characters of work: all its digits are computed, however few are
 * shown, and the further it is from 1 the more it has.
 */
export function costOfDigits(value: number): number {
  const bits = value === 0 || !Number.isFinite(value) ? 0 : Math.abs(Math.log2(Math.abs(value)))
  return COST_MIN + Math.ceil(bits)
}

/** Every digit of a number: at most some 770, for a float64 is a whole number over a power of two. */
function exact(magnitude: number): Decimal {
  const [mantissa, exponent] = split(magnitude)
  if (mantissa === 0n) return { digits: '', point: 0 }
  const places = Math.max(-exponent, 0)
  const digits =
    exponent >= 0 ? (mantissa << BigInt(exponent)).toString() : (mantissa * 5n ** BigInt(places)).toString()
  return { digits: trimZeros(digits), point: digits.length - places }
}

function shortest(magnitude: number): Decimal {
  if (magnitude === 0) return { digits: '', point: 0 }
  const text = magnitude.toExponential()
  const e = text.indexOf('e')
  return { digits: trimZeros(text.slice(0, e).replace('.', '')), point: Number(text.slice(e + 1)) + 1 }
}

/** Round half to even after `count` digits, which are counted from the first one or from the decimal point. */
function roundAt(decimal: Decimal, count: number, from: 'in all' | 'after the point'): Decimal {
  const { digits, point } = decimal
  const keep = from === 'in all' ? count : point + count
  if (keep >= digits.length) return decimal
  if (keep < 0) return { digits: '', point: 0 }
  const kept = digits.slice(0, keep)
  if (!roundsUp(digits, keep)) return { digits: trimZeros(kept), point: trimZeros(kept) === '' ? 0 : point }
  const raised = (BigInt(kept === '' ? '0' : kept) + 1n).toString().padStart(keep, '0')
  return { digits: trimZeros(raised), point: point + (raised.length - keep) }
}

function roundsUp(digits: string, keep: number): boolean {
  // No digits follow the last one, and that is not a zero: a lone 5 is exactly one half.
  const half = digits[keep] === '5' && keep + 1 === digits.length
  if (half) return keep > 0 && Number(digits[keep - 1]) % 2 === 1
  return digits[keep]! >= '5'
}

function trimZeros(digits: string): string {
  let end = digits.length
  while (end > 0 && digits[end - 1] === '0') end -= 1
  return digits.slice(0, end)
}

function twoDigits(exponent: number): string {
  return exponent < 10 ? `0${exponent}` : String(exponent)
}
