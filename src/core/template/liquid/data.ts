/**
 * A group's metadata as Liquid sees it.
 *
 * | value.ts | Liquid |
 * | --- | --- |
 * | integer up to 2^53 | number: prints and counts as an integer |
 * | larger integer | bigint: prints and compares exactly; arithmetic on it is an error rather than a wrong digit |
 * | float | number: `1.5` prints `1.5` and `1.0` prints `1`; quote it in the YAML to keep the text |
 * | ValueMap | object without a prototype, in Go's order of keys; a key that is no string goes by its text |
 * | null, bool, string, list | themselves |
 *
 * Everything but the root is converted once, frozen and kept with the value it came from; the root is new for each
 * rendering because `{% increment %}` writes to it.
 */
import { keyText, Uint64, type Value, ValueMap } from '../../value.ts'

/** How many entries a converted map has, so that nobody has to count. */
const COUNT = Symbol('count')

export type LiquidMap = Record<string, unknown>

const converted = new WeakMap<object, unknown>()

/** The root scope of one rendering. */
export function rootScope(data: ValueMap): LiquidMap {
  const scope: LiquidMap = Object.create(null)
  for (let at = 0; at < data.keys.length; at++) scope[keyText(data.keys[at]!)] = toLiquid(data.values[at]!)
  return scope
}

function toLiquid(value: Value): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint64) return value.value
  let made = converted.get(value)
  if (made === undefined) {
    made = value instanceof ValueMap ? mapToLiquid(value) : Object.freeze(value.map(toLiquid))
    converted.set(value, made)
  }
  return made
}

function mapToLiquid(map: ValueMap): LiquidMap {
  const made = rootScope(map)
  const pairs = Object.freeze(map.keys.map((key) => Object.freeze([keyText(key), made[keyText(key)]])))
  // A loop over a plain object would see keys like "10" first and in the order of numbers.
  Object.defineProperty(made, Symbol.iterator, { value: () => pairs[Symbol.iterator]() })
  Object.defineProperty(made, COUNT, { value: pairs.length })
  return Object.freeze(made)
}

/** The number of entries of a converted map, or of any other object. */
export function entryCount(map: object & { readonly [COUNT]?: number }): number {
  return map[COUNT] ?? Object.keys(map).length
}
