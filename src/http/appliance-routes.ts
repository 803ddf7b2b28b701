/**
 * `/api/appliance`: the box as it is, and what somebody with the token of its console may ask of it.
 *
 *   GET  /api/appliance            facts, for everybody
 *   POST /api/appliance/token      whether a token is right
 *   PUT  /api/appliance/update     a bundle, which the installer then checks: who sends it need not be who made it
 *   POST /api/appliance/reboot, /api/appliance/poweroff
 *
 * The token comes in a header that no other site can make a browser send, so that nobody's browser can be misused.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { Admission, Appliance, Receipt } from '../core/appliance.ts'
import { reasonOf } from '../core/errors.ts'
import type { Answer } from './answer.ts'
import { updateQuery } from './api/appliance.ts'
import { readQuery } from './api/query.ts'
import { json, refuse } from './api/routes.ts'
import { parseAsk } from './ask.ts'
import type { Paths } from './paths.ts'
import type { Replies } from './replies.ts'
import { addressOf } from './report.ts'

export function serveAppliance(app: FastifyInstance, paths: Paths, replies: Replies, appliance: Appliance): void {
  // Nothing is read of a body but by who wants it, as it comes.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _body, done) => done(null))

  paths.serve('/api/appliance', (request, reply) => replies.tell(request, reply, json(appliance.facts())))
  accept('POST', '/api/appliance/token', async () => json({ right: true }))
  accept('PUT', '/api/appliance/update', async (request) => {
    const read = readQuery(updateQuery, parseAsk(request.url).query)
    if ('problem' in read) return refuse(400, read.problem)
    const length = request.headers['content-length']
    return receiptAnswer(
      await appliance.receive({
        body: request.raw,
        length: length === undefined ? undefined : Number(length),
        isForced: read.said.force,
      }),
    )
  })
  for (const what of ['reboot', 'poweroff'] as const) {
    accept('POST', `/api/appliance/${what}`, async () => {
      await appliance.ask(what)
      return { ...json({ asked: what }), status: 202 }
    })
  }

  /** For who has the token. */
  function accept(method: 'PUT' | 'POST', path: string, answer: (request: FastifyRequest) => Promise<Answer>): void {
    paths.accept(method, path, async (request: FastifyRequest, reply: FastifyReply) => {
      const refusal = refusalOf(request, appliance)
      const given = refusal ?? (await answer(request).catch(notAsked))
      const headers = { 'cache-control': 'no-store', ...given.headers }
      return replies.finish(request, reply, parseAsk(request.url), { ...given, headers })
    })
  }
}

function refusalOf(request: FastifyRequest, appliance: Appliance): Answer | undefined {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  const admission = appliance.admit(token, addressOf(request))
  return admission === 'admitted' ? undefined : NOT_ADMITTED[admission]
}

const NOT_ADMITTED: Readonly<Record<Exclude<Admission, 'admitted'>, Answer>> = {
  wrong: {
    ...refuse(401, 'the token on the console of the box is needed, as Authorization: Bearer TOKEN'),
    headers: { 'www-authenticate': 'Bearer' },
  },
  wait: { ...refuse(429, 'too many wrong tokens: wait a minute'), headers: { 'retry-after': '60' } },
}

const STATUSES = { busy: 409, 'too-large': 413, full: 507, unwritable: 503, 'broken-off': 400 } as const

function receiptAnswer(receipt: Receipt): Answer {
  if (!receipt.received) return refuse(STATUSES[receipt.why], receipt.reason)
  return { ...json({ bytes: receipt.bytes, sha256: receipt.sha256 }), status: 202 }
}

function notAsked(error: unknown): Answer {
  return refuse(503, `the box cannot be asked for it: ${reasonOf(error)}`)
}
