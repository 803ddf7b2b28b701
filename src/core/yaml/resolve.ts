/**
 * What a scalar means where anything may stand: the typing of Go's yaml.v2 of 2016 (resolve.go).
 *
 * That is YAML 1.1 without dates and base 60, plus what Go's strconv reads: `0755` is 493, `yes` is true, `1_000` is
 * 1000, `08` is the float 8, while `2016-02-09` and `52:54:00:12:34:56` are text.
 */
import { decodeUtf8 } from '../utf8.ts'
import { Uint64, type Value, ValueMap } from '../value.ts'
import { type YamlScalar, yamlError } from './node.ts'

/**
 * The value of a scalar.
 *
 * @param source - only to say where in it an error is
 * @throws {ConfigError} `yaml` for a tag that the text does not fit, such as `!!int x`
 */
export function scalarValue(scalar: YamlScalar, source?: string): Value {
  const { text, tag } = scalar
  if (tag === '') return scalar.plain ? plainValue(text) : text
  switch (tag) {
    case '!!binary':
      return decodeUtf8(binary(scalar, source))
    case '!!bool':
    case '!!int':
    case '!!float':
    case '!!null': {
      const value = plainValue(text)
      if (tagOf(value) === tag) return value
      throw yamlError(`cannot decode ${tagOf(value)} \`${text}\` as a ${tag}`, scalar.offset, source)
    }
    default:
      return text
  }
}

/** `!!int` and the like: the tag that yaml.v2's messages give a value. */
export function tagOf(value: Value): string {
  if (value === null) return '!!null'
  if (typeof value === 'boolean') return '!!bool'
  if (typeof value === 'bigint' || value instanceof Uint64) return '!!int'
  if (typeof value === 'number') return '!!float'
  if (typeof value === 'string') return '!!str'
  return value instanceof ValueMap ? '!!map' : '!!seq'
}

const WORDS = new Map<string, Value>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, NaN] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word) => [word, Infinity] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, -Infinity] as const),
])
const WORD_LENGTH_MAX = 5

/** Whether a plain scalar of this text is a null. */
export function isNullText(text: string): boolean {
  return text.length <= WORD_LENGTH_MAX && WORDS.get(text) === null
}

/** What a text may be, by its first character; with any other it is text. */
const NUMBER = 1
const WORD = 2
const FIRST = new Uint8Array(128)
for (const character of '+-0123456789') FIRST[character.charCodeAt(0)] = NUMBER
for (const character of '.yYnNtTfFoO~') FIRST[character.charCodeAt(0)] = WORD

function plainValue(text: string): Value {
  if (text === '') return null
  const first = FIRST[text.charCodeAt(0)]
  if (!first) return text
  if (text.length <= WORD_LENGTH_MAX) {
    const word = WORDS.get(text)
    if (word !== undefined) return word
  }
  if (first === NUMBER) return number(text) ?? text
  return text.startsWith('.') ? (float(text) ?? text) : text
}

const SMALL = /^[1-9][0-9]{0,14}$/
const INTEGER = /^([-+]?)(0[bB][01]+|0[oO][0-7]+|0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/
/** More digits than any 64-bit integer has, in any base and with the leading zeros that people write. */
const INTEGER_LENGTH_MAX = 80
const INT64_MAX = (1n << 63n) - 1n
const UINT64_MAX = (1n << 64n) - 1n

/** strconv.ParseInt with base 0, then ParseUint, then ParseFloat; undefined when none of them reads it. */
function number(text: string): Value | undefined {
  if (SMALL.test(text)) return BigInt(Number(text))
  const digits = text.replaceAll('_', '')
  const match = digits.length > INTEGER_LENGTH_MAX ? null : INTEGER.exec(digits)
  if (match === null) return float(digits) ?? infinity(digits)
  const magnitude = BigInt(match[2]!.replace(/^0(?=[0-7])/, '0o'))
  const negative = match[1] === '-'
  if (magnitude <= INT64_MAX || (negative && magnitude === INT64_MAX + 1n)) return negative ? -magnitude : magnitude
  if (match[1] === '' && magnitude <= UINT64_MAX) return new Uint64(magnitude)
  return float(digits)
}

const FLOAT = /^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/

/** A decimal float; one that is too large for a float64 is none. */
function float(text: string): number | undefined {
  if (!FLOAT.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

/** strconv.ParseFloat reads these too. */
function infinity(text: string): number | undefined {
  if (!/^[-+]inf(?:inity)?$/i.test(text)) return undefined
  return text.startsWith('-') ? -Infinity : Infinity
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** encoding/base64.StdEncoding: padding is wanted, line breaks are skipped, nothing else is. */
function binary(scalar: YamlScalar, source: string | undefined): Buffer {
  const text = scalar.text.replaceAll(/[\r\n]/g, '')
  if (!BASE64.test(text)) throw yamlError('!!binary value contains invalid base64 data', scalar.offset, source)
  return Buffer.from(text, 'base64')
}
