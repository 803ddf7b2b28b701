/**
 * What bootcfg v0.2.0 answered to 99 requests, and where this program answers otherwise on purpose.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { openAssets } from '../../src/http/assets.ts'
import { appOn, snapshotOf } from '../support/site.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures/bootcfg')

interface Recorded {
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly url: string
  readonly status: number
  readonly contentType: string
  readonly body: string | null
  readonly length: number
}

const { responses } = JSON.parse(readFileSync(join(FIXTURES, 'recorded.json'), 'utf8')) as { responses: Recorded[] }

/** A file that is there but cannot be used: 404 then, 500 with the reason now. */
const BROKEN: [url: RegExp, reason: RegExp][] = [
  [/^\/ignition\?hostname=half$/, /^ignition\/bad-yaml\.yaml:\d+/],
  [/^\/ignition\?hostname=text$/, /^ignition\/bad\.json:1/],
  [/^\/cloud\?hostname=half$/, /^cloud\/bad-template\.yaml:\d+/],
  [/^\/cloud\?hostname=text$/, /^cloud\/note\.txt/],
]

let app: ReturnType<typeof appOn>
beforeAll(async () => {
  app = appOn(await snapshotOf(join(FIXTURES, 'data')), { assets: await openAssets(join(FIXTURES, 'assets')) })
})
afterAll(() => app.close())

test('there are 99 recorded answers', () => {
  expect(responses).toHaveLength(99)
})

for (const recorded of responses) {
  test(`${recorded.method} ${recorded.url}`, async () => {
    const answer = await app.inject({ method: recorded.method, url: recorded.url })
    const broken = BROKEN.find(([url]) => url.test(recorded.url))
    if (broken !== undefined) {
      expect(answer.statusCode).toBe(500)
      expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
      expect(answer.body).toMatch(broken[1])
      expect(answer.body.trimEnd()).not.toContain('\n')
      return
    }
    expect(answer.statusCode).toBe(recorded.status)
    if (recorded.url.startsWith('/metadata')) {
      expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
      expect(answer.body).toBe(wantedMetadata(recorded.body!))
      return
    }
    expect(answer.headers['content-type']).toBe(recorded.contentType)
    if (recorded.status === 404) expect(answer.body.startsWith(recorded.body!)).toBe(true)
    else if (recorded.body !== null && recorded.method !== 'HEAD') expect(answer.body).toBe(recorded.body)
    if (recorded.method !== 'HEAD' && recorded.status === 200) expect(answer.rawPayload.length).toBe(recorded.length)
  })
}

/** Metadata lines sorted, then label lines sorted; integers plain. The labels are those of the recorded requests. */
function wantedMetadata(body: string): string {
  const isLabel = /^(MAC|UUID|ZONE|STAGE|HOSTNAME|SERIAL)=/
  const lines = body.split('\n').filter((line) => line !== '')
  const plain = lines.map((line) => line.replace(/%!s\(int=(\d+)\)/, '$1'))
  const sorted = [
    plain.filter((line) => !isLabel.test(line)).toSorted(),
    plain.filter((line) => isLabel.test(line)).toSorted(),
  ]
  return sorted
    .flat()
    .map((line) => `${line}\n`)
    .join('')
}
