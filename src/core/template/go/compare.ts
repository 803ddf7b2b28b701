/**
 * `eq`, `ne`, `lt`, `le`, `gt`, `ge`: values of one basic kind compare, and an int with a uint; int and float do not.
 */
import { ConfigError } from '../../errors.ts'
import { compareBytes } from '../../utf8.ts'
import { CallError } from './failure.ts'
import { sprintf } from './format/printf.ts'
import type { Meter } from './meter.ts'
import { Complex, integerOf, isList, typeName } from './operand.ts'
import type { Operand } from './operand.ts'

type Kind = 'bool' | 'complex' | 'integer' | 'float' | 'string' | 'other'

function kindOf(value: Operand): Kind {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'number') return 'float'
  if (typeof value === 'boolean') return 'bool'
  if (integerOf(value) !== undefined) return 'integer'
  return value instanceof Complex ? 'complex' : 'other'
}

/** `eq a b c`: whether a equals any of the others. @throws {CallError} */
export function equalsAny(args: readonly Operand[], meter: Meter): boolean {
  const [first, ...others] = args
  if (others.length === 0) throw new CallError('missing argument for comparison')
  return others.some((other) => equal(first, other, meter))
}

function equal(a: Operand, b: Operand, meter: Meter): boolean {
  const kind = kindOf(a)
  if (kind !== kindOf(b)) {
    if (isNil(a) || isNil(b)) return false
    throw new CallError('incompatible types for comparison')
  }
  if (kind === 'integer') return integerOf(a) === integerOf(b)
  if (a instanceof Complex && b instanceof Complex) return a.real === b.real && a.imaginary === b.imaginary
  if (kind === 'other') return equalNils(a, b)
  if (typeof a === 'string' && typeof b === 'string' && a.length === b.length) meter.work(a.length)
  return a === b
}

/** Neither is of a basic kind: nil equals nil and nothing else, lists and maps do not compare. */
function equalNils(a: Operand, b: Operand): boolean {
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b)
  if (isList(a) !== isList(b)) {
    throw new CallError(`non-comparable types ${brief('%s', a)}: ${typeName(a)}, ${typeName(b)}: ${brief('%v', b)}`)
  }
  throw new CallError(`non-comparable type ${brief('%s', b)}: ${typeName(b)}`)
}

/** A value in a message, or an ellipsis where it is too long for one. */
function brief(format: '%s' | '%v', value: Operand): string {
  try {
    return sprintf(format, [value], 500)
  } catch (error) {
    if (error instanceof ConfigError) return '…'
    throw error
  }
}

/** @throws {CallError} */
export function less(a: Operand, b: Operand, meter: Meter): boolean {
  const kinds = [kindOf(a), kindOf(b)]
  if (kinds.includes('other')) throw new CallError('invalid type for comparison')
  const [x, y] = [integerOf(a), integerOf(b)]
  if (x !== undefined && y !== undefined) return x < y
  if (kinds[0] !== kinds[1]) throw new CallError('incompatible types for comparison')
  if (typeof a === 'number' && typeof b === 'number') return a < b
  if (typeof a === 'string' && typeof b === 'string') {
    meter.work(a.length + b.length)
    return compareBytes(a, b) < 0
  }
  throw new CallError('invalid type for comparison') // bools and complex numbers have no order
}

/** @throws {CallError} */
export function lessOrEqual(a: Operand, b: Operand, meter: Meter): boolean {
  return less(a, b, meter) || equal(a, b, meter)
}

function isNil(value: Operand): boolean {
  return value === null || value === undefined
}
