/**
 * `/metrics`: the counts of `tally.ts` and facts of the moment, in Prometheus' text format by prom-client.
 *
 * The library is loaded when somebody asks for the first time, and nothing is counted by it, so that it costs no request.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import type { Counter, Gauge, Registry } from 'prom-client'

import type { ApiDeps } from './api/routes.ts'
import type { LabelValues, Tally } from './tally.ts'

export interface Metrics {
  text(): Promise<{ readonly type: string; readonly text: string }>
}

export interface MetricsSource extends ApiDeps {
  readonly tally: Tally
  /** How many follow the event stream. */
  readonly clients: () => number
}

export function createMetrics(source: MetricsSource): Metrics {
  let loading: Promise<Registry> | undefined
  return {
    async text() {
      const registry = await (loading ??= createRegistry(source))
      return { type: registry.contentType, text: await registry.metrics() }
    },
  }
}

interface Shown {
  readonly kind: 'counter' | 'gauge'
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly numbers: (source: MetricsSource) => Iterable<{ readonly values: LabelValues; readonly number: number }>
}

function counter(name: string, help: string, labels: readonly string[], numbers: Shown['numbers']): Shown {
  return { kind: 'counter', name, help, labels, numbers }
}

function gauge(name: string, help: string, labels: readonly string[], numbers: Shown['numbers']): Shown {
  return { kind: 'gauge', name, help, labels, numbers }
}

function one(number: number) {
  return [{ values: [], number }]
}

const SHOWN: readonly Shown[] = [
  gauge('info', 'The version of bootcfg that runs; always 1', ['version'], ({ version }) => [
    { values: [version], number: 1 },
  ]),
  counter('http_requests_total', 'HTTP requests answered', ['route', 'status'], ({ tally }) =>
    [...tally.routes()].flatMap(([route, of]) =>
      of.statuses().map(([status, number]) => ({ values: [route, status], number })),
    ),
  ),
  counter('http_response_bytes_total', 'Bytes of bodies sent', ['route'], ({ tally }) =>
    [...tally.routes()].map(([route, { bytes }]) => ({ values: [route], number: bytes })),
  ),
  counter('http_request_seconds_total', 'Time from requests to the end of their answers', ['route'], ({ tally }) =>
    [...tally.routes()].map(([route, { ms }]) => ({ values: [route], number: ms / 1000 })),
  ),
  counter('renders_total', 'Configs made for machines', ['config', 'outcome'], ({ tally }) => tally.renders.all()),
  counter('dhcp_requests_total', 'DHCP requests of machines that want to boot', ['answer'], ({ tally }) =>
    tally.asked.all(),
  ),
  counter('dhcp_offers_total', 'Boot files that machines were told', ['architecture', 'client', 'file'], ({ tally }) =>
    tally.offers.all(),
  ),
  counter('dhcp_rival_offers_total', 'Boot files that other servers told machines', [], ({ tally }) =>
    one(tally.rivals),
  ),
  counter('transfers_total', 'Files that were asked for, at their end', ['via', 'outcome'], ({ tally }) =>
    tally.transfers.all(),
  ),
  counter('transfer_bytes_total', 'Bytes of files, counted at their end', ['via'], ({ tally }) =>
    tally.transferBytes.all(),
  ),
  gauge('transfers', 'Files on their way now', ['via'], ({ tally }) => tally.going.all()),
  counter('tftp_resent_blocks_total', 'Blocks of TFTP sent more than once', [], ({ tally }) => one(tally.resentBlocks)),
  counter('attempts_total', 'Boots that have ended', ['state', 'diagnosis'], ({ tally }) => tally.attempts.all()),
  gauge('machines', 'Machines that are remembered, by their last boot', ['state'], ({ boots }) => {
    const states = new Map<string, number>()
    for (const { last } of boots.machines()) {
      const state = last?.state ?? 'seen'
      states.set(state, (states.get(state) ?? 0) + 1)
    }
    return [...states].map(([state, number]) => ({ values: [state], number }))
  }),
  counter('reloads_total', 'Loads of the data directory', ['result'], ({ store }) =>
    Object.entries(store.state().loads).map(([result, number]) => ({ values: [result], number })),
  ),
  gauge('data_behind', '1 while the last good data serves in place of what is on the disk', [], ({ store }) =>
    one(store.state().behind === undefined ? 0 : 1),
  ),
  gauge('groups', 'Groups that serve', [], ({ store }) => one(store.state().snapshot.groups.groups.length)),
  gauge('problems', 'What bootcfg check finds', ['severity'], ({ problems }) => {
    const { errors, warnings } = problems.current()
    return [
      { values: ['error'], number: errors },
      { values: ['warning'], number: warnings },
    ]
  }),
  gauge('module_up', '1 for each module that does its work', ['module'], ({ modules }) =>
    modules()
      .filter(({ state }) => state !== 'off')
      .map(({ name, state }) => ({ values: [name], number: state === 'running' ? 1 : 0 })),
  ),
  gauge('event_clients', 'Clients that follow the event stream', [], ({ clients }) => one(clients())),
]

/**
 * The library measures the delay of the event loop from when it is loaded: the first answer waits for so many turns, or it
 * would tell of none but its own start, with a least delay of 292 years and a mean of NaN.
 */
const TURNS_MIN = 10
/** Longer than the 10 ms in which the library looks once. */
const TURN_MS = 15

/** From a virtual machine with a small image to a server that counts its memory. */
const BOOT_SECONDS = [5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600]

async function createRegistry(source: MetricsSource): Promise<Registry> {
  const { default: prom } = await import('prom-client')
  const registry = new prom.Registry()
  const registers = [registry]
  prom.collectDefaultMetrics({ register: registry }) // the process and its event loop
  for (const { kind, name, help, labels, numbers } of SHOWN) {
    const collect = function (this: Counter | Gauge): void {
      this.reset()
      for (const { values, number } of numbers(source)) this.inc(labelled(labels, values), number)
    }
    const configuration = { name: `bootcfg_${name}`, help, labelNames: labels, registers, collect }
    void (kind === 'counter' ? new prom.Counter(configuration) : new prom.Gauge(configuration))
  }
  void new prom.Histogram({
    name: 'bootcfg_boot_duration_seconds',
    help: 'From the first sign of a boot to its end',
    labelNames: ['state'],
    buckets: BOOT_SECONDS,
    registers,
    collect() {
      for (const { state, seconds } of source.tally.takeDurations()) this.observe({ state }, seconds)
    },
  })
  for (let turns = 0; turns < TURNS_MIN; turns++) await sleep(TURN_MS)
  return registry
}

function labelled(names: readonly string[], values: LabelValues): Record<string, string | number> {
  return Object.fromEntries(names.map((name, at) => [name, values[at]!]))
}
