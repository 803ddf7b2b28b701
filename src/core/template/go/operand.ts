/**
 * What a template computes with: the values of the data, and the few that only expressions make.
 *
 * | Go's reflect.Value | here |
 * | --- | --- |
 * | the zero Value: a missing key, a missing argument | `undefined` |
 * | an interface that holds nil | `null` |
 * | uint8, a byte of an indexed string | `Byte` |
 * | complex128 | `Complex` |
 * | anything else | `Value` (core/value.ts) |
 *
 * Go also knows whether a value is still inside an `interface {}`. No value here does: it shows in a few messages and
 * in `slice`, and is told by where the value came from (see eval.ts).
 */
import { Uint64, ValueMap } from '../../value.ts'
import type { Value } from '../../value.ts'

export class Byte {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

export class Complex {
  readonly real: number
  readonly imaginary: number
  constructor(real: number, imaginary: number) {
    this.real = real
    this.imaginary = imaginary
  }
}

export type Operand = Value | Byte | Complex | undefined

/** An int, a uint64 or a byte as the number that it is; undefined for anything else. */
export function integerOf(value: Operand): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (value instanceof Uint64) return value.value
  return value instanceof Byte ? BigInt(value.value) : undefined
}

/** Array.isArray that knows lists are readonly. */
export function isList(value: Operand): value is readonly Value[] {
  return Array.isArray(value)
}

/** The type as Go prints it with `%T`. */
export function typeName(value: Operand): string {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'number') return 'float64'
  if (typeof value === 'boolean') return 'bool'
  if (value === null || value === undefined) return 'interface {}'
  if (value instanceof ValueMap)
    return value.keyKind === 'string' ? 'map[string]interface {}' : 'map[interface {}]interface {}'
  if (value instanceof Byte) return 'uint8'
  if (value instanceof Uint64) return 'uint64'
  return value instanceof Complex ? 'complex128' : '[]interface {}'
}

/** What `if` takes for true: anything that is not the zero of its type, and not empty. */
export function isTrue(value: Operand): boolean {
  if (typeof value === 'boolean') return value
  if (typeof value === 'string') return value !== ''
  if (typeof value === 'bigint') return value !== 0n
  if (typeof value === 'number') return value !== 0 // NaN is true, as in Go
  if (value === null || value === undefined) return false
  if (value instanceof ValueMap) return value.size > 0
  if (isList(value)) return value.length > 0
  if (value instanceof Byte) return value.value !== 0
  return value instanceof Uint64 || value.real !== 0 || value.imaginary !== 0
}
