/**
 * JSON as Go's encoding/json reads it: into nodes that keep what a decoder into Go types asks for (the text of numbers,
 * repeated keys, offsets), or into a value as an `interface{}` gets it. Errors are in Go's words.
 *
 * It does not recurse, so that no nesting that Go takes costs us the stack.
 */
import { ConfigError } from './errors.ts'
import { positionAt } from './position.ts'
import { type Value, ValueMap } from './value.ts'

export type JsonNode = JsonScalar | JsonArray | JsonObject

/** Numbers keep their text; of strings the escapes are undone. `offset` counts UTF-16 units of the source. */
type JsonScalar =
  | { readonly kind: 'null'; readonly offset: number }
  | { readonly kind: 'bool'; readonly value: boolean; readonly offset: number }
  | { readonly kind: 'number'; readonly text: string; readonly offset: number }
  | { readonly kind: 'string'; readonly text: string; readonly offset: number }

interface JsonArray {
  readonly kind: 'array'
  readonly items: readonly JsonNode[]
  readonly offset: number
}

/** `keys` and `values` run side by side, in the order of the source, repeated keys included. */
export interface JsonObject {
  readonly kind: 'object'
  readonly keys: readonly string[]
  readonly values: readonly JsonNode[]
  readonly offset: number
}

/** As encoding/json. */
const DEPTH_MAX = 10_000

/**
 * Read a JSON document.
 *
 * Bytes that are not UTF-8 and surrogates that stand alone become U+FFFD in strings, as in Go.
 *
 * @throws {ConfigError} `json`, in Go's words, with line and column
 */
export function parseJson(source: string): JsonNode {
  return new JsonReader(source).document()
}

/** An error of code `json` at an offset of the source. */
export function jsonError(message: string, offset: number, source: string): ConfigError {
  return new ConfigError('json', message, positionAt(source, offset))
}

type Open =
  | { readonly kind: 'array'; readonly items: JsonNode[]; readonly offset: number }
  | { readonly kind: 'object'; readonly keys: string[]; readonly values: JsonNode[]; readonly offset: number }

class JsonReader {
  readonly #source: string
  readonly #open: Open[] = []
  #at = 0

  constructor(source: string) {
    this.#source = source
  }

  document(): JsonNode {
    let node = this.#value()
    for (;;) {
      const parent = this.#open.at(-1)
      if (parent === undefined) break
      if (parent === node) node = this.#first(parent)
      else node = this.#next(parent, node)
    }
    if (this.#space() !== '') throw this.#unexpected('after top-level value')
    return node
  }

  /** A scalar, or a collection that was just opened. */
  #value(): JsonNode {
    const character = this.#space()
    const offset = this.#at
    switch (character) {
      case '{':
        return this.#enter({ kind: 'object', keys: [], values: [], offset })
      case '[':
        return this.#enter({ kind: 'array', items: [], offset })
      case '"':
        return { kind: 'string', text: this.#string(), offset }
      case 't':
        this.#literal('true')
        return { kind: 'bool', value: true, offset }
      case 'f':
        this.#literal('false')
        return { kind: 'bool', value: false, offset }
      case 'n':
        this.#literal('null')
        return { kind: 'null', offset }
      default:
        if (!/^[-0-9]$/.test(character)) throw this.#unexpected('looking for beginning of value')
        this.#number()
        return { kind: 'number', text: this.#source.slice(offset, this.#at), offset }
    }
  }

  #enter(node: Open): Open {
    this.#at += 1
    this.#open.push(node)
    if (this.#open.length > DEPTH_MAX) throw jsonError('exceeded max depth', node.offset, this.#source)
    return node
  }

  /** What follows an opening bracket: the first member, or the collection itself when it has none. */
  #first(parent: Open): JsonNode {
    if (this.#space() === (parent.kind === 'array' ? ']' : '}')) return this.#leave(parent)
    if (parent.kind === 'object') this.#key(parent)
    return this.#value()
  }

  /** What follows a member: the next one, or the collection itself after the last. */
  #next(parent: Open, member: JsonNode): JsonNode {
    if (parent.kind === 'array') parent.items.push(member)
    else parent.values.push(member)
    const character = this.#space()
    if (character === (parent.kind === 'array' ? ']' : '}')) return this.#leave(parent)
    if (character !== ',') {
      throw this.#unexpected(parent.kind === 'array' ? 'after array element' : 'after object key:value pair')
    }
    this.#at += 1
    if (parent.kind === 'object') this.#key(parent)
    return this.#value()
  }

  #leave(node: Open): JsonNode {
    this.#at += 1
    this.#open.pop()
    return node
  }

  #key(parent: { readonly keys: string[] }): void {
    if (this.#space() !== '"') throw this.#unexpected('looking for beginning of object key string')
    parent.keys.push(this.#string())
    if (this.#space() !== ':') throw this.#unexpected('after object key')
    this.#at += 1
  }

  #string(): string {
    const from = this.#at
    let escapes = false
    for (this.#at += 1; ;) {
      const character = this.#skip(PLAIN)
      if (character === '"') break
      if (character !== '\\') throw this.#unexpected('in string literal')
      escapes = true
      this.#escape()
    }
    this.#at += 1
    if (!escapes) return this.#source.slice(from + 1, this.#at - 1).toWellFormed()
    const text: unknown = JSON.parse(this.#source.slice(from, this.#at).toWellFormed())
    return String(text).toWellFormed()
  }

  #escape(): void {
    this.#at += 1
    const character = this.#source.charAt(this.#at)
    if (!/^["\\/bfnrtu]$/.test(character)) throw this.#unexpected('in string escape code')
    this.#at += 1
    if (character !== 'u') return
    for (const end = this.#at + 4; this.#at < end; this.#at++) {
      if (!/^[0-9a-fA-F]$/.test(this.#source.charAt(this.#at))) {
        throw this.#unexpected('in \\u hexadecimal character escape')
      }
    }
  }

  #number(): void {
    if (this.#source.charAt(this.#at) === '-') this.#at += 1
    if (this.#source.charAt(this.#at) === '0') this.#at += 1
    else this.#digits('in numeric literal')
    if (this.#source.charAt(this.#at) === '.') {
      this.#at += 1
      this.#digits('after decimal point in numeric literal')
    }
    if (/^[eE]$/.test(this.#source.charAt(this.#at))) {
      this.#at += 1
      if (/^[-+]$/.test(this.#source.charAt(this.#at))) this.#at += 1
      this.#digits('in exponent of numeric literal')
    }
  }

  #digits(context: string): void {
    const from = this.#at
    this.#skip(DIGITS)
    if (this.#at === from) throw this.#unexpected(context)
  }

  #literal(word: string): void {
    for (const character of word) {
      if (this.#source.charAt(this.#at) !== character) {
        throw this.#unexpected(`in literal ${word} (expecting '${character}')`)
      }
      this.#at += 1
    }
  }

  /** The next character that is not white space; empty at the end. */
  #space(): string {
    return this.#skip(SPACE)
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    pattern.test(this.#source)
    this.#at = pattern.lastIndex
    return this.#source.charAt(this.#at)
  }

  #unexpected(context: string): ConfigError {
    const code = this.#source.codePointAt(this.#at)
    if (code === undefined) return jsonError('unexpected end of JSON input', this.#at, this.#source)
    return jsonError(`invalid character ${quoted(code)} ${context}`, this.#at, this.#source)
  }
}

// Sticky and able to match nothing, so that lastIndex is always the end of the match.
const SPACE = /[ \t\r\n]*/y
const PLAIN = /[^"\\\0-\x1F]*/y
const DIGITS = /[0-9]*/y

const SHORT_QUOTES: Readonly<Record<string, string>> = {
  '\n': "'\\n'",
  '\r': "'\\r'",
  '\t': "'\\t'",
  "'": "'\\''",
  '\\': "'\\\\'",
}

/** A character as Go quotes it in its messages; an unprintable one, or a byte that is not UTF-8, by its number. */
function quoted(code: number): string {
  const character = String.fromCodePoint(code)
  const short = SHORT_QUOTES[character]
  if (short !== undefined) return short
  if (/^[\p{L}\p{N}\p{P}\p{S} ]$/u.test(character)) return `'${character}'`
  const isByte = code < 0x80 || (code >= 0xdc80 && code <= 0xdcff)
  return isByte ? `'\\x${hex(code & 0xff, 2)}'` : `'\\u${hex(code, 4)}'`
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}

/**
 * A document as Go decodes it into an `interface{}`: numbers are float64, of a repeated key the last value counts.
 *
 * @param source - the text that was parsed, to say where in it an error is
 * @throws {ConfigError} `json` for a number that no float64 holds
 */
export function jsonToValue(root: JsonNode, source: string): Value {
  const open: { node: JsonArray | JsonObject; values: Value[] }[] = []
  let node = root
  for (;;) {
    let value: Value
    if (node.kind === 'array' || node.kind === 'object') {
      open.push({ node, values: [] })
      value = null
    } else {
      value = scalarOf(node, source)
      open.at(-1)?.values.push(value)
    }
    for (;;) {
      const top = open.at(-1)
      if (top === undefined) return value
      const members = top.node.kind === 'array' ? top.node.items : top.node.values
      const next = members[top.values.length]
      if (next !== undefined) {
        node = next
        break
      }
      open.pop()
      value = collected(top.node, top.values)
      open.at(-1)?.values.push(value)
    }
  }
}

function collected(node: JsonArray | JsonObject, values: readonly Value[]): Value {
  if (node.kind === 'array') return values
  return ValueMap.from(
    'string',
    node.keys.map((key, at) => [key, values[at]!]),
  )
}

function scalarOf(node: JsonScalar, source: string): Value {
  if (node.kind === 'null') return null
  if (node.kind === 'bool') return node.value
  if (node.kind === 'string') return node.text
  const value = Number(node.text)
  if (Number.isFinite(value)) return value
  throw jsonError(`json: cannot unmarshal number ${node.text} into Go value of type float64`, node.offset, source)
}

/**
 * Finds the field of a Go struct that a key names: the one of exactly this name, else the first that differs only in
 * the case of letters.
 */
export class FieldNames<T> {
  readonly #exact: ReadonlyMap<string, T>
  readonly #folded = new Map<string, T>()

  constructor(fields: Iterable<readonly [name: string, field: T]>) {
    this.#exact = new Map(fields)
    for (const [name, field] of this.#exact) if (!this.#folded.has(fold(name))) this.#folded.set(fold(name), field)
  }

  find(key: string): T | undefined {
    return this.#exact.get(key) ?? this.#folded.get(fold(key))
  }
}

/** Unicode knows a third form of two ASCII letters: the Kelvin sign, which toLowerCase() sees to, and the long s. */
function fold(name: string): string {
  return name.toLowerCase().replaceAll('ſ', 's')
}
