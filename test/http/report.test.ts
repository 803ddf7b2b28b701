/** What the journal hears of requests and downloads. */
import { request } from 'node:http'
import { join } from 'node:path'

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

import type { BootEvent } from '../../src/core/journal.ts'
import type { Running } from '../../src/core/module.ts'
import { startHttp } from '../../src/http/start.ts'
import { memoryLog, snapshotOf, temporaryFolder, writeFiles } from '../support/site.ts'

const LARGE = 64 << 20
const TOLD = new Set(['requested', 'began', 'moved', 'ended', 'refused'])

let folder: ReturnType<typeof temporaryFolder>
let http: Running
let events: BootEvent[] = []

beforeAll(async () => {
  folder = temporaryFolder()
  writeFiles(folder.path, {
    'config.yaml': 'api_version: v1alpha1\ngroups: [{name: node, spec: node, require: {mac: "52:54:00:00:00:0a"}}]\n',
    'specs/node/spec.json': JSON.stringify({ id: 'node', boot: { kernel: '/assets/a b', initrd: [] } }),
    'assets/a b': 'kernel',
    'assets/large': Buffer.alloc(LARGE),
  })
  const snapshot = await snapshotOf(folder.path)
  http = await startHttp(
    { addresses: ['127.0.0.1:0'], assetsPath: join(folder.path, 'assets'), headerBytesMax: 16_384, connectionsMax: 10 },
    {
      snapshot: () => snapshot,
      log: memoryLog(),
      report: (event) => {
        if (TOLD.has(event.type)) events.push(event)
      },
    },
  )
})
afterAll(async () => {
  await http.stop()
  folder[Symbol.dispose]()
})
beforeEach(() => void (events = []))

const get = async (path: string, init: RequestInit = {}) => (await fetch(http.url! + path, init)).arrayBuffer()

test('a request of a machine is told with what it says of itself and what became of it', async () => {
  await get('/ipxe?mac=52-54-00-00-00-0A&uuid=u')
  await get('/ipxe?mac=52-54-00-00-00-0B')
  await get('/ignition?mac=52-54-00-00-00-0A')
  const about = { type: 'requested', address: '127.0.0.1', ms: expect.any(Number) as number }
  expect(events).toMatchObject([
    {
      ...about,
      purpose: 'ipxe',
      path: '/ipxe',
      query: 'mac=52-54-00-00-00-0A&uuid=u',
      status: 200,
      group: { name: 'node', spec: 'node' },
      body: expect.stringMatching(/^#!ipxe/) as string,
      unconfigured: false,
      reason: undefined,
    },
    { ...about, purpose: 'ipxe', status: 404, group: undefined, reason: expect.stringContaining('no group') as string },
    { ...about, purpose: 'ignition', status: 404, unconfigured: true },
  ])
  const [first] = events
  expect(first?.type === 'requested' && first.labels.get('mac')).toBe('52:54:00:00:00:0a')
})

test('what is no step of a boot is not told: HEAD, other methods, other paths', async () => {
  await get('/ipxe', { method: 'HEAD' })
  await get('/ipxe', { method: 'POST' })
  await get('/nothing')
  await get('/spec/node')
  await get('/assets/large', { method: 'HEAD' })
  expect(events).toEqual([])
})

test('a download begins, moves now and then, and ends whole', async () => {
  await get('/assets/a%20b')
  await expect.poll(() => events).toHaveLength(2)
  const [began] = events
  expect(events).toMatchObject([
    { type: 'began', via: 'http', address: '127.0.0.1', from: 'assets', file: 'a b', totalBytes: 6 },
    { type: 'ended', id: began?.type === 'began' ? began.id : -1, bytes: 6, outcome: 'whole' },
  ])
})

test('a part of a file ends as such, and its total is that of the file', async () => {
  await get('/assets/large', { headers: { range: 'bytes=0-99' } })
  await expect.poll(() => events).toHaveLength(2)
  expect(events).toMatchObject([
    { type: 'began', totalBytes: LARGE },
    { type: 'ended', bytes: 100, outcome: 'part' },
  ])
})

test('a file that is not there is refused', async () => {
  await get('/assets/none')
  await expect.poll(() => events).toHaveLength(1)
  expect(events).toMatchObject([
    { type: 'refused', file: 'none', from: 'assets', status: 404, reason: 'it is not there' },
  ])
})

test('a client that reads slowly and leaves is told of on its way, and then as broken off', async () => {
  const client = request(`${http.url}/assets/large`, (response) => {
    response.pause()
    const reading = setInterval(() => response.read(1 << 16), 20)
    setTimeout(() => {
      clearInterval(reading)
      client.destroy()
    }, 1500)
  })
  client.on('error', () => {})
  client.end()
  await expect.poll(() => events.some(({ type }) => type === 'ended'), { timeout: 10_000 }).toBe(true)
  const moves = events.flatMap((event) => (event.type === 'moved' ? [event.bytes] : []))
  expect(moves.length).toBeGreaterThan(0)
  expect(moves.length).toBeLessThan(8) // every quarter of a second
  expect(moves).toEqual(moves.toSorted((a, b) => a - b))
  expect(events.at(-1)).toMatchObject({ type: 'ended', outcome: 'failed', reason: 'the machine broke it off' })
})
