/**
 * An error on its way out of liquidjs: what went wrong and in which template, until the door makes a `ConfigError` of it.
 *
 * liquidjs wraps whatever is thrown below it several times over; `failureOf` finds the first cause again. A failure in a
 * partial also remembers the tag of the main template that led there, because that is the file the reader knows.
 */
import { LiquidError, type Token } from 'liquidjs'

import type { Position } from '../../errors.ts'
import { positionAt } from '../../position.ts'

/** The file name of the template itself; a partial has its name in the `templates/` folder. */
export const MAIN = ''
/** The file name of a partial's name that is a small template of its own: `{% render "units/{{ role }}" %}`. */
export const PARTIAL_NAME = '{% %}'

/** Longer messages are cut: liquidjs quotes whole tags. */
const MESSAGE_CHARS_MAX = 300

export class Failure extends Error {
  override readonly name = 'Failure'
  /** A limit was reached; otherwise the template is wrong. */
  readonly isLimit: boolean
  /** Where, when known: the template's file and the place in it. */
  readonly file: string | undefined
  readonly at: Position | undefined
  /** The tag in the main template on the way to a failure in a partial. */
  readonly via: Position | undefined

  constructor(
    message: string,
    where: { isLimit?: boolean; file?: string | undefined; at?: Position | undefined; via?: Position | undefined } = {},
  ) {
    super(message)
    this.isLimit = where.isLimit ?? false
    this.file = where.file
    this.at = where.at
    this.via = where.via
  }

  /** This failure as seen from a tag or output around it: the innermost place stays, the way there is added. */
  seenFrom(token: Token): Failure {
    if (token.file === PARTIAL_NAME) return this
    if (this.file === undefined) return this.#with({ file: token.file, at: positionOf(token) })
    if (this.file === MAIN || token.file !== MAIN || this.via !== undefined) return this
    return this.#with({ via: positionOf(token) })
  }

  #with(more: { file?: string | undefined; at?: Position; via?: Position }): Failure {
    const { isLimit, file, at, via } = this
    return new Failure(this.message, { isLimit, file, at, via, ...more })
  }
}

export function limitReached(message: string): Failure {
  return new Failure(message, { isLimit: true })
}

/** What was thrown, as a failure; `token` is what was parsed or rendered when it was thrown. */
export function failureOf(error: unknown, token: Token | undefined): Failure {
  const cause = firstCause(error)
  if (cause instanceof Failure) return token === undefined ? cause : cause.seenFrom(token)
  const place = placeOf(error, token)
  return place === undefined
    ? new Failure(messageOf(cause), limitIn(cause))
    : new Failure(messageOf(cause), limitIn(cause)).seenFrom(place)
}

function firstCause(error: unknown): unknown {
  let cause = error
  while (LiquidError.is(cause) && cause.originalError !== undefined) cause = cause.originalError
  return cause
}

/** liquidjs's own, finer place, unless it counts in another text (a filter's argument that is an expression). */
function placeOf(error: unknown, token: Token | undefined): Token | undefined {
  if (!LiquidError.is(error)) return token
  const { token: own } = error
  if (token === undefined) return own
  if (own.input !== token.input) return token
  own.file ??= token.file
  return own
}

/** V8 throws RangeErrors for a full stack and for texts and arrays beyond its own bounds; liquidjs asserts its memory limit. */
function limitIn(cause: unknown): { isLimit: boolean } {
  return {
    isLimit: cause instanceof RangeError || (cause instanceof Error && cause.message === 'memory alloc limit exceeded'),
  }
}

function messageOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause)
  const line = text
    .replace(/(?:, file:.*)?, line:\d+, col:\d+$/s, '') // the end of a message of liquidjs's tokenizer
    .replaceAll(/\s*\n\s*/g, ' ')
  return line.length > MESSAGE_CHARS_MAX ? `${line.slice(0, MESSAGE_CHARS_MAX)}…` : line
}

function positionOf(token: Token): Position {
  return positionAt(token.input, token.begin)
}
