/**
 * The webhook against a receiver that is there, away, slow or of another mind. Real connections over loopback.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import type { Running } from '../../src/core/module.ts'
import { startWebhook, type WebhookBody } from '../../src/http/webhook.ts'
import { memoryLog } from '../support/site.ts'
import { attemptOf, fakeBoots } from './api/site.ts'

const MAC = '52:54:00:89:d8:10'

/** What the receiver answers next; `never` lets the connection hang. The last one stays. */
let answers: (number | 'never')[]
let received: { readonly headers: IncomingMessage['headers']; readonly body: WebhookBody }[]
let server: Server
let url: string
let webhook: Running | undefined
const boots = fakeBoots()
let log: ReturnType<typeof memoryLog>

beforeEach(async () => {
  answers = [204]
  received = []
  log = memoryLog()
  server = createServer((request, response) => {
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!
    void text(request).then((body) => {
      received.push({ headers: request.headers, body: JSON.parse(body) as WebhookBody })
      if (answer !== 'never') response.writeHead(answer).end('thank you')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=secret`
})
afterEach(async () => {
  await webhook?.stop()
  server.closeAllConnections()
  server.close()
})

function start(limits: Parameters<typeof startWebhook>[2] = {}): void {
  webhook = startWebhook(url, { boots, version: '1.2.3', log }, { pausesMs: [1, 1, 1], timeoutMs: 2000, ...limits })
}
function end(id: string): void {
  boots.end(attemptOf(MAC, id))
}
const ids = (): string[] => received.map(({ body }) => body.attempt.id)
const events = (): string[] => log.lines.map(({ event }) => event)

describe('a receiver that takes them', () => {
  test('gets each end of a boot once, in their order, as JSON with its steps', async () => {
    start()
    for (const id of ['a', 'b', 'c']) end(id)
    await vi.waitFor(() => expect(ids()).toEqual(['a', 'b', 'c']))
    expect(received[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'bootcfg/1.2.3' })
    expect(received[0]?.body).toEqual({ event: 'attempt.ended', attempt: attemptOf(MAC, 'a') })
    expect(events()).toEqual([])
  })
})

describe('a receiver that fails', () => {
  for (const failure of [500, 503, 429, 408] as const) {
    test(`with ${failure} is tried again; the log says so once, and when it works`, async () => {
      answers = [failure, failure, 204]
      start()
      end('a')
      await vi.waitFor(() => expect(events()).toEqual(['webhook.failed', 'webhook.works']))
      expect(ids()).toEqual(['a', 'a', 'a'])
      expect(log.lines[0]).toMatchObject({ reason: `it answered ${failure}` })
    })
  }
  test('by silence is tried again', async () => {
    answers = ['never', 204]
    start({ timeoutMs: 50 })
    end('a')
    await vi.waitFor(() => expect(events()).toEqual(['webhook.failed', 'webhook.works']))
    expect(log.lines[0]).toMatchObject({ reason: 'it did not answer in time' })
  })
  test('and does not come back loses an attempt, and the next may have more luck', async () => {
    answers = [500, 500, 500, 500, 204]
    start()
    end('a')
    end('b')
    await vi.waitFor(() => expect(events()).toEqual(['webhook.failed', 'webhook.works']))
    expect(ids()).toEqual(['a', 'a', 'a', 'a', 'b'])
    expect(log.lines[1]).toMatchObject({ omitted: 1 })
  })
  test('for good with 400 or a redirect is not asked again for the same', async () => {
    for (const refusal of [400, 302]) {
      answers = [refusal, 204]
      received = []
      start()
      end('a')
      end('b')
      await vi.waitFor(() => expect(ids()).toEqual(['a', 'b']))
      await webhook?.stop()
    }
  })
})

describe('a receiver that is away', () => {
  test('costs so many waiting attempts at most; the latest are kept', async () => {
    server.close()
    start({ waitingMax: 3, pausesMs: [300] })
    for (let number = 0; number < 10; number++) end(`a${number}`)
    await vi.waitFor(() => expect(events()).toEqual(['webhook.failed']))
    server.listen(Number(new URL(url).port), '127.0.0.1')
    await vi.waitFor(() => expect(ids()).toEqual(['a0', 'a7', 'a8', 'a9']), 5000)
    expect(log.lines.at(-1)).toMatchObject({ event: 'webhook.works', omitted: 6 })
  })
  test('is not named in the log with the secret in its URL', async () => {
    server.close()
    start()
    end('a')
    await vi.waitFor(() => expect(events()).toEqual(['webhook.failed']))
    expect(log.lines[0]?.reason).toContain('ECONNREFUSED')
    expect(JSON.stringify(log.lines)).not.toContain('secret')
  })
  test('does not hold up a stop', async () => {
    answers = ['never']
    start({ timeoutMs: 60_000 })
    end('a')
    await vi.waitFor(() => expect(ids()).toEqual(['a']))
    await webhook?.stop()
    expect(events()).toEqual([])
  })
})
