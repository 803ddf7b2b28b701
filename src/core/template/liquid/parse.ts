/**
 * liquidjs's parser, with bounded nesting and with the place of an error known where it happens.
 */
import { type Liquid, Parser, type Template, type TopLevelToken } from 'liquidjs'

import { failureOf, limitReached, PARTIAL_NAME } from './failure.ts'

export class NestingParser extends Parser {
  readonly #depthMax: number
  #depth = 0

  constructor(engine: Liquid, depthMax: number) {
    super(engine)
    this.#depthMax = depthMax
  }

  override parse(source: string, file = PARTIAL_NAME): Template[] {
    return super.parse(source, file)
  }

  /** The tags take tokens from the front, each a move of all the others; from the back it costs nothing. */
  override parseTokens(tokens: TopLevelToken[]): Template[] {
    if (!Object.hasOwn(tokens, 'shift')) {
      tokens.reverse()
      tokens.shift = () => tokens.pop()
    }
    return super.parseTokens(tokens)
  }

  override parseToken(token: TopLevelToken, rest: TopLevelToken[]): ReturnType<Parser['parseToken']> {
    this.#depth += 1
    try {
      if (this.#depth > this.#depthMax) throw limitReached(`nested deeper than ${this.#depthMax}`)
      return super.parseToken(token, rest)
    } catch (error) {
      throw failureOf(error, token)
    } finally {
      this.#depth -= 1
    }
  }
}
