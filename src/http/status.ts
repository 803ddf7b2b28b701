/**
 * What the HTTP room shows of the whole program: the API, the metrics, the event stream. Puts their parts together.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Journal } from '../core/journal.ts'
import type { Answer } from './answer.ts'
import { type ApiDeps, type ApiRoute, apiRoutes, refuse } from './api/routes.ts'
import { parseAsk } from './ask.ts'
import { Changes } from './changes.ts'
import { createEvents } from './events.ts'
import { createMetrics } from './metrics.ts'
import { type RouteTally, Tally } from './tally.ts'

export interface StatusDeps extends Omit<ApiDeps, 'isAppliance'> {
  readonly listen: Journal['listen']
}

export interface Status {
  readonly routes: readonly (readonly [path: string, route: ApiRoute])[]
  /** Where the requests of a route are counted. */
  readonly tallyOf: (route: string) => RouteTally
  /** Serve the event stream, or refuse. */
  readonly follow: (request: FastifyRequest, reply: FastifyReply) => Answer | undefined
  /** Ends the event stream. */
  readonly stop: () => void
}

export function openStatus(deps: StatusDeps & ApiDeps): Status {
  const { boots, listen } = deps
  const tally = new Tally()
  const changes = new Changes(deps, Date.now().toString(36))
  const events = createEvents(changes)
  const metrics = createMetrics({ ...deps, tally, clients: () => events.clients })
  const stops = [
    listen((event) => tally.onBootEvent(event)),
    boots.onEnd((attempt) => tally.onEnd(attempt)),
    () => events.stop(),
    () => changes.stop(),
  ]
  return {
    routes: apiRoutes(deps, changes, metrics),
    tallyOf: (route) => tally.route(route),
    follow(request, reply) {
      if (events.isFull) return refuse(503, 'too many clients follow the events already; ask /api/changes now and then')
      const since = new URLSearchParams(parseAsk(request.url).query).get('since')
      reply.hijack()
      events.add(reply.raw, String(request.headers['last-event-id'] ?? since ?? ''))
      return undefined
    },
    stop() {
      for (const stop of stops) stop()
    },
  }
}
