/**
 * The HTTP application: which path is answered by which route, signed or not, and one log line for each request.
 *
 * Built without listening, so that tests can inject requests. Decides nothing about machines: routes do.
 */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'

import { decodePath } from '../core/boots/plan.ts'
import type { Purpose } from '../core/journal.ts'
import { type Log, printable } from '../core/log.ts'
import type { Signer } from '../core/signer.ts'
import type { Snapshot } from '../core/store/snapshot.ts'
import { AUTOEXEC, FIRMWARE_PATH } from '../core/urls.ts'
import { type Answer, failed, METHOD_NOT_ALLOWED, notFound } from './answer.ts'
import { type Explain, explainAnswer } from './api/explain.ts'
import { type Ask, lastSegment, parseAsk } from './ask.ts'
import type { Assets } from './assets.ts'
import { refuseBadRequest, refuseConnect } from './bad-request.ts'
import { addressOf, downloadReporter, type Report, reportRequest } from './report.ts'
import { elapsedMs, logAnswer } from './request-log.ts'
import { autoexec, ROUTES, spec } from './routes.ts'
import { send, signature } from './send.ts'
import { openStatus, type StatusDeps } from './status.ts'
import type { RouteTally } from './tally.ts'
import { type Page, UI_PATH, wantsPage } from './ui/page.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Where it is counted, once its route is known. */
    tally: RouteTally | undefined
  }
}

export interface HttpDeps {
  /** The snapshot to answer from, asked for once per request. */
  readonly snapshot: () => Snapshot
  /** Absent: the signature routes are not there. */
  readonly signer?: Signer | undefined
  /** Absent: `/assets/` is not there. */
  readonly assets?: Assets | undefined
  /** Absent: `/firmware/` is not there. */
  readonly firmware?: FirmwareFolder | undefined
  /** Told of what machines fetch. */
  readonly report?: Report | undefined
  /** Absent: `/api/explain` is not there. */
  readonly explain?: Explain | undefined
  /** Absent: the API, the metrics and the event stream are not there. */
  readonly status?: StatusDeps | undefined
  /** Absent: there is no status page. */
  readonly page?: Page | undefined
  readonly log: Log
}

export interface FirmwareFolder {
  readonly assets: Assets
  /** Whether the operator has put such a file there; its name below the folder. */
  readonly has: (name: string) => boolean
}

export interface HttpLimits {
  readonly headerBytesMax: number
  readonly connectionsMax: number
  /** A request must have arrived in this time, or its connection is closed. */
  readonly requestMsMax: number
  /** A connection on which nothing moves, in either direction, is closed after this time. */
  readonly idleMsMax: number
}

/** Nobody may keep what holds only for now, or take it for something else. */
const FOR_NOW = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const

/** Slow enough for firmware on a bad wire, short enough that nobody holds a connection for long. */
export const TIMEOUTS = { requestMsMax: 10_000, idleMsMax: 60_000 }

export function buildApp(limits: HttpLimits, deps: HttpDeps): FastifyInstance {
  const { log, signer, assets, firmware, report } = deps
  const downloading = report && downloadReporter(report)
  const status = deps.status && openStatus(deps.status)
  const app = fastify({
    logger: false,
    routerOptions: { querystringParser: () => ({}) }, // labels.ts reads the raw query
    http: {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.requestMsMax,
      connectionsCheckingInterval: limits.requestMsMax / 5,
    },
    requestTimeout: limits.requestMsMax,
    connectionTimeout: limits.idleMsMax,
    keepAliveTimeout: limits.idleMsMax / 2,
    clientErrorHandler: (error, socket) => refuseBadRequest(error, socket, log),
    frameworkErrors: (_error, request, reply) => answerUndecodable(request, reply),
  })
  app.server.maxConnections = limits.connectionsMax
  app.server.on('connect', (_request, socket) => refuseConnect(socket, log))

  type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown
  const exact = new Set<string>()
  const prefixes: [prefix: string, handler: Handler][] = []
  function serve(path: string, handler: Handler): void {
    const tally = status?.tallyOf(path)
    app.get(path, { exposeHeadRoute: true }, (request, reply) => {
      request.tally = tally
      return handler(request, reply)
    })
    if (path.endsWith('*')) prefixes.push([path.slice(0, -1), handler])
    else exact.add(path)
  }
  const below = (path: string): Handler | undefined => prefixes.find(([prefix]) => path.startsWith(prefix))?.[1]
  const isServed = (path: string): boolean => exact.has(path) || below(path) !== undefined

  for (const [path, rest, route, purpose] of ROUTES) {
    const answerTo = (ask: Ask): Answer => route(deps.snapshot(), ask)
    const isScript = purpose === 'script' || purpose === 'ipxe'
    serve(path + rest, (request, reply) => {
      const ask = parseAsk(request.url, request.raw.rawHeaders)
      if (isScript) report?.({ type: 'script', address: addressOf(request), mac: ask.labels.get('mac') })
      return finish(request, reply, ask, answerTo(ask), purpose)
    })
    if (signer === undefined) continue
    for (const ending of ['.asc', '.sig'] as const) {
      serve(path + ending + rest, async (request, reply) => {
        const ask = parseAsk(request.url, request.raw.rawHeaders)
        return finish(request, reply, ask, await signature(answerTo(ask), signer, ending === '.asc'), 'signature')
      })
    }
  }
  serve('/spec/*', (request, reply) => {
    const ask = parseAsk(request.url)
    return finish(request, reply, ask, spec(deps.snapshot(), ask))
  })
  if (status !== undefined) {
    for (const [path, route] of status.routes) {
      serve(path, async (request, reply) => tell(request, reply, await route(parseAsk(request.url))))
    }
    serve('/api/events', (request, reply) => {
      const refusal = status.follow(request, reply)
      return refusal && tell(request, reply, refusal)
    })
    app.addHook('preClose', async () => status.stop())
  }
  const { explain } = deps
  if (explain !== undefined) {
    serve('/api/explain', async (request, reply) => {
      const ask = parseAsk(request.url)
      return tell(request, reply, await explainAnswer(ask.query, request.socket.localPort ?? 0, explain))
    })
  }
  const { page } = deps
  if (page !== undefined) {
    // Not by `serve`: for who does not ask for a page, and for other methods, there is nothing at `/`, as ever.
    app.get('/', { exposeHeadRoute: true }, async (request, reply) => {
      const { accept, 'accept-encoding': encodings } = request.headers
      if (!wantsPage(accept)) return finish(request, reply, parseAsk(request.url), notFound())
      return tell(request, reply, await page.index(encodings))
    })
    serve(`${UI_PATH}*`, async (request, reply) => {
      const { path } = parseAsk(request.url)
      return tell(request, reply, await page.file(path, request.headers['accept-encoding']))
    })
  }
  if (assets !== undefined) {
    serve('/assets/*', (request, reply) => sendFile(assets, 'assets', request, reply))
  }
  if (firmware !== undefined) {
    serve(`${FIRMWARE_PATH}*`, (request, reply) => {
      const address = addressOf(request)
      const ask = parseAsk(request.url)
      const file = lastSegment(ask.path)
      if (file === AUTOEXEC) {
        report?.({ type: 'autoexec', address })
        if (!firmware.has(ask.path.slice(FIRMWARE_PATH.length)))
          return finish(request, reply, ask, autoexec(), 'autoexec')
      }
      const told = (): void => report?.({ type: 'firmware', address, file })
      return sendFile(firmware.assets, 'firmware', request, reply, file === AUTOEXEC ? undefined : told)
    })
  }

  /** @param sent - called when a client has got a whole file */
  async function sendFile(
    files: Assets,
    from: 'assets' | 'firmware',
    request: FastifyRequest,
    reply: FastifyReply,
    sent?: () => void,
  ): Promise<void> {
    reply.hijack()
    const ask = parseAsk(request.url)
    const path = printable(ask.path)
    const peer = request.socket.remoteAddress // gone when the client is
    const file = ask.path.slice(ask.path.indexOf('/', 1) + 1) // "assets" itself may be written with escapes
    const download = downloading?.(request, from, decodePath(file))
    const served = await files.serve(file, request.raw, reply.raw, download?.progress)
    download?.ended(served)
    const { status, bytes, complete, problem } = served
    if (problem !== undefined) log('http.asset-problem', { path, status, reason: printable(problem) })
    const reason = complete ? undefined : 'not all of it was sent'
    log('http.request', { method: request.method, path, status, bytes, ms: elapsedMs(request), peer, reason })
    count(request, status, bytes)
    if (request.method === 'GET' && status === 200 && complete) sent?.()
  }

  app.decorateRequest('startedMs', 0)
  app.decorateRequest('tally')
  const others = status?.tallyOf('others')
  function count(request: FastifyRequest, code: number, bytes: number): void {
    const tally = request.tally ?? others
    tally?.count(code, request.method === 'HEAD' ? 0 : bytes, elapsedMs(request))
  }

  app.addHook('onRequest', (request, reply, next) => {
    request.startedMs = performance.now()
    // Before a body is read: nobody's upload is taken in only to be refused.
    if (isReading(request)) return next()
    refuseMethod(request, reply)
  })

  function refuseMethod(request: FastifyRequest, reply: FastifyReply): void {
    const ask = parseAsk(request.url)
    finish(request, reply, ask, isServed(ask.path) ? METHOD_NOT_ALLOWED : notFound())
  }

  /** A path whose escapes are no UTF-8, or none at all. Fastify routes no such path, but names of files are bytes. */
  function answerUndecodable(request: FastifyRequest, reply: FastifyReply): void {
    request.startedMs = performance.now()
    if (!isReading(request)) return refuseMethod(request, reply)
    const ask = parseAsk(request.url)
    const handler = below(ask.path)
    if (handler === undefined) finish(request, reply, ask, notFound())
    else void handler(request, reply) // only sends what is at hand, or never fails
  }

  app.setNotFoundHandler((request, reply) => finish(request, reply, parseAsk(request.url), notFound()))
  app.setErrorHandler((error, request, reply) => {
    const stack = error instanceof Error ? error.stack : String(error)
    log('http.failed', { method: request.method, path: printable(request.url), stack })
    return finish(
      request,
      reply,
      parseAsk(request.url),
      failed('internal error: a fault of bootcfg, its log says more'),
    )
  })

  /** @param purpose - of what is a step of a boot */
  function finish(
    request: FastifyRequest,
    reply: FastifyReply,
    ask: Ask,
    answer: Answer,
    purpose?: Purpose,
  ): FastifyReply {
    const bytes = send(request, reply, answer)
    if (purpose !== undefined && report !== undefined) reportRequest(report, request, purpose, ask, answer, bytes)
    logAnswer(log, request, reply, ask, answer, bytes)
    count(request, reply.statusCode, bytes)
    return reply
  }

  /** For those who watch: they ask again and again, which is no news. */
  function tell(request: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply {
    const bytes = send(request, reply, { ...answer, headers: { ...FOR_NOW, ...answer.headers } })
    const path = printable(parseAsk(request.url).path)
    const peer = request.socket.remoteAddress
    log('http.watched', { method: request.method, path, status: reply.statusCode, bytes, ms: elapsedMs(request), peer })
    count(request, reply.statusCode, bytes)
    return reply
  }
  return app
}

function isReading({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD'
}
