/**
 * What the query of an API request may say: which part of a list, and which of its items. Pure.
 */
import { z } from 'zod'

import { STATES } from '../../core/boots/attempt.ts'

const LIMIT_MAX = 1000
const OFFSET_MAX = 10_000_000

function whole(min: number, max: number, otherwise: number) {
  const expected = `expected a whole number from ${min} to ${max}`
  return z.coerce.number(expected).int(expected).min(min, expected).max(max, expected).default(otherwise)
}

const state = z.enum(STATES, `expected one of ${STATES.join(', ')}`).optional()

/** How many at most, and how many to leave out before them. */
const page = { limit: whole(1, LIMIT_MAX, 100), offset: whole(0, OFFSET_MAX, 0) }

/** `q`: what a machine's texts must contain, in any case. */
export const machinesQuery = z.strictObject({ ...page, state, q: z.string().optional() })

export const attemptsQuery = z.strictObject({ ...page, state, mac: z.string().optional() })

/** `caught`: only groups that caught a machine. */
export const groupsQuery = z.strictObject({
  ...page,
  caught: z
    .enum(['true', 'false'], 'expected true or false')
    .default('false')
    .transform((text) => text === 'true'),
})

export const problemsQuery = z.strictObject(page)

/** `since`: the id of the last change that is known. */
export const changesQuery = z.strictObject({ since: z.string().default('') })

export interface Page {
  readonly limit: number
  readonly offset: number
}

/** A part of a list, and what tells it from the whole. */
export function pageOf<T>(all: readonly T[], { limit, offset }: Page) {
  return { items: all.slice(offset, offset + limit), page: { total: all.length, offset, limit } }
}

/** @returns what the query says, or in a line what of it cannot be used */
export function readQuery<S extends z.ZodType>(
  schema: S,
  query: string,
): { readonly said: z.output<S> } | { readonly problem: string } {
  const parsed = schema.safeParse(Object.fromEntries(new URLSearchParams(query)))
  if (parsed.success) return { said: parsed.data }
  const { path, message } = parsed.error.issues[0]!
  return { problem: path.length === 0 ? message : `${path.join('.')}: ${message}` }
}
