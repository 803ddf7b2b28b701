/**
 * `GET /api/events`: what changes (`changes.ts`), as server-sent events (HTML standard, section 9.2), for pages that stay open.
 *
 *   hello     first of all: whether everything before is known (`resumed`), or all is to be read anew
 *   here      every few seconds, so that either end notices when the other is gone
 *   …         the changes
 *
 * A connection each, and so for a limited number of clients. Who finds it full asks `/api/changes` now and then.
 */
import type { ServerResponse } from 'node:http'

import type { Changes } from './changes.ts'

export interface EventsLimits {
  readonly clientsMax: number
  /** Changes are told together after so long. */
  readonly batchMs: number
  /** Between two `here`. */
  readonly heartbeatMs: number
  /** A client that takes nothing for so long is given up. */
  readonly stuckMs: number
}

const LIMITS: EventsLimits = { clientsMax: 64, batchMs: 250, heartbeatMs: 15_000, stuckMs: 30_000 }

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

export function createEvents(changes: Changes, limits: Partial<EventsLimits> = {}): Events {
  const { clientsMax, batchMs, heartbeatMs, stuckMs } = { ...LIMITS, ...limits }
  const clients = new Set<Client>()
  let batch: NodeJS.Timeout | undefined

  function tellAll(): void {
    batch = undefined
    const news = new Map<number, News>()
    for (const client of clients) tell(client, news)
    const isBehind = [...clients].some(({ at, stuckSinceMs }) => at < changes.count && stuckSinceMs === undefined)
    if (isBehind) batch = setTimeout(tellAll, batchMs).unref()
  }

  /** @param news - by the number that a client is at; most are at the same */
  function tell(client: Client, news = new Map<number, News>()): void {
    if (client.stuckSinceMs !== undefined || client.at >= changes.count) return
    if (!changes.isKnownSince(client.at)) return hello(client, false)
    let next = news.get(client.at)
    if (next === undefined) news.set(client.at, (next = newsSince(client.at)))
    client.at = next.upTo
    write(client, next.text)
  }

  function newsSince(at: number): News {
    const { changes: missed, upTo } = changes.since(at)
    return { text: missed.map(({ id, event, data }) => `id: ${id}\n${format(event, data)}`).join(''), upTo }
  }

  function hello(client: Client, resumed: boolean): void {
    if (!resumed) client.at = changes.count
    write(client, `retry: 3000\nid: ${changes.idOf(client.at)}\n${format('hello', { resumed })}`)
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
      if (stuckSinceMs === undefined) write(client, format('here', {}))
      else if (performance.now() - stuckSinceMs > stuckMs) response.destroy()
    }
  }, heartbeatMs).unref()

  const stopListening = changes.listen(() => {
    if (clients.size > 0) batch ??= setTimeout(tellAll, batchMs).unref()
  })
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
      const at = changes.numberOf(lastId)
      const client: Client = { response, at: at ?? changes.count, stuckSinceMs: undefined }
      clients.add(client)
      response.once('close', () => clients.delete(client))
      response.on('error', () => {}) // it has left
      response.writeHead(200, HEADERS)
      hello(client, at !== undefined)
      tell(client)
    },
    stop() {
      stopListening()
      clearInterval(heartbeat)
      clearTimeout(batch)
      for (const { response } of clients) response.end()
    },
  }
}

/** JSON has no line breaks of its own, so that the data is one line. */
function format(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
