/**
 * What no route answers: other methods than GET and HEAD, paths that are not there or not decodable, faults of ours.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import { type Log, printable } from '../core/log.ts'
import { allowOnly, type Answer, failed, METHOD_NOT_ALLOWED, notFound } from './answer.ts'
import { parseAsk } from './ask.ts'
import type { Handler, Paths } from './paths.ts'
import type { Replies } from './replies.ts'

const FAULT = failed('internal error: a fault of bootcfg, its log says more')

/** @returns what answers a path whose escapes are no UTF-8, or none at all */
export function answerUnserved(app: FastifyInstance, paths: Paths, replies: Replies, log: Log): Handler {
  function finish(request: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply {
    return replies.finish(request, reply, parseAsk(request.url), answer)
  }
  function refuseMethod(request: FastifyRequest, reply: FastifyReply): void {
    const { path } = parseAsk(request.url)
    const other = paths.acceptedBy(path)
    finish(request, reply, other ? allowOnly(other) : paths.has(path) ? METHOD_NOT_ALLOWED : notFound())
  }

  app.decorateRequest('startedMs', 0)
  app.addHook('onRequest', (request, reply, next) => {
    request.startedMs = performance.now()
    // Before a body is read: nobody's upload is taken in only to be refused.
    if (isReading(request) || paths.acceptedBy(parseAsk(request.url).path) === request.method) return next()
    refuseMethod(request, reply)
  })
  app.setNotFoundHandler((request, reply) => {
    const other = paths.acceptedBy(parseAsk(request.url).path)
    return finish(request, reply, other ? allowOnly(other) : notFound())
  })
  app.setErrorHandler((error, request, reply) => {
    const stack = error instanceof Error ? error.stack : String(error)
    log('http.failed', { method: request.method, path: printable(request.url), stack })
    return finish(request, reply, FAULT)
  })

  // Fastify routes no such path, nor calls its hooks; but names of files are bytes.
  return (request, reply) => {
    request.startedMs = performance.now()
    if (!isReading(request)) return refuseMethod(request, reply)
    const handler = paths.below(parseAsk(request.url).path)
    if (handler === undefined) finish(request, reply, notFound())
    else void handler(request, reply) // only sends what is at hand, or never fails
  }
}

function isReading({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD'
}
