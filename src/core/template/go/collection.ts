/**
 * `index`, `slice` and `len`: parts of lists, maps and strings. A string is its bytes.
 */
import { byteLength, decodeUtf8, encodeUtf8 } from '../../utf8.ts'
import { ValueMap } from '../../value.ts'
import type { Value } from '../../value.ts'
import { CallError } from './failure.ts'
import type { Meter } from './meter.ts'
import { Byte, Complex, integerOf, isList, typeName } from './operand.ts'
import type { Operand } from './operand.ts'

/** `index x 1 "a"` is `x[1]["a"]`. @throws {CallError} */
export function index(args: readonly Operand[], meter: Meter): Operand {
  let [item] = args
  if (item === undefined || item === null) throw new CallError('index of untyped nil')
  for (const key of args.slice(1)) item = element(item, key, meter)
  return item
}

function element(item: Operand, key: Operand, meter: Meter): Operand {
  if (item === null || item === undefined) throw new CallError('index of nil pointer')
  if (item instanceof ValueMap) return item.get(mapKey(item, key)) ?? null
  if (isList(item)) {
    const at = position(key, item.length)
    if (at === item.length) throw new CallError('reflect: slice index out of range')
    return item[at]
  }
  if (typeof item !== 'string') throw new CallError(`can't index item of type ${typeName(item)}`)
  meter.work(item.length)
  const bytes = encodeUtf8(item)
  const at = position(key, bytes.length)
  if (at === bytes.length) throw new CallError('reflect: string index out of range')
  return new Byte(bytes[at]!)
}

/** The operand as a key of this map; a value that only expressions make is never one, and finds nothing. */
function mapKey(map: ValueMap, key: Operand): Value {
  if (map.keyKind === 'string' && typeof key !== 'string') {
    if (key === null || key === undefined) throw new CallError('value is nil; should be of type string')
    throw new CallError(`value has type ${typeName(key)}; should be string`)
  }
  if (isList(key) || key instanceof ValueMap)
    throw new CallError(`runtime error: hash of unhashable type ${typeName(key)}`)
  // No map of the data has a key that is NaN and can be found.
  return key instanceof Byte || key instanceof Complex ? NaN : (key ?? null)
}

/** @returns from 0 to `size`, for Go allows the end here. @throws {CallError} */
function position(key: Operand, size: number): number {
  if (key === null || key === undefined) throw new CallError('cannot index slice/array with nil')
  const integer = integerOf(key)
  if (integer === undefined) throw new CallError(`cannot index slice/array with type ${typeName(key)}`)
  const at = BigInt.asIntN(64, integer) // as Go turns a uint64 into an int
  if (at < 0n || at > BigInt(size)) throw new CallError(`index out of range: ${at}`)
  return Number(at)
}

/**
 * `slice x 1 2` is `x[1:2]`.
 *
 * @param boxed - for each argument, whether it is still in an `interface {}`: Go 1.19 takes no such index
 * @throws {CallError}
 */
export function slice(args: readonly Operand[], meter: Meter, boxed: readonly boolean[]): Operand {
  const [item, ...keys] = args
  if (item === undefined || item === null) throw new CallError('slice of untyped nil')
  if (keys.length > 3) throw new CallError(`too many slice indexes: ${keys.length}`)
  if (typeof item === 'string') {
    if (keys.length === 3) throw new CallError('cannot 3-index slice a string')
    meter.work(item.length)
    const bytes = encodeUtf8(item)
    const [from, to] = bounds(keys, bytes.length, boxed)
    return decodeUtf8(bytes.subarray(from, to))
  }
  if (!isList(item)) throw new CallError(`can't slice item of type ${typeName(item)}`)
  const [from, to] = bounds(keys, item.length, boxed)
  meter.work(8 * (to - from)) // as much memory as text of that length
  return item.slice(from, to)
}

function bounds(keys: readonly Operand[], size: number, boxed: readonly boolean[]): [number, number] {
  const at: [from: number, to: number, end: number] = [0, size, size]
  for (const [which, key] of keys.entries()) {
    const inInterface = key === null || (key !== undefined && boxed[which + 1])
    if (inInterface) throw new CallError('cannot index slice/array with type interface {}')
    at[which] = position(key, which < 2 ? size : capacity(size))
  }
  const [from, to, end] = at
  if (from > to) throw new CallError(`invalid slice index: ${from} > ${to}`)
  if (keys.length === 3 && to > end) throw new CallError(`invalid slice index: ${to} > ${end}`)
  return [from, to]
}

/** A third index bounds only the capacity, which templates never see: what a Go list that grew to this size may have. */
function capacity(size: number): number {
  return size === 0 ? 0 : 2 ** Math.ceil(Math.log2(size))
}

/** @throws {CallError} */
export function length(value: Operand, meter: Meter): bigint {
  if (value === null) throw new CallError('len of nil pointer')
  if (value === undefined) throw new CallError('reflect: call of reflect.Value.Type on zero Value')
  if (value instanceof ValueMap) return BigInt(value.size)
  if (isList(value)) return BigInt(value.length)
  if (typeof value !== 'string') throw new CallError(`len of type ${typeName(value)}`)
  meter.work(value.length)
  return BigInt(byteLength(value))
}
