/**
 * Values as Go's decoders leave them in an `interface{}`: what metadata holds and templates see.
 *
 * | Go | here |
 * | --- | --- |
 * | nil | `null` |
 * | bool | `boolean` |
 * | int, int64 | `bigint` |
 * | uint64 (only an integer too large for int64) | `Uint64` |
 * | float64 | `number` |
 * | string | `string` (see utf8.ts for bytes that are not UTF-8) |
 * | []interface{} | array |
 * | map[string]interface{}, map[interface{}]interface{} | `ValueMap` |
 *
 * Everything is immutable: a value belongs to a snapshot that many requests read.
 */
import { compareBytes } from './utf8.ts'

export type Value = null | boolean | bigint | Uint64 | number | string | readonly Value[] | ValueMap

/** An integer from 2^63 to 2^64 - 1. */
export class Uint64 {
  readonly value: bigint
  constructor(value: bigint) {
    this.value = value
  }
}

/** Above this many entries a look-up builds an index instead of walking the keys. */
const INDEX_FROM = 12

/** A Go map. Keys are unique; `keys` and `values` run side by side in the order in which Go prints a map. */
export class ValueMap {
  /** `map[string]interface{}` or `map[interface{}]interface{}`: they print alike but index differently. */
  readonly keyKind: 'string' | 'any'
  readonly keys: readonly Value[]
  readonly values: readonly Value[]
  #index: Map<unknown, number> | undefined

  private constructor(keyKind: 'string' | 'any', keys: readonly Value[], values: readonly Value[]) {
    this.keyKind = keyKind
    this.keys = keys
    this.values = values
  }

  /** A map from its entries in any order; of two equal keys the later one wins. */
  static from(keyKind: 'string' | 'any', entries: Iterable<readonly [Value, Value]>): ValueMap {
    const all = Array.isArray(entries) ? (entries as readonly (readonly [Value, Value])[]) : [...entries]
    const sorted = all.length < INDEX_FROM ? all : uniqueEntries(all).toSorted((a, b) => compareKeys(a[0], b[0]))
    const keys: Value[] = []
    const values: Value[] = []
    for (const [key, value] of sorted) {
      // Insertion from the end: where the keys come in order, one comparison each.
      let place = keys.length
      let order = 1
      while (place > 0 && (order = compareKeys(keys[place - 1]!, key)) > 0) place -= 1
      if (place > 0 && order === 0) values[place - 1] = value
      else if (place === keys.length) {
        keys.push(key)
        values.push(value)
      } else {
        keys.splice(place, 0, key)
        values.splice(place, 0, value)
      }
    }
    // A copy has just the room it needs; an array that grew by push keeps room for 16 more.
    return new ValueMap(keyKind, sharedKeys(keys), values.slice())
  }

  get size(): number {
    return this.keys.length
  }

  /** The value at a key, or undefined when the map has no such key. Keys of different types are never equal. */
  get(key: Value): Value | undefined {
    const at = this.#find(key)
    return at < 0 ? undefined : this.values[at]
  }

  has(key: Value): boolean {
    return this.#find(key) >= 0
  }

  /** This map with one entry set. */
  with(key: Value, value: Value): ValueMap {
    const at = this.#find(key)
    if (at >= 0) return new ValueMap(this.keyKind, this.keys, this.values.with(at, value))
    const after = this.keys.findIndex((other) => compareKeys(other, key) > 0)
    const place = after < 0 ? this.keys.length : after
    return new ValueMap(this.keyKind, this.keys.toSpliced(place, 0, key), this.values.toSpliced(place, 0, value))
  }

  *entries(): Generator<readonly [Value, Value]> {
    for (const [at, key] of this.keys.entries()) yield [key, this.values[at]!]
  }

  #find(key: Value): number {
    if (this.keys.length < INDEX_FROM) {
      if (!(key instanceof Uint64)) return this.keys.indexOf(key)
      return this.keys.findIndex((other) => other instanceof Uint64 && other.value === key.value)
    }
    this.#index ??= new Map(this.keys.map((k, at) => [identity(k), at]))
    return this.#index.get(identity(key)) ?? -1
  }
}

/** A key where only text can be one: in JSON, in Liquid. No decoder makes a list or a map a key. */
export function keyText(key: Value): string {
  if (typeof key === 'string') return key
  if (key instanceof Uint64) return String(key.value)
  return typeof key === 'object' ? 'null' : String(key)
}

/** Keys of short maps that were made lately: of a hundred thousand groups most have the same, and one copy is at hand. */
const lateKeys: (readonly Value[])[] = []
const LATE_MAX = 8
let latest = 0

function sharedKeys(keys: readonly Value[]): readonly Value[] {
  const known = lateKeys.find(
    (other) => other.length === keys.length && other.every((key, at) => Object.is(key, keys[at])),
  )
  if (known !== undefined) return known
  const own = keys.slice()
  if (own.length < INDEX_FROM) lateKeys[latest++ % LATE_MAX] = own
  return own
}

function uniqueEntries(entries: readonly (readonly [Value, Value])[]): (readonly [Value, Value])[] {
  const unique = new Map<unknown, readonly [Value, Value]>()
  for (const entry of entries) unique.set(identity(entry[0]), entry)
  return [...unique.values()]
}

/** What makes two keys the same key; a NaN equals no key, itself included, as in Go. */
function identity(key: Value): unknown {
  if (key instanceof Uint64) return `uint64 ${key.value}`
  if (typeof key === 'string') return key.startsWith('uint64 ') ? `string ${key}` : key
  if (typeof key === 'number' && Number.isNaN(key)) return Symbol('NaN')
  return key
}

const RANK = { null: 0, bool: 1, int: 2, uint: 3, float: 4, string: 5, other: 6 } as const

/** Go's internal/fmtsort: nil first, values of one type by their natural order; between types Go's order is by address, ours is fixed. */
function compareKeys(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return compareBytes(a, b)
  const rank = rankOf(a) - rankOf(b)
  if (rank !== 0) return rank
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : a > b ? 1 : 0
  if (typeof a === 'number' && typeof b === 'number') return compareFloats(a, b)
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  if (a instanceof Uint64 && b instanceof Uint64) return a.value < b.value ? -1 : a.value > b.value ? 1 : 0
  return 0
}

/** NaN comes before every number, and is equal to none. */
function compareFloats(a: number, b: number): number {
  if (Number.isNaN(a)) return -1
  if (Number.isNaN(b)) return 1
  return a < b ? -1 : a > b ? 1 : 0
}

function rankOf(key: Value): number {
  if (key === null) return RANK.null
  if (typeof key === 'boolean') return RANK.bool
  if (typeof key === 'bigint') return RANK.int
  if (key instanceof Uint64) return RANK.uint
  if (typeof key === 'number') return RANK.float
  return typeof key === 'string' ? RANK.string : RANK.other
}
