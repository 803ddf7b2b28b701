/**
 * The HTTP application: which path is answered by which route, signed or not, and one log line for each request.
 *
 * Built without listening, so that tests can inject requests. Decides nothing about machines: routes do.
 */
import fastify, { type FastifyInstance } from 'fastify'

import type { Appliance } from '../core/appliance.ts'
import type { Log } from '../core/log.ts'
import type { Explain } from './api/explain.ts'
import { serveAppliance } from './appliance-routes.ts'
import { refuseBadRequest, refuseConnect } from './bad-request.ts'
import { type BootDeps, serveBoots } from './boot-routes.ts'
import { type FileDeps, serveFiles } from './file-routes.ts'
import { Paths } from './paths.ts'
import { createReplies } from './replies.ts'
import { serveExplain, servePage, serveStatus } from './status-routes.ts'
import { openStatus, type StatusDeps } from './status.ts'
import type { Page } from './ui/page.ts'
import { answerUnserved } from './unserved.ts'

export interface HttpDeps extends BootDeps, FileDeps {
  /** Absent: `/api/explain` is not there. */
  readonly explain?: Explain | undefined
  /** Absent: the API, the metrics and the event stream are not there. */
  readonly status?: StatusDeps | undefined
  /** Absent: this is no box of its own. */
  readonly appliance?: Appliance | undefined
  /** Absent: there is no status page. */
  readonly page?: Page | undefined
  readonly log: Log
}

export interface HttpLimits {
  readonly headerBytesMax: number
  readonly connectionsMax: number
  /** A request must have arrived in this time, or its connection is closed. */
  readonly requestMsMax: number
  /** A connection on which nothing moves, in either direction, is closed after this time. */
  readonly idleMsMax: number
}

/** Slow enough for firmware on a bad wire, short enough that nobody holds a connection for long. */
export const TIMEOUTS = { requestMsMax: 10_000, idleMsMax: 60_000 }

/** An update may come over a slow line; one that stops is cut off by `idleMsMax`. */
const UPLOAD_MS_MAX = 900_000

export function buildApp(limits: HttpLimits, deps: HttpDeps): FastifyInstance {
  const { log, report, explain, page, appliance } = deps
  const status = deps.status && openStatus({ ...deps.status, isAppliance: appliance !== undefined })
  const app = fastify({
    logger: false,
    routerOptions: { querystringParser: () => ({}) }, // labels.ts reads the raw query
    http: {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.requestMsMax,
      connectionsCheckingInterval: limits.requestMsMax / 5,
    },
    // Headers have their own limit; a body is taken only where one can be sent.
    requestTimeout: appliance === undefined ? limits.requestMsMax : UPLOAD_MS_MAX,
    connectionTimeout: limits.idleMsMax,
    keepAliveTimeout: limits.idleMsMax / 2,
    // After the answers of this turn (`together.ts`): what came before the rubbish is answered.
    clientErrorHandler: (error, socket) => void setImmediate(() => refuseBadRequest(error, socket, log)),
    frameworkErrors: (_error, request, reply) => answerUndecodable(request, reply),
  })
  app.server.maxConnections = limits.connectionsMax
  app.server.on('connect', (_request, socket) => refuseConnect(socket, log))

  const paths = new Paths(app, (path) => status?.tallyOf(path))
  const replies = createReplies(log, report, status?.tallyOf('others'))
  const answerUndecodable = answerUnserved(app, paths, replies, log)
  serveBoots(paths, replies, deps)
  serveFiles(paths, replies, deps)
  if (status !== undefined) serveStatus(app, paths, replies, status)
  if (explain !== undefined) serveExplain(paths, replies, explain)
  if (appliance !== undefined) serveAppliance(app, paths, replies, appliance)
  if (page !== undefined) servePage(app, paths, replies, page)
  return app
}
