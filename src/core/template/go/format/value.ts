/**
 * Values without a format: Go's `%v`, fmt.Sprint and fmt.Sprintln.
 */
import type { Value } from '../../../value.ts'
import type { Operand } from '../operand.ts'
import { formatFloat } from './float.ts'
import { Printer } from './printer.ts'

/**
 * A value as Go's `%v` shows it: `map[a:1 b:[x y]]`, `<nil>`, `1e+06`.
 *
 * @throws {ConfigError} `template-limit` without a position, for lists nested beyond anything that is data
 */
export function formatValue(value: Value): string {
  return sprint([value], Number.MAX_SAFE_INTEGER)
}

/** fmt.Sprint: operands one after the other, with a space between two of which neither is a string. */
export function sprint(values: readonly Operand[], lengthMax: number): string {
  if (values.length === 1) {
    const plain = plainText(values[0])
    if (plain !== undefined && plain.length <= lengthMax) return plain
  }
  const printer = new Printer(lengthMax)
  for (const [at, value] of values.entries()) {
    if (at > 0 && typeof value !== 'string' && typeof values[at - 1] !== 'string') printer.write(' ')
    printer.print(value, 'v')
  }
  return printer.text
}

/** fmt.Sprintln: a space between any two operands, and a newline. */
export function sprintln(values: readonly Operand[], lengthMax: number): string {
  const printer = new Printer(lengthMax)
  for (const [at, value] of values.entries()) {
    if (at > 0) printer.write(' ')
    printer.print(value, 'v')
  }
  printer.write('\n')
  return printer.text
}

/** The short way for what nearly every action prints. */
function plainText(value: Operand): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  return typeof value === 'number' ? formatFloat(value, 'g', -1) : undefined
}
