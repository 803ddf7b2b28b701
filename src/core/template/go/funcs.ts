/**
 * The functions of templates: text/template/funcs.go. They are given operands and give one, or fail with a message.
 *
 * `and` and `or` are here by name only: they evaluate no more arguments than they need, which is the evaluator's doing.
 */
import { canonical } from '../../utf8.ts'
import { index, length, slice } from './collection.ts'
import { equalsAny, less, lessOrEqual } from './compare.ts'
import { escapeHtml, escapeJs, escapeQuery } from './escape.ts'
import { CallError } from './failure.ts'
import { sprintf } from './format/printf.ts'
import { sprint, sprintln } from './format/value.ts'
import type { Meter } from './meter.ts'
import { isTrue, typeName } from './operand.ts'
import type { Operand } from './operand.ts'

export interface Func {
  /** Parameters that must be given. */
  readonly required: number
  readonly variadic: boolean
  /** The first parameter is a Go `string`: a value of another type is refused. */
  readonly takesFormat?: true
  /** @param boxed - which arguments are still in an `interface {}`, told to functions that want to know */
  readonly call: (args: readonly Operand[], meter: Meter, boxed: readonly boolean[]) => Operand
  readonly wantsBoxed?: true
}

const FUNCS: ReadonlyMap<string, Func> = new Map<string, Func>([
  ['and', variadic(1, shortCircuit)],
  ['or', variadic(1, shortCircuit)],
  ['not', fixed(1, ([value]) => !isTrue(value))],

  ['eq', variadic(1, equalsAny)],
  ['ne', fixed(2, (args, meter) => !equalsAny(args, meter))],
  ['lt', fixed(2, ([a, b], meter) => less(a, b, meter))],
  ['le', fixed(2, ([a, b], meter) => lessOrEqual(a, b, meter))],
  ['gt', fixed(2, ([a, b], meter) => !lessOrEqual(a, b, meter))],
  ['ge', fixed(2, ([a, b], meter) => !less(a, b, meter))],

  ['index', variadic(1, index)],
  ['slice', { ...variadic(1, slice), wantsBoxed: true }],
  ['len', fixed(1, ([value], meter) => length(value, meter))],
  ['call', variadic(1, call)],

  ['print', variadic(0, (args, meter) => text(sprint(args, meter.textMax), meter))],
  ['printf', { ...variadic(1, printf), takesFormat: true }],
  ['println', variadic(0, (args, meter) => text(sprintln(args, meter.textMax), meter))],

  ['html', variadic(0, (args, meter) => escaped(args, meter, escapeHtml))],
  ['js', variadic(0, (args, meter) => escaped(args, meter, escapeJs))],
  ['urlquery', variadic(0, (args, meter) => escaped(args, meter, escapeQuery))],
])

export function isFunction(name: string): boolean {
  return FUNCS.has(name)
}

/** The parser saw to it that the function exists. */
export function functionNamed(name: string): Func {
  return FUNCS.get(name)!
}

function fixed(required: number, body: Func['call']): Func {
  return { required, variadic: false, call: body }
}

function variadic(required: number, body: Func['call']): Func {
  return { required, variadic: true, call: body }
}

function shortCircuit(): never {
  throw new TypeError('and/or are evaluated by the evaluator')
}

/** There are no functions in data, so there is nothing that could be called. */
function call([callee]: readonly Operand[]): never {
  if (callee === null || callee === undefined) throw new CallError('call of nil')
  throw new CallError(`non-function of type ${typeName(callee)}`)
}

function printf([format, ...args]: readonly Operand[], meter: Meter): string {
  if (typeof format !== 'string') throw new TypeError('the evaluator checks the format')
  meter.work(format.length)
  return text(
    sprintf(format, args, meter.textMax, (units) => meter.work(units)),
    meter,
  )
}

/** A text that a function made. */
function text(made: string, meter: Meter): string {
  meter.text(made.length)
  return canonical(made)
}

/** Like `print`, except that nothing prints as an action prints it. */
function escaped(args: readonly Operand[], meter: Meter, escape: (text: string) => string): string {
  const shown = args.map((arg) => arg ?? '<no value>')
  const plain = text(sprint(shown, meter.textMax), meter)
  return text(escape(plain), meter)
}
