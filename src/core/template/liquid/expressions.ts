/**
 * Two corrections to how liquidjs reads and evaluates values, made with its own parts: filters nobody can write, because
 * their names are no words.
 *
 * - `(a..b)` goes through a filter that checks the bounds. liquidjs adds 1 until it passes the end, which from 2^53 on
 *   it never does.
 * - What a loop runs over, and what `case` compares, is paid for.
 */
import {
  Expression,
  Filter,
  type FilteredValueToken,
  type Liquid,
  type RangeToken,
  Token,
  Tokenizer,
  TokenKind,
  toValue,
  TypeGuards,
  type ValueToken,
} from 'liquidjs'

import { MachineContext } from './context.ts'
import { entryCount } from './data.ts'
import { Failure, limitReached } from './failure.ts'
import type { FilterThis, Handler } from './filters.ts'

const RANGE = '(..)'
const LOOP = '(loop)'

/** Brackets in brackets: `a[b[c]]`, `((1..2)..3)`. */
const NESTING_MAX = 50

type Operand = ValueToken | FilteredValueToken

/** `operand | name: argument`, in the place of a token and with its text. */
class Filtered extends Token {
  readonly initial: Expression
  readonly filters: FilterCall[]

  constructor(place: Token, operand: Operand, name: string, args: ValueToken[] = []) {
    super(TokenKind.FilteredValue, place.input, place.begin, place.end, place.file)
    this.initial = new Expression([operand][Symbol.iterator]())
    this.filters = [new FilterCall(place, name, args)]
  }
}

class FilterCall extends Token {
  readonly name: string
  readonly args: ValueToken[]

  constructor(place: Token, name: string, args: ValueToken[] = []) {
    super(TokenKind.Filter, place.input, place.begin, place.end, place.file)
    this.name = name
    this.args = args
  }
}

/**
 * Puts the check on ranges and nesting into liquidjs's tokenizer, of which it makes its own wherever it reads a tag, so
 * that there is no instance to hand it. Once for the process; nothing else in it uses liquidjs.
 */
export function guardExpressions(): void {
  if (guarded) return
  guarded = true
  // oxlint-disable-next-line typescript/unbound-method -- called with its tokenizer below
  const read = Tokenizer.prototype.readValue
  let depth = 0
  Tokenizer.prototype.readValue = function (this: Tokenizer) {
    depth += 1
    try {
      if (depth > NESTING_MAX) throw limitReached(`brackets nested deeper than ${NESTING_MAX}`)
      return withCheckedRange(read.call(this))
    } finally {
      depth -= 1
    }
  }
}

let guarded = false

function withCheckedRange(token: Operand | undefined): Operand | undefined {
  if (TypeGuards.isRangeToken(token)) return checkedRangeToken(token)
  if (TypeGuards.isPropertyAccessToken(token) && TypeGuards.isRangeToken(token.variable)) {
    token.variable = checkedRangeToken(token.variable) // `(1..3).size`
  }
  return token
}

function checkedRangeToken(range: RangeToken): FilteredValueToken {
  return new Filtered(range, range.lhs, RANGE, [range.rhs])
}

/** What a loop runs over, paid by its length: liquidjs copies it for `limit`, `offset` and `reversed`. */
export function paidLoop(collection: Operand): FilteredValueToken {
  return new Filtered(collection, collection, LOOP)
}

/** A last filter for the value of a `case` that is compared with up to `times` others. */
export function paidComparisons(place: Token, times: number, engine: Liquid): Filter {
  return new Filter(new FilterCall(place, 'case'), pay, engine)
  function pay(this: FilterThis, value: unknown): unknown {
    const { meter } = MachineContext.of(this.context)
    const plain: unknown = toValue(value)
    for (let time = 0; time < times; time++) meter.value(plain)
    return value
  }
}

/** The filters with the unwritable names. */
export const GUARD_FILTERS: Record<string, Handler> = { [RANGE]: checkedRange, [LOOP]: payLoop }

/** All integers from low to high. */
function checkedRange(this: FilterThis, low: unknown, high: unknown): number[] {
  const from = Number(toValue(low))
  const to = Number(toValue(high))
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to)) {
    throw new Failure(`a range goes from integer to integer, not from ${String(low)} to ${String(high)}`)
  }
  const count = Math.max(to - from + 1, 0)
  MachineContext.of(this.context).meter.items(count)
  return Array.from({ length: count }, (_, at) => from + at)
}

function payLoop(this: FilterThis, value: unknown): unknown {
  const plain: unknown = toValue(value)
  const { meter } = MachineContext.of(this.context)
  if (Array.isArray(plain)) meter.work(plain.length)
  else if (typeof plain === 'object' && plain !== null) meter.work(entryCount(plain))
  return value
}
