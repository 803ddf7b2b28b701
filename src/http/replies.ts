/**
 * How a request ends: its answer is sent, told to the journal if it is a step of a boot, logged and counted.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Purpose } from '../core/journal.ts'
import { type Log, printable } from '../core/log.ts'
import type { Answer } from './answer.ts'
import { type Ask, parseAsk } from './ask.ts'
import { type Report, requestEvent } from './report.ts'
import { elapsedMs, logAnswer } from './request-log.ts'
import { send } from './send.ts'
import type { RouteTally } from './tally.ts'

export interface Replies {
  /** @param purpose - of what is a step of a boot */
  readonly finish: (
    request: FastifyRequest,
    reply: FastifyReply,
    ask: Ask,
    answer: Answer,
    purpose?: Purpose,
  ) => FastifyReply
  /** For those who watch: they ask again and again, which is no news. */
  readonly tell: (request: FastifyRequest, reply: FastifyReply, answer: Answer) => FastifyReply
  /** One that was answered by other means. */
  readonly count: (request: FastifyRequest, status: number, bytes: number) => void
}

/** Nobody may keep what holds only for now, or take it for something else. */
const FOR_NOW = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const

/** @param others - counts the requests that have no route */
export function createReplies(log: Log, report: Report | undefined, others: RouteTally | undefined): Replies {
  function count(request: FastifyRequest, status: number, bytes: number, ms = elapsedMs(request)): void {
    const tally = request.tally ?? others
    tally?.count(status, request.method === 'HEAD' ? 0 : bytes, ms)
  }
  return {
    count,
    finish(request, reply, ask, answer, purpose) {
      const { remoteAddress: peer } = request.socket
      const bytes = send(request, reply, answer)
      const ms = elapsedMs(request)
      if (purpose !== undefined && request.method === 'GET')
        report?.(requestEvent(purpose, peer, ask, answer, reply.statusCode, bytes, ms))
      logAnswer(log, request, ask, answer, { status: reply.statusCode, bytes, ms, peer })
      count(request, reply.statusCode, bytes, ms)
      return reply
    },
    tell(request, reply, answer) {
      const bytes = send(request, reply, { ...answer, headers: { ...FOR_NOW, ...answer.headers } })
      const { method } = request
      const path = printable(parseAsk(request.url).path)
      const peer = request.socket.remoteAddress
      log('http.watched', { method, path, status: reply.statusCode, bytes, ms: elapsedMs(request), peer })
      count(request, reply.statusCode, bytes)
      return reply
    },
  }
}
