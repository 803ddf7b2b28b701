/**
 * What a route decides: a value, not a write to a socket. Routes are pure functions of a snapshot and a request.
 */
import type { Group } from '../core/groups.ts'

export interface Answer {
  readonly status: number
  readonly type: string
  /** Text is sent as UTF-8 (with the bytes of utf8.ts). */
  readonly body: string | Uint8Array
  /** Beside the type and the length. */
  readonly headers?: Readonly<Record<string, string>>
  /** For the log: the group that matched, or the spec that was asked for without one. */
  readonly group?: Group | undefined
  readonly spec?: string | undefined
  /** Range requests are honoured. */
  readonly ranges?: boolean
  /** Why the answer is an error, in one line, for the log. */
  readonly reason?: string | undefined
  /** An error that is none: nothing of the kind is configured for the group. */
  readonly unconfigured?: true
}

export const TEXT = 'text/plain; charset=utf-8'
export const JSON_TYPE = 'application/json'

/** The old program's line; a second line says why, where there is something to say. */
const NOT_FOUND_LINE = '404 page not found\n'

export function notFound(why?: string, group?: Group): Answer {
  const body = why === undefined ? NOT_FOUND_LINE : `${NOT_FOUND_LINE}${oneLine(why)}\n`
  return { status: 404, type: TEXT, body, reason: why, group }
}

/** Something that is configured cannot be served: one line that says which file, where in it, and why. */
export function failed(reason: string, group?: Group): Answer {
  return { status: 500, type: TEXT, body: `${oneLine(reason)}\n`, reason, group }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, ' ')
}

export const METHOD_NOT_ALLOWED: Answer = { status: 405, type: TEXT, body: 'only HTTP GET is supported\n' }

export function allowOnly(method: string): Answer {
  return { status: 405, type: TEXT, body: `only HTTP ${method} is supported\n`, headers: { allow: method } }
}
