/**
 * The API for programs and for the status page: which path is answered with what. Read-only; what machines are given is
 * answered elsewhere, and so is what a box can be asked for.
 */
import type { z } from 'zod'

import type { MachineSummary } from '../../core/boots/attempt.ts'
import type { Boots } from '../../core/boots/boots.ts'
import { reasonOf } from '../../core/errors.ts'
import { normalizeMac } from '../../core/mac.ts'
import { isReady, type ModuleState } from '../../core/module-states.ts'
import type { Running } from '../../core/module.ts'
import type { Problems } from '../../core/problems.ts'
import type { Store } from '../../core/store/store.ts'
import { type Answer, JSON_TYPE, TEXT } from '../answer.ts'
import { type Ask, lastSegment } from '../ask.ts'
import { type Changes, tellChanges } from '../changes.ts'
import type { Metrics } from '../metrics.ts'
import { dataFacts, problemCounts } from './data.ts'
import { groupList } from './groups.ts'
import { createHost } from './host.ts'
import { attemptsQuery, changesQuery, groupsQuery, machinesQuery, pageOf, problemsQuery, readQuery } from './query.ts'

/** What there is to know of this program and of the machines that boot by it. */
export interface ApiDeps {
  readonly boots: Omit<Boots, keyof Running>
  readonly problems: Pick<Problems, 'current' | 'listen'>
  readonly store: Pick<Store, 'state' | 'listen'>
  readonly modules: () => readonly ModuleState[]
  readonly version: string
  /** The box has routes of its own (`appliance-routes.ts`), which the document lists. */
  readonly isAppliance: boolean
}

export type ApiRoute = (ask: Ask) => Answer | Promise<Answer>

export function apiRoutes(
  deps: ApiDeps,
  changes: Changes,
  metrics: Metrics,
): readonly (readonly [path: string, route: ApiRoute])[] {
  const { boots, problems, store, modules, version, isAppliance } = deps
  const host = createHost(version)
  return [
    [
      '/api/machines',
      asked(machinesQuery, ({ state, q, ...page }) => {
        if (state === undefined && q === undefined) {
          return json({ machines: boots.machines(page), total: boots.machineCount(), ...page })
        }
        const wanted = q?.toLowerCase()
        const found = boots.machines().filter((machine) => {
          if (state !== undefined && machine.last?.state !== state) return false
          return wanted === undefined || textOf(machine).includes(wanted)
        })
        const { items, page: part } = pageOf(found, page)
        return json({ machines: items, ...part })
      }),
    ],
    [
      '/api/machines/*',
      ({ path }) => {
        const name = lastSegment(path)
        const machine = boots.machine(normalizeMac(name) ?? name)
        return machine === undefined ? refuse(404, 'no such machine was heard of') : json(machine)
      },
    ],
    [
      '/api/attempts',
      asked(attemptsQuery, ({ state, mac, ...page }) => {
        const all = mac === undefined ? boots.attempts() : (boots.machine(normalizeMac(mac) ?? mac)?.attempts ?? [])
        const found = state === undefined ? all : all.filter((attempt) => attempt.state === state)
        const { items, page: part } = pageOf(found, page)
        return json({ attempts: items, ...part })
      }),
    ],
    [
      '/api/attempts/*',
      ({ path }) => {
        const attempt = boots.attempt(lastSegment(path))
        return attempt === undefined ? refuse(404, 'no such attempt is remembered') : json(attempt)
      },
    ],
    [
      '/api/bodies/*',
      ({ path }) => {
        const body = boots.body(lastSegment(path))
        return body === undefined ? refuse(404, 'it is not kept, or not any more') : { status: 200, type: TEXT, body }
      },
    ],
    [
      '/api/groups',
      asked(groupsQuery, (query) => {
        const { snapshot } = store.state()
        const { specs, loadedAt, behind } = dataFacts(store.state())
        return json({ ...groupList(snapshot.groups.groups, boots.caught(), query), specs, loadedAt, behind })
      }),
    ],
    [
      '/api/problems',
      asked(problemsQuery, (query) => {
        const checked = problems.current()
        const { items, page } = pageOf(checked.problems, query)
        const { loadedAt, behind } = dataFacts(store.state())
        return json({ problems: items, ...problemCounts(checked), loadedAt, behind, ...page })
      }),
    ],
    ['/api/changes', asked(changesQuery, ({ since }) => json(tellChanges(changes, since)))],
    [
      '/api/host',
      async () => {
        try {
          return json({ ...(await host()), modules: modules() })
        } catch (error) {
          return refuse(503, `this computer cannot be measured: ${reasonOf(error)}`)
        }
      },
    ],
    [
      '/api/openapi.json',
      async () => {
        const { openApi } = await import('./openapi.ts')
        return json(openApi(version, isAppliance))
      },
    ],
    [
      '/metrics',
      async () => {
        const { type, text } = await metrics.text()
        return { status: 200, type, body: text }
      },
    ],
    ['/healthz', () => ({ status: 200, type: TEXT, body: 'ok\n' })],
    [
      '/readyz',
      () => {
        const ready = isReady(modules())
        return {
          ...json({ ready, modules: modules(), behind: dataFacts(store.state()).behind }),
          status: ready ? 200 : 503,
        }
      },
    ],
  ]
}

/** All that a search looks through, in lower case. */
function textOf({ mac, uuid, address, hostname, group, spec }: MachineSummary): string {
  return `${mac} ${uuid} ${address} ${hostname} ${group} ${spec}`.toLowerCase()
}

export function json(value: unknown): Answer {
  return { status: 200, type: JSON_TYPE, body: `${JSON.stringify(value)}\n` }
}

export function refuse(status: number, error: string): Answer {
  return { ...json({ error }), status, reason: error }
}

function asked<S extends z.ZodType>(schema: S, answer: (said: z.output<S>) => Answer | Promise<Answer>): ApiRoute {
  return ({ query }) => {
    const read = readQuery(schema, query)
    return 'problem' in read ? refuse(400, read.problem) : answer(read.said)
  }
}
