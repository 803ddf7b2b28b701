/**
 * The tags and operators that read whole lists without a filter, so that somebody pays for it.
 */
import {
  CaseTag,
  type Context,
  defaultOperators,
  ForTag,
  type Liquid,
  type Operators,
  type Parser,
  TablerowTag,
  Tag,
  type TagToken,
  type TopLevelToken,
  toValue,
} from 'liquidjs'

import { MachineContext } from './context.ts'
import { paidComparisons, paidLoop } from './expressions.ts'
import { paySearch } from './filters.ts'

class PaidFor extends ForTag {
  constructor(token: TagToken, rest: TopLevelToken[], engine: Liquid, parser: Parser) {
    super(token, rest, engine, parser)
    this.collection = paidLoop(this.collection)
  }
}

class PaidTablerow extends TablerowTag {
  constructor(token: TagToken, rest: TopLevelToken[], engine: Liquid, parser: Parser) {
    super(token, rest, engine, parser)
    this.collection = paidLoop(this.collection)
  }
}

class PaidCase extends CaseTag {
  constructor(token: TagToken, rest: TopLevelToken[], engine: Liquid, parser: Parser) {
    super(token, rest, engine, parser)
    const values = this.branches.reduce((sum, branch) => sum + branch.values.length, 0)
    this.value.filters.push(paidComparisons(token, values, engine))
  }
}

/** liquidjs looks for a missing `#` with a regular expression that is slow on many empty lines. */
class InlineComment extends Tag {
  override render(): void {}
}

export const OPERATORS: Operators = { ...defaultOperators }
for (const operator of ['==', '!=', '<', '<=', '>', '>=', 'contains']) {
  const compare = defaultOperators[operator]!
  OPERATORS[operator] = (left: unknown, right: unknown, context: Context) => {
    const { meter } = MachineContext.of(context)
    meter.value(toValue(left))
    meter.value(toValue(right))
    if (operator === 'contains') paySearch(meter, left, right)
    return compare(left, right, context)
  }
}

export const PAID_TAGS = { for: PaidFor, tablerow: PaidTablerow, case: PaidCase, '#': InlineComment }
