/**
 * One line of the log for each request. Text from the network goes in as printable ASCII.
 */
import type { FastifyRequest } from 'fastify'

import { groupLabel } from '../core/groups.ts'
import type { Labels } from '../core/labels.ts'
import { type Log, printable } from '../core/log.ts'
import type { Answer } from './answer.ts'
import type { Ask } from './ask.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** When its headers were in, by `performance.now()`. */
    startedMs: number
  }
}

/** What came of a request. */
export interface Outcome {
  readonly status: number
  /** Of the body that a GET is sent. */
  readonly bytes: number
  readonly ms: number
  readonly peer: string | undefined
}

export function logAnswer(
  log: Log,
  request: FastifyRequest,
  ask: Ask,
  answer: Answer,
  { status, bytes, ms, peer }: Outcome,
): void {
  log('http.request', {
    method: request.method,
    path: printable(ask.path),
    mac: ask.labels.get('mac'),
    uuid: printableOr(ask.labels.get('uuid')),
    labels: otherLabels(ask.labels),
    group: answer.group && printable(groupLabel(answer.group)),
    spec: printableOr(answer.group?.spec ?? answer.spec),
    status,
    bytes: request.method === 'HEAD' ? 0 : bytes,
    ms,
    peer,
    reason: printableOr(answer.reason),
  })
}

function printableOr(text: string | undefined): string | undefined {
  return text && printable(text)
}

/** `key=value` of all labels but mac and uuid, which have fields of their own; empty ones are left out. */
function otherLabels(labels: Labels): string | undefined {
  let text = ''
  for (const [key, value] of labels) {
    if (key === 'mac' || key === 'uuid' || value === '') continue
    text += text === '' ? `${key}=${value}` : ` ${key}=${value}`
  }
  return text === '' ? undefined : printable(text)
}

/** Milliseconds since the request came, with three digits behind the point. */
export function elapsedMs(request: FastifyRequest): number {
  return Math.round((performance.now() - request.startedMs) * 1000) / 1000
}
