/**
 * `GET /api/events`: what changes, as server-sent events (HTML standard, section 9.2), for pages that stay open.
 *
 *   hello     first of all: whether everything before is known (`resumed`), or all is to be read anew
 *   machine   a machine as it is now (MachineSummary), its last attempt with it
 *   forgotten a machine is remembered no more
 *   problems  how many there are now
 *   groups    another snapshot serves, or the last change of it was refused
 *
 * No event is kept for anybody: for each subject only the number of its last change is, and each client has the number that
 * it was told up to. So a client that is slow or was away misses states in between and never the last one, and what is
 * kept grows with the number of machines alone.
 */
import type { ServerResponse } from 'node:http'

import type { Boots } from '../core/boots/boots.ts'
import type { Problems } from '../core/problems.ts'
import type { Store } from '../core/store/store.ts'
import { dataFacts, problemCounts } from './api/data.ts'

export interface EventsSource {
  readonly boots: Pick<Boots, 'summary' | 'onChange'>
  readonly problems: Pick<Problems, 'current' | 'listen'>
  readonly store: Pick<Store, 'state' | 'listen'>
}

export interface EventsLimits {
  readonly clientsMax: number
  /** Changes are told together after so long. */
  readonly batchMs: number
  /** Something is said at least so often, so that either end notices when the other is gone. */
  readonly heartbeatMs: number
  /** A client that takes nothing for so long is given up. */
  readonly stuckMs: number
}

const LIMITS: EventsLimits = { clientsMax: 64, batchMs: 250, heartbeatMs: 15_000, stuckMs: 30_000 }

/** Machines that have changed since a client was last told; beyond it, it reads all anew. */
const SUBJECTS_MAX = 20_000

/** Written at once to one client. */
const BATCH_MAX = 500

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'X-Accel-Buffering': 'no', // nginx would gather events before it passes them on
}

interface Client {
  readonly response: ServerResponse
  /** Number of the last change that it was told. */
  at: number
  /** Since when it has taken nothing; undefined when it takes all. */
  stuckSinceMs: number | undefined
}

interface News {
  readonly text: string
  readonly upTo: number
}

export interface Events {
  readonly clients: number
  readonly isFull: boolean
  /**
   * Serve a client until it leaves.
   *
   * @param lastId - `Last-Event-ID` of one that was here before; else empty
   */
  add(response: ServerResponse, lastId: string): void
  stop(): void
}

/** @param run - tells this run of the program from another, whose numbers mean nothing here */
export function createEvents(source: EventsSource, run: string, limits: Partial<EventsLimits> = {}): Events {
  const { clientsMax, batchMs, heartbeatMs, stuckMs } = { ...LIMITS, ...limits }
  const clients = new Set<Client>()
  /** Subject (see `eventOf`) to the number of its last change, the latest last. */
  const changes = new Map<string, number>()
  let count = 0
  /** Changes up to this one may be unknown here. */
  let forgotten = 0
  let batch: NodeJS.Timeout | undefined

  function changed(subject: string): void {
    changes.delete(subject)
    changes.set(subject, ++count)
    if (changes.size > SUBJECTS_MAX) {
      const [oldest, number] = changes.entries().next().value!
      changes.delete(oldest)
      forgotten = number
    }
    if (clients.size > 0) batch ??= setTimeout(tellAll, batchMs).unref()
  }

  function tellAll(): void {
    batch = undefined
    const news = new Map<number, News>()
    for (const client of clients) tell(client, news)
    const isBehind = [...clients].some(({ at, stuckSinceMs }) => at < count && stuckSinceMs === undefined)
    if (isBehind) batch = setTimeout(tellAll, batchMs).unref()
  }

  /** @param news - by the number that a client is at; most are at the same */
  function tell(client: Client, news = new Map<number, News>()): void {
    if (client.stuckSinceMs !== undefined || client.at >= count) return
    if (client.at < forgotten) return hello(client, false)
    let next = news.get(client.at)
    if (next === undefined) news.set(client.at, (next = newsSince(client.at)))
    client.at = next.upTo
    write(client, next.text)
  }

  function newsSince(at: number): News {
    const missed = [...changes].filter(([, number]) => number > at).slice(0, BATCH_MAX)
    const text = missed.map(([subject, number]) => `id: ${run}-${number}\n${eventOf(subject, source)}`).join('')
    return { text, upTo: missed.at(-1)?.[1] ?? count }
  }

  function hello(client: Client, resumed: boolean): void {
    if (!resumed) client.at = count
    write(client, `retry: 3000\nid: ${run}-${client.at}\n${format('hello', { resumed })}`)
  }

  function write(client: Client, text: string): void {
    if (client.response.write(text)) return
    client.stuckSinceMs = performance.now()
    client.response.once('drain', () => {
      client.stuckSinceMs = undefined
      tell(client)
    })
  }

  const heartbeat = setInterval(() => {
    for (const client of clients) {
      const { stuckSinceMs, response } = client
      if (stuckSinceMs === undefined) write(client, ': still here\n\n')
      else if (performance.now() - stuckSinceMs > stuckMs) response.destroy()
    }
  }, heartbeatMs).unref()

  const stops = [
    source.boots.onChange((macs) => macs.forEach((mac) => changed(`machine ${mac}`))),
    source.problems.listen(() => changed('problems')),
    source.store.listen(() => changed('groups')),
  ]
  return {
    get clients() {
      return clients.size
    },
    get isFull() {
      return clients.size >= clientsMax
    },
    add(response, lastId) {
      if (response.req.method === 'HEAD') {
        response.writeHead(200, HEADERS).end()
        return
      }
      const at = numberOf(lastId, run)
      const isKnown = at !== undefined && at >= forgotten && at <= count
      const client: Client = { response, at: isKnown ? at : count, stuckSinceMs: undefined }
      clients.add(client)
      response.once('close', () => clients.delete(client))
      response.on('error', () => {}) // it has left
      response.writeHead(200, HEADERS)
      hello(client, isKnown)
      tell(client)
    },
    stop() {
      for (const stop of stops) stop()
      clearInterval(heartbeat)
      clearTimeout(batch)
      for (const { response } of clients) response.end()
    },
  }
}

function numberOf(lastId: string, run: string): number | undefined {
  const [, of, number] = /^(.*)-(\d{1,15})$/.exec(lastId) ?? []
  return of === run ? Number(number) : undefined
}

function eventOf(subject: string, { boots, problems, store }: EventsSource): string {
  if (subject === 'problems') return format('problems', problemCounts(problems.current()))
  if (subject === 'groups') return format('groups', dataFacts(store.state()))
  const mac = subject.slice('machine '.length)
  const machine = boots.summary(mac)
  return machine === undefined ? format('forgotten', { mac }) : format('machine', machine)
}

/** JSON has no line breaks of its own, so that the data is one line. */
function format(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
