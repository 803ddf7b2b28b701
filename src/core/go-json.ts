/**
 * JSON as Go's encoding/json writes it (up to Go 1.21, which escapes \b and \f by number).
 *
 * It differs from JSON.stringify in what is escaped, in the order of map keys, and in integers of any size. It does not
 * recurse: whatever nesting could be read can be written. Reading is in `go-json-read.ts`.
 */
import { compareBytes } from './utf8.ts'
import { keyText, Uint64, type Value, ValueMap } from './value.ts'

/** A value, or a struct: its fields are written in their order, those that are undefined left out. */
export type Encodable = Value | readonly Encodable[] | Struct
interface Struct {
  readonly [field: string]: Encodable | undefined
}

/**
 * Compact JSON, without a newline at the end.
 *
 * Keys of an `any` map, which Go refuses, are written as text.
 *
 * @throws {RangeError} for NaN and infinities, which JSON lacks
 */
export function encodeGoJson(value: Encodable): string {
  let json = ''
  const pending: (Encodable | Raw)[] = [value]
  while (pending.length > 0) {
    const next = pending.pop()!
    if (next instanceof Raw) json += next.json
    else if (typeof next === 'string') json += encodeGoString(next)
    else if (typeof next === 'number') json += floatJson(next)
    else if (next === null || typeof next !== 'object') json += String(next)
    else if (next instanceof Uint64) json += String(next.value)
    else if (next instanceof ValueMap) pushReversed(pending, '{', mapMembers(next), '}')
    else if (isList(next)) pushReversed(pending, '[', next.map(bare), ']')
    else pushReversed(pending, '{', structMembers(next), '}')
  }
  return json
}

/** JSON that is ready. */
class Raw {
  readonly json: string
  constructor(json: string) {
    this.json = json
  }
}

function isList(value: Struct | readonly Encodable[]): value is readonly Encodable[] {
  return Array.isArray(value)
}

/** What stands before a value, and the value. */
type Member = readonly [prefix: string, value: Encodable]

function bare(value: Encodable): Member {
  return ['', value]
}

function pushReversed(pending: (Encodable | Raw)[], open: string, members: readonly Member[], close: string): void {
  pending.push(new Raw(close))
  for (let at = members.length - 1; at >= 0; at--) {
    const [prefix, value] = members[at]!
    pending.push(value, new Raw(`${at === 0 ? open : ','}${prefix}`))
  }
  if (members.length === 0) pending.push(new Raw(open))
}

function mapMembers(map: ValueMap): Member[] {
  const members = map.keys.map((key, at): [string, Value] => [keyText(key), map.values[at]!])
  if (map.keyKind === 'any') members.sort((a, b) => compareBytes(a[0], b[0]))
  return members.map(([key, value]) => [`${encodeGoString(key)}:`, value])
}

function structMembers(struct: Struct): Member[] {
  return Object.entries(struct).flatMap(([field, value]) =>
    value === undefined ? [] : [[`${encodeGoString(field)}:`, value] as const],
  )
}

/** JavaScript and encoding/json switch to exponents at the same sizes and print the same digits; but for minus zero. */
function floatJson(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`json: unsupported value: ${value}`)
  return Object.is(value, -0) ? '-0' : `${value}`
}

const ESCAPED = /["\\\0-\x1F<>&\u2028\u2029\uD800-\uDFFF]/
/** Where JSON.stringify would write something else than Go. */
const ESCAPED_BY_GO = /[\x08\x0C<>&\u2028\u2029\uD800-\uDFFF]/
const ESCAPES = /["\\\0-\x1F<>&\u2028\u2029]|\p{Surrogate}/gu

/** A string in quotes. A byte that is not UTF-8 (see utf8.ts) is written as Go writes it, `\ufffd`. */
export function encodeGoString(text: string): string {
  if (!ESCAPED.test(text)) return `"${text}"`
  return ESCAPED_BY_GO.test(text) ? `"${text.replaceAll(ESCAPES, escape)}"` : JSON.stringify(text)
}

function escape(character: string): string {
  switch (character) {
    case '"':
    case '\\':
      return `\\${character}`
    case '\n':
      return '\\n'
    case '\r':
      return '\\r'
    case '\t':
      return '\\t'
    default: {
      const code = character.charCodeAt(0)
      return `\\u${(code >= 0xd800 && code <= 0xdfff ? 0xfffd : code).toString(16).padStart(4, '0')}`
    }
  }
}
