/** Who gets the status page, and how its files are sent. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { buildApp } from '../../../src/http/app.ts'
import { createPage, wantsPage } from '../../../src/http/ui/page.ts'
import { appOn, snapshotOf, temporaryFolder, writeFiles } from '../../support/site.ts'

const BROWSER = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'accept-encoding': 'gzip, deflate, br',
}

const folder = temporaryFolder()
let app: ReturnType<typeof buildApp>

beforeAll(async () => {
  writeFiles(folder.path, { 'config.yaml': 'api_version: v1alpha1\ngroups: []\n' })
  app = appOn(await snapshotOf(folder.path), { page: createPage({ hidesBodies: false }) })
})
afterAll(async () => {
  await app.close()
  folder[Symbol.dispose]()
})

const get = (url: string, headers = {}) => app.inject({ url, headers })

describe('only who asks for HTML by name gets the page', () => {
  const cases: [accept: string | undefined, wants: boolean][] = [
    [undefined, false],
    ['', false],
    ['*/*', false],
    ['text/*', false],
    ['application/json', false],
    ['text/html', true],
    ['TEXT/HTML', true],
    [BROWSER.accept, true],
    ['application/json, text/html;level=1;q=0.4', true],
    ['text/html;q=0', false],
    ['text/html; q=0.0, */*', false],
    ['text/htmlx', false],
    ['x-text/html', false],
  ]
  for (const [accept, wants] of cases) test(`Accept: ${accept}`, () => expect(wantsPage(accept)).toBe(wants))

  test('for all others there is nothing at /, as ever', async () => {
    for (const accept of [undefined, '*/*']) {
      const { statusCode, body, headers } = await get('/', accept === undefined ? {} : { accept })
      expect([statusCode, body, headers['content-type']]).toEqual([
        404,
        '404 page not found\n',
        'text/plain; charset=utf-8',
      ])
    }
    expect((await app.inject({ url: '/', method: 'POST', headers: BROWSER })).statusCode).toBe(404)
  })
  test('HEAD has the headers of GET', async () => {
    const [head, full] = [await app.inject({ url: '/', method: 'HEAD', headers: BROWSER }), await get('/', BROWSER)]
    expect([head.statusCode, head.body]).toEqual([200, ''])
    expect(head.headers['content-length']).toBe(full.headers['content-length'])
  })
})

describe('files', () => {
  const namesIn = async () => {
    const { body } = await get('/', { accept: 'text/html' })
    return [...new Set([...body.matchAll(/(?:href|src)="(\/ui\/[^"]+)"/g)].map((match) => match[1]!))]
  }

  test('all that the page names are there, compressed or not, for good', async () => {
    const names = await namesIn()
    expect(names.length).toBeGreaterThan(20)
    for (const name of names) {
      const [plain, zipped] = [await get(name), await get(name, BROWSER)]
      expect([plain.statusCode, zipped.statusCode]).toEqual([200, 200])
      expect(zipped.headers['content-encoding']).toBe('gzip')
      expect(zipped.rawPayload.length).toBeLessThan(plain.rawPayload.length)
      expect(plain.headers['cache-control']).toContain('immutable')
      expect(plain.headers['content-type']).toMatch(/^(text\/(javascript|css); charset=utf-8|image\/svg\+xml)$/)
    }
  })
  test('every import leads to one of them', async () => {
    const names = await namesIn()
    for (const name of names.filter((path) => path.endsWith('.js'))) {
      for (const [, to] of (await get(name)).body.matchAll(/(?:^|[;\n])\s*import\b[^'"()]*['"]([^'"]+)['"]/g)) {
        expect(names).toContain(new URL(to!, `http://x${name}`).pathname)
      }
    }
  })
  test('others are not: neither by an old digest, nor beside them', async () => {
    const [name] = await namesIn()
    for (const path of [
      name!.replace(/\/ui\/\w+/, '/ui/0000'),
      '/ui/',
      '/ui/../page.ts',
      `${name}x`,
      name!.replace(/[^/]*$/, 'tsconfig.json'),
    ]) {
      expect((await get(path)).statusCode).toBe(404)
    }
  })
  test('the page itself is asked for each time, since it names the digest', async () => {
    expect((await get('/', BROWSER)).headers['cache-control']).toBe('no-cache')
  })
})

test('nothing runs that is not a file of ours, and nobody frames it', async () => {
  const { headers, body } = await get('/', { accept: 'text/html' })
  const policy = String(headers['content-security-policy'])
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).not.toMatch(/unsafe|\*|https?:/)
  expect(headers['x-content-type-options']).toBe('nosniff')
  expect(body).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|style=/)
})
