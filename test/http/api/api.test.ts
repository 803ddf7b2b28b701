/**
 * The API as programs see it: every answer has the shape that the OpenAPI document promises, and says what is so.
 */
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'

import { summaryOf } from '../../../src/core/boots/attempt.ts'
import { toProblem } from '../../../src/core/check.ts'
import { appOn, snapshotOf } from '../../support/site.ts'
import { apiOn, attemptOf, machineOf, NO_PROBLEMS } from './site.ts'

const FIRST = '52:54:00:89:d8:10'
const SECOND = '52:54:00:89:d8:11'
const NAMELESS = 'address:10.9.0.9'
const CAUGHT = { group: 'controller', spec: 'controller' }

let site: ReturnType<typeof apiOn>
beforeAll(async () => {
  site = apiOn(await snapshotOf(join(import.meta.dirname, '../../fixtures/bootcfg/data')))
  const { boots, problems } = site
  const booted = attemptOf(FIRST, 'a1', CAUGHT)
  const failed = attemptOf(SECOND, 'b1', {
    state: 'failed',
    stage: 'kernel',
    totalBytes: null,
    group: null,
    spec: null,
  })
  boots.end(booted)
  boots.bodies.set('0123', '<script>')
  boots.end(failed)
  boots.set(machineOf(NAMELESS, { group: null, spec: null, lastSeenAt: '2026-11-22T21:00:00.000Z' }))
  boots.set(machineOf(FIRST, { ...CAUGHT, hostname: 'Node1', last: summaryOf(booted) }))
  boots.set(machineOf(SECOND, { group: null, spec: null, last: summaryOf(failed) }))
  const found = [
    toProblem('error', 'unknown-spec', 'data/config.yaml', { line: 7 }, 'names no spec'),
    toProblem('warning', 'unused-file', 'data/cloud/x', {}, 'no spec names it'),
  ]
  problems.become({ ...NO_PROBLEMS, problems: found, errors: 1, warnings: 1 })
})
afterAll(() => site.app.close())

async function get(url: string, status = 200) {
  const answer = await site.app.inject(url)
  expect(answer.statusCode, `${url}: ${answer.body}`).toBe(status)
  return answer
}

async function json<T = Record<string, unknown>>(url: string, status = 200): Promise<T> {
  return (await get(url, status)).json<T>()
}

interface Document {
  readonly paths: Record<
    string,
    {
      get: {
        parameters: { name: string }[]
        responses: Record<string, { content: Record<string, { schema?: object }> }>
      }
    }
  >
  readonly components: { schemas: Record<string, z.core.JSONSchema.JSONSchema> }
}

describe('openapi.json', () => {
  const answers: readonly (readonly [url: string, path: string, status: number])[] = [
    ['/api/machines', '/api/machines', 200],
    ['/api/machines?limit=0', '/api/machines', 400],
    [`/api/machines/${FIRST}`, '/api/machines/{mac}', 200],
    ['/api/machines/52:54:00:00:00:00', '/api/machines/{mac}', 404],
    ['/api/attempts', '/api/attempts', 200],
    ['/api/attempts?state=asleep', '/api/attempts', 400],
    ['/api/attempts/a1', '/api/attempts/{id}', 200],
    ['/api/attempts/none', '/api/attempts/{id}', 404],
    ['/api/bodies/0123456789abcdef', '/api/bodies/{body}', 404],
    ['/api/groups', '/api/groups', 200],
    ['/api/groups?caught=maybe', '/api/groups', 400],
    ['/api/problems', '/api/problems', 200],
    ['/api/problems?offset=-1', '/api/problems', 400],
    ['/api/changes', '/api/changes', 200],
    ['/api/changes?until=1', '/api/changes', 400],
    ['/api/host', '/api/host', 200],
    ['/readyz', '/readyz', 200],
  ]
  for (const [url, path, status] of answers) {
    test(`${url} is ${status} and as the document has it`, async () => {
      const document = await json<Document>('/api/openapi.json')
      const described = document.paths[path]?.get.responses[status]?.content['application/json']?.schema
      expect(described).toBeDefined()
      const schema = JSON.stringify({ ...described, $defs: document.components.schemas })
      const type = z.fromJSONSchema(
        JSON.parse(schema.replaceAll('#/components/schemas/', '#/$defs/')) as z.core.JSONSchema.JSONSchema,
      )
      expect(type.safeParse(await json(url, status)).error).toBeUndefined()
    })
  }

  test('a field that it does not promise is noticed', async () => {
    const document = await json<Document>('/api/openapi.json')
    const type = z.fromJSONSchema(document.components.schemas['Refusal']!)
    expect(type.safeParse({ error: 'x' }).success).toBe(true)
    expect(type.safeParse({ error: 'x', more: 1 }).success).toBe(false)
  })

  test('what can be asked of a path is told, and what a query that cannot be used is answered', async () => {
    const { paths } = await json<Document>('/api/openapi.json')
    const { parameters, responses } = paths['/api/explain']!.get
    expect(parameters.map(({ name }) => name)).toEqual(['mac', 'uuid', 'arch', 'label'])
    expect(Object.keys(responses[400]!.content)).toEqual(['text/plain'])
  })

  test('every path that it describes is there', async () => {
    const { paths } = await json<Document>('/api/openapi.json')
    const gone = ['/api/explain', '/api/events'] // wants other parts of the program; never ends
    for (const path of Object.keys(paths).filter((path) => !gone.includes(path))) {
      const url = path.replace('{mac}', FIRST).replace('{id}', 'a1').replace('{body}', '0123')
      const { statusCode, body } = await site.app.inject(url)
      expect([path, statusCode, body.length > 0]).toEqual([path, 200, true])
    }
  })
})

describe('lists', () => {
  const machines = async (query: string) =>
    json<{ machines: { mac: string }[]; total: number }>(`/api/machines${query}`)
  const macs = async (query: string) => (await machines(query)).machines.map(({ mac }) => mac)

  test('a part of a list says how long the whole is', async () => {
    expect(await machines('?limit=1&offset=1')).toMatchObject({
      machines: [{ mac: FIRST }],
      total: 3,
      offset: 1,
      limit: 1,
    })
    expect(await machines('?offset=50')).toMatchObject({ machines: [], total: 3 })
  })
  test('a long list comes gzipped to who takes that, and as it is to others', async () => {
    const openapi = async (encodings: string) =>
      site.app.inject({ url: '/api/openapi.json', headers: { 'accept-encoding': encodings } })
    const plain = await get('/api/openapi.json')
    expect([plain.headers['content-encoding'], plain.headers['vary']]).toEqual([undefined, 'Accept-Encoding'])
    const zipped = await openapi('br, gzip;q=0.5')
    expect(zipped.headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-length': String(zipped.rawPayload.length),
      'content-type': 'application/json',
      vary: 'Accept-Encoding',
    })
    expect(gunzipSync(zipped.rawPayload).toString()).toBe(plain.body)
    expect(zipped.rawPayload.length).toBeLessThan(plain.rawPayload.length / 2)
    expect((await openapi('br, gzip;q=0')).body).toBe(plain.body)
    const { headers } = await site.app.inject({ url: '/healthz', headers: { 'accept-encoding': 'gzip' } })
    expect(headers['content-encoding']).toBe(undefined)
  })
  test('machines are found by any of their texts, in any case', async () => {
    expect(await macs('?q=node1')).toEqual([FIRST])
    expect(await macs('?q=D8:11')).toEqual([SECOND])
    expect(await macs('?q=nowhere')).toEqual([])
  })
  test('machines are found by the state of their last boot', async () => {
    expect(await macs('?state=failed')).toEqual([SECOND])
    expect(await macs('?state=booting')).toEqual([])
  })
  test('attempts are found by machine, in any spelling of its MAC, and by state', async () => {
    const ids = async (query: string) =>
      (await json<{ attempts: { id: string }[] }>(`/api/attempts${query}`)).attempts.map(({ id }) => id)
    expect(await ids('')).toEqual(['b1', 'a1'])
    expect(await ids('?mac=52-54-00-89-D8-10')).toEqual(['a1'])
    expect(await ids('?state=failed')).toEqual(['b1'])
  })
  test('what a query cannot mean is refused in a line that names it', async () => {
    expect(await json('/api/machines?limit=1001', 400)).toEqual({
      error: 'limit: expected a whole number from 1 to 1000',
    })
    expect(await json('/api/machines?limti=5', 400)).toEqual({ error: 'Unrecognized key: "limti"' })
  })
})

describe('items', () => {
  test('a machine is found by any spelling of its MAC', async () => {
    expect(await json('/api/machines/52-54-00-89-D8-10')).toMatchObject({ mac: FIRST, hostname: 'Node1' })
  })
  test('a machine without a MAC is found by its address', async () => {
    expect(await json(`/api/machines/${encodeURIComponent(NAMELESS)}`)).toMatchObject({ mac: NAMELESS })
  })
  test('an attempt has its steps', async () => {
    const { entries } = await json<{ entries: { title: string }[] }>('/api/attempts/a1')
    expect(entries.map(({ title }) => title)).toEqual(['DISCOVER', 'snponly.efi', '/ipxe'])
  })
  test('what was sent is text, whatever is in it', async () => {
    const { headers, body } = await get('/api/bodies/0123')
    expect(body).toBe('<script>')
    expect(headers).toMatchObject({ 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' })
  })
  test('a path that is no UTF-8 is no machine', async () => {
    expect((await site.app.inject('/api/machines/%ff')).statusCode).toBe(404)
  })
})

describe('groups', () => {
  interface GroupList {
    readonly groups: { label: string; require: object; machines: string[]; machineCount: number }[]
    readonly total: number
  }
  test('are in the order in which they are tried, each with the machines that it caught', async () => {
    const { groups, total } = await json<GroupList>('/api/groups')
    expect(groups.map(({ label }) => label)).toEqual([
      'agents in zone b with disk', // two requirements
      'agents in zone b',
      'by uuid',
      'controller',
      'text',
      'half',
      'gone',
      'default',
    ])
    expect(total).toBe(8)
    expect(groups.find(({ label }) => label === 'controller')).toMatchObject({
      require: { mac: '52:54:00:a1:9c:ae' },
      machines: [FIRST],
      machineCount: 1,
    })
  })
  test('only those that caught a machine', async () => {
    const { groups } = await json<GroupList>('/api/groups?caught=true')
    expect(groups.map(({ label }) => label)).toEqual(['controller'])
  })
  test('give no metadata away', async () => {
    expect((await get('/api/groups')).body).not.toContain('ssh-rsa')
  })
})

test('problems are those that were found last, with what keeps the disk from serving', async () => {
  const { store } = site
  store.become({ ...store.state(), behind: 'data/config.yaml:3: not YAML' })
  expect(await json('/api/problems?limit=1')).toEqual({
    problems: [
      {
        severity: 'error',
        code: 'unknown-spec',
        file: 'data/config.yaml',
        line: 7,
        column: null,
        message: 'names no spec',
      },
    ],
    errors: 1,
    warnings: 1,
    checkedAt: '2026-11-22T22:00:00.000Z',
    loadedAt: '2026-11-22T21:00:00.000Z',
    behind: 'data/config.yaml:3: not YAML',
    total: 2,
    offset: 0,
    limit: 1,
  })
  store.become({ ...store.state(), behind: undefined })
})

describe('readyz', () => {
  test('is 503 while something that is switched on does not do its work', async () => {
    site.modules.push({ name: 'tftp', state: 'starting', detail: '' })
    expect(await json('/readyz', 503)).toMatchObject({ ready: false })
    expect((await get('/healthz')).body).toBe('ok\n')
    site.modules.splice(1, 1, { name: 'tftp', state: 'off', detail: '-tftp off' })
    expect(await json('/readyz')).toMatchObject({ ready: true })
    site.modules.pop()
  })
  test('stays 200 while the last good data serves: machines boot', async () => {
    const { store } = site
    store.become({ ...store.state(), behind: 'groups file refused' })
    expect(await json('/readyz')).toMatchObject({ ready: true, behind: 'groups file refused' })
    store.become({ ...store.state(), behind: undefined })
  })
})

describe('manners', () => {
  test('nobody keeps an answer, takes it for another type, or reads it from another site', async () => {
    for (const url of ['/api/machines', '/api/machines/none', '/metrics', '/healthz', '/readyz']) {
      const { headers } = await site.app.inject({ url, headers: { origin: 'http://evil.example' } })
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
      expect(headers).not.toHaveProperty('access-control-allow-origin')
    }
  })
  test('it is read-only', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'] as const) {
      expect((await site.app.inject({ method, url: '/api/machines' })).statusCode).toBe(405)
    }
  })
  test('HEAD has the headers of GET and no body', async () => {
    const { statusCode, headers, body } = await site.app.inject({ method: 'HEAD', url: '/api/machines' })
    expect([statusCode, body]).toEqual([200, ''])
    expect(headers['content-length']).toBe(String((await get('/api/machines')).rawPayload.length))
  })
  test('HEAD of the event stream ends', async () => {
    const { statusCode, headers } = await site.app.inject({ method: 'HEAD', url: '/api/events' })
    expect([statusCode, headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8'])
  })
  test('without a recorder none of it is there', async () => {
    const app = appOn(site.store.state().snapshot)
    for (const url of ['/api/machines', '/api/events', '/metrics', '/readyz']) {
      expect((await app.inject(url)).statusCode).toBe(404)
    }
  })
})
