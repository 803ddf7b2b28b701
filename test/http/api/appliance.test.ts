/** `/api/appliance` as people and programs see it, by real connections, on a box whose files a test makes up. */
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'

import { laterAssets } from '../../../src/http/assets.ts'
import { boxSaying, FACTS, openBox, RUN_FILES, TOKEN } from '../../appliance/box.ts'
import { appOn, snapshotOf, temporaryFolder, writeFiles } from '../../support/site.ts'
import { apiOn } from './site.ts'

const BEARER = { authorization: `Bearer ${TOKEN}` }

async function snapshot() {
  using folder = temporaryFolder()
  writeFiles(folder.path, { 'config.yaml': 'api_version: v1alpha1\n' })
  return await snapshotOf(folder.path)
}

async function openSite(files: Readonly<Record<string, string>> = RUN_FILES) {
  const opened = await openBox(files)
  const { box } = opened
  const { app } = apiOn(await snapshot(), { appliance: box, slot: laterAssets(box.slotPath) })
  onTestFinished(() => app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const ask = (method: string, path: string, init: RequestInit = {}) => fetch(url + path, { method, ...init })
  return { ...opened, app, url, ask }
}

test('the box tells everybody what it is, and nobody its token', async () => {
  const { ask } = await openSite()
  const answer = await ask('GET', '/api/appliance')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const text = await answer.text()
  expect(JSON.parse(text)).toMatchObject({ version: '1.2.3', slot: 'a', data: 'ok', update: { state: 'idle' } })
  expect(text).not.toContain(TOKEN)
})

test('what is wrong with the box keeps nobody from booting: it is ready all the same', async () => {
  const { ask } = await openSite({ ...RUN_FILES, 'problems/data': 'the data partition is full: remove files\n' })
  expect(await (await ask('GET', '/api/appliance')).json()).toMatchObject({
    problems: ['the data partition is full: remove files'],
  })
  const ready = await ask('GET', '/readyz')
  expect([ready.status, await ready.json()]).toMatchObject([200, { ready: true }])
})

describe('an update', () => {
  test('that comes with the token is staged, and its hash is answered', async () => {
    const { ask, dataPath, runPath } = await openSite()
    const answer = await ask('PUT', '/api/appliance/update', { headers: BEARER, body: 'abc' })
    expect([answer.status, await answer.json()]).toEqual([
      202,
      { bytes: 3, sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' },
    ])
    expect(readFileSync(join(dataPath, 'updates/upload.bootcfg-update'), 'utf8')).toBe('abc')
    expect(readFileSync(join(runPath, 'app/request/update'), 'utf8')).not.toContain('force')
  })
  test('may be large, and of a length that nobody announced', async () => {
    const { ask, dataPath } = await openSite()
    const chunk = new Uint8Array(1 << 20).fill(7)
    const body = new ReadableStream<Uint8Array>({
      start(stream) {
        for (let count = 0; count < 5; count++) stream.enqueue(chunk)
        stream.close()
      },
    })
    const init = { headers: BEARER, body, duplex: 'half' } as RequestInit
    expect((await ask('PUT', '/api/appliance/update', init)).status).toBe(202)
    expect(readFileSync(join(dataPath, 'updates/upload.bootcfg-update')).length).toBe(5 << 20)
  })
  test('may be forced', async () => {
    const { ask, runPath } = await openSite()
    expect((await ask('PUT', '/api/appliance/update?force=true', { headers: BEARER, body: 'abc' })).status).toBe(202)
    expect(readFileSync(join(runPath, 'app/request/update'), 'utf8')).toMatch(/ force\n$/)
  })
  test('of whatever type, also of one that is read as text elsewhere, comes through as it is', async () => {
    const { ask, dataPath } = await openSite()
    for (const type of ['application/json', 'text/plain', 'application/octet-stream', 'nonsense']) {
      const body = new Uint8Array([0xff, 0, 0x7b])
      const answer = await ask('PUT', '/api/appliance/update', { headers: { ...BEARER, 'content-type': type }, body })
      expect([type, answer.status]).toEqual([type, 202])
      expect([...readFileSync(join(dataPath, 'updates/upload.bootcfg-update'))]).toEqual([...body])
    }
  })
  test('without the token is refused, and nothing of it is kept', async () => {
    const { ask, dataPath } = await openSite()
    for (const headers of [{}, { authorization: 'Bearer nonsense' }, { authorization: `Basic ${TOKEN}` }]) {
      const answer = await ask('PUT', '/api/appliance/update', { headers, body: 'x'.repeat(1 << 20) })
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
      expect(await answer.json()).toEqual({ error: expect.stringContaining('console') as string })
    }
    expect(existsSync(join(dataPath, 'updates'))).toBe(false)
  })
  test('whose sender goes away leaves nothing, and the next one is taken', async () => {
    const { ask, url, dataPath, log } = await openSite()
    const half = request(`${url}/api/appliance/update`, { method: 'PUT', headers: { ...BEARER, 'content-length': 10 } })
    half.on('error', () => {})
    half.write('abc')
    await expect.poll(() => existsSync(join(dataPath, 'updates/upload.bootcfg-update.part'))).toBe(true)
    expect((await ask('PUT', '/api/appliance/update', { headers: BEARER, body: 'abc' })).status).toBe(409)
    half.destroy()
    await expect.poll(() => log.lines.some(({ event }) => event === 'appliance.update-refused')).toBe(true)
    expect(existsSync(join(dataPath, 'updates/upload.bootcfg-update.part'))).toBe(false)
    expect((await ask('PUT', '/api/appliance/update', { headers: BEARER, body: 'abc' })).status).toBe(202)
  })
  test('that is too large is told so before it is sent', async () => {
    const { url } = await openSite()
    const headers = { ...BEARER, 'content-length': 1 << 30 }
    const sending = request(`${url}/api/appliance/update`, { method: 'PUT', headers })
    sending.on('error', () => {})
    sending.flushHeaders()
    const [answer] = (await once(sending, 'response')) as [{ statusCode: number }]
    sending.destroy()
    expect(answer.statusCode).toBe(413)
  })
  test('for which there is no room, or nowhere to write, is told so', async () => {
    for (const [why, status] of [
      ['full', 507],
      ['unwritable', 503],
    ] as const) {
      const receive = async () => ({ received: false, why, reason: 'the data partition …' }) as const
      const appliance = { ...boxSaying(FACTS), admit: () => 'admitted' as const, receive }
      const { app } = apiOn(await snapshot(), { appliance })
      onTestFinished(() => app.close())
      const answer = await app.inject({ method: 'PUT', url: '/api/appliance/update', payload: Buffer.alloc(9) })
      expect([answer.statusCode, answer.json()]).toEqual([status, { error: 'the data partition …' }])
    }
  })
  test('with a word that is none in the query is refused', async () => {
    const { ask } = await openSite()
    expect((await ask('PUT', '/api/appliance/update?forse=true', { headers: BEARER, body: 'x' })).status).toBe(400)
  })
})

describe('the token', () => {
  test('can be tried without doing anything', async () => {
    const { ask, runPath } = await openSite()
    expect((await ask('POST', '/api/appliance/token', { headers: BEARER })).status).toBe(200)
    expect((await ask('POST', '/api/appliance/token')).status).toBe(401)
    expect(existsSync(join(runPath, 'app/request'))).toBe(false)
  })
  test('is guessed five times, then there is a pause', async () => {
    const { ask } = await openSite()
    const guess = async () => ask('POST', '/api/appliance/token', { headers: { authorization: 'Bearer guess' } })
    for (let count = 0; count < 5; count++) expect((await guess()).status).toBe(401)
    const answer = await guess()
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '60'])
    expect((await ask('POST', '/api/appliance/token', { headers: BEARER })).status).toBe(429)
  })
})

describe('a restart', () => {
  test('needs the token', async () => {
    const { ask, runPath } = await openSite()
    for (const what of ['reboot', 'poweroff']) {
      expect((await ask('POST', `/api/appliance/${what}`)).status).toBe(401)
      expect(existsSync(join(runPath, `app/request/${what}`))).toBe(false)
      const answer = await ask('POST', `/api/appliance/${what}`, { headers: BEARER })
      expect([answer.status, await answer.json()]).toEqual([202, { asked: what }])
      expect(existsSync(join(runPath, `app/request/${what}`))).toBe(true)
    }
  })
  test('that cannot be asked for is told so', async () => {
    const { ask } = await openSite({ ...RUN_FILES, app: 'a file in place of the folder' })
    const answer = await ask('POST', '/api/appliance/reboot', { headers: BEARER })
    expect([answer.status, await answer.json()]).toEqual([
      503,
      { error: expect.stringMatching(/^the box cannot be asked for it: /) as string },
    ])
  })
})

describe('what it runs itself', () => {
  test('is there for another box, in parts too', async () => {
    const { ask } = await openSite()
    expect(await (await ask('GET', '/appliance/vmlinuz')).text()).toBe('a kernel')
    const part = await ask('GET', '/appliance/system.img', { headers: { range: 'bytes=2-4' } })
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 2-4/10', '234'])
  })
  test('and nothing else of that folder', async () => {
    const { ask } = await openSite({ ...RUN_FILES, 'slot/secret': 'x' })
    for (const path of ['/appliance/secret', '/appliance/', '/appliance', '/appliance/..%2ftoken']) {
      expect((await ask('GET', path)).status).toBe(404)
    }
  })
  test('is not there where nothing is known of it', async () => {
    const { slotless, ...files } = { ...RUN_FILES, slotless: '' }
    expect(slotless).toBe('')
    const { ['slot/vmlinuz']: _kernel, ['slot/system.img']: _image, ...rest } = files
    const { ask } = await openSite(rest)
    expect((await ask('GET', '/appliance/vmlinuz')).status).toBe(404)
  })
})

describe('methods', () => {
  //  method    path                       status  allow
  const cases: [string, string, number, string | null][] = [
    ['GET', '/api/appliance/update', 405, 'PUT'],
    ['POST', '/api/appliance/update', 405, 'PUT'],
    ['GET', '/api/appliance/reboot', 405, 'POST'],
    ['DELETE', '/api/appliance/reboot', 405, 'POST'],
    ['POST', '/api/appliance', 405, 'GET, HEAD'],
    ['PUT', '/api/machines', 405, 'GET, HEAD'],
    ['PUT', '/api/appliance/nothing', 404, null],
  ]
  test.each(cases)('%s %s is %i', async (method, path, status, allow) => {
    const { ask } = await openSite()
    const answer = await ask(method, path, { headers: BEARER })
    expect([answer.status, answer.headers.get('allow')]).toEqual([status, allow])
  })
  test('without a box none of it is there', async () => {
    const app = appOn(await snapshot())
    onTestFinished(() => app.close())
    for (const url of ['/api/appliance', '/appliance/vmlinuz']) expect((await app.inject(url)).statusCode).toBe(404)
    for (const url of ['/api/appliance/update', '/api/appliance/reboot']) {
      expect((await app.inject({ method: 'PUT', url, headers: BEARER })).statusCode).toBe(404)
    }
  })
})

interface Operation {
  readonly security?: object[]
  readonly responses: Readonly<Record<string, { content: Readonly<Record<string, { schema?: object }>> }>>
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: object }
}

describe('openapi.json', () => {
  test('has the box only where there is one', async () => {
    const paths = async (app: ReturnType<typeof appOn>) =>
      Object.keys((await app.inject('/api/openapi.json')).json<Document>().paths).filter((path) =>
        path.includes('appliance'),
      )
    const { app } = await openSite()
    expect(await paths(app)).toEqual([
      '/api/appliance',
      '/api/appliance/token',
      '/api/appliance/update',
      '/api/appliance/reboot',
      '/api/appliance/poweroff',
    ])
    const plain = apiOn(await snapshot()).app
    onTestFinished(() => plain.close())
    expect(await paths(plain)).toEqual([])
  })
  test('has every answer as it is', async () => {
    const { app, ask } = await openSite()
    const document = (await app.inject('/api/openapi.json')).json<Document>()
    const asked: [method: string, path: string, init: RequestInit, status: number][] = [
      ['get', '/api/appliance', {}, 200],
      ['post', '/api/appliance/token', { headers: BEARER }, 200],
      ['post', '/api/appliance/token', {}, 401],
      ['put', '/api/appliance/update', { headers: BEARER, body: 'x' }, 202],
      ['post', '/api/appliance/reboot', { headers: BEARER }, 202],
      ['post', '/api/appliance/poweroff', { headers: BEARER }, 202],
    ]
    for (const [method, path, init, status] of asked) {
      const operation = document.paths[path]?.[method]
      const schema = operation?.responses[status]?.content['application/json']?.schema
      expect([path, status, schema]).toEqual([path, status, expect.anything()])
      const answer = await ask(method.toUpperCase(), path, init)
      expect([path, answer.status]).toEqual([path, status])
      const text = JSON.stringify({ ...schema, $defs: document.components.schemas })
      const type = z.fromJSONSchema(
        JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as z.core.JSONSchema.JSONSchema,
      )
      expect(type.safeParse(await answer.json()).error).toBeUndefined()
      expect(operation?.security !== undefined).toBe(method !== 'get')
    }
  })
})
