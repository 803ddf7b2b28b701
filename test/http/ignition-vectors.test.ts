/**
 * What bootcfg 0.2 answered to 151 requests for `/ignition`, over HTTP: each from a group that requires its case, by way of a
 * spec and a file of its own. A file that is there but cannot be used was 404 then; it is 500 with the reason now.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { Running } from '../../src/core/module.ts'
import { startHttp } from '../../src/http/start.ts'
import { memoryLog, snapshotOf, temporaryFolder, writeFiles } from '../support/site.ts'

interface Vector {
  readonly id: string
  readonly filename: string
  readonly contents: string | null
  readonly contentsBase64?: string
  readonly filenameIsDirectory?: boolean
  readonly metadata: Record<string, unknown> | null
  readonly query: string
  readonly status: number
  readonly contentType: string
  readonly body: string
}

const fixture = new URL('../fixtures/ignition-v1.json', import.meta.url)
const vectors: readonly Vector[] = JSON.parse(readFileSync(fixture, 'utf8'))

/** Vectors that ask for another body than the recorded one. */
const DIFFERENT: Readonly<Record<string, (body: string, vector: Vector) => void>> = {
  // A repeated list replaces the earlier one; Go's decoder fills its items once more.
  'j-dup-lists': (body) => expect(body).toContain('"systemd":{"units":[{"name":"c.service"}]}'),
  // Refused then; Ignition 3 is served as it was written.
  'j-ignition-v3-doc': (body, vector) => expect(body).toBe(vector.contents),
}

const folder = temporaryFolder()
let http: Running
beforeAll(async () => {
  writeFiles(folder.path, { 'config.yaml': `api_version: v1alpha1\ngroups:\n${vectors.map(groupOf).join('')}` })
  for (const vector of vectors) {
    const file = `ignition/${vector.id}/${vector.filename}`
    const ignitionId = vector.filename === '' ? '' : `${vector.id}/${vector.filename}`
    writeFiles(folder.path, {
      [`specs/${vector.id}/spec.json`]: JSON.stringify({ id: vector.id, ignition_id: ignitionId }),
    })
    const contents = contentsOf(vector)
    if (vector.filenameIsDirectory) mkdirSync(join(folder.path, file), { recursive: true })
    else if (contents !== undefined) writeFiles(folder.path, { [file]: contents })
  }
  const snapshot = await snapshotOf(folder.path)
  http = await startHttp(
    { addresses: ['127.0.0.1:0'], assetsPath: '', headerBytesMax: 16_384, connectionsMax: 100 },
    { snapshot: () => snapshot, log: memoryLog() },
  )
})
afterAll(async () => {
  await http.stop()
  folder[Symbol.dispose]()
})

function groupOf({ id, metadata }: Vector): string {
  return `  - {spec: ${id}, require: {case: ${id}}, metadata: ${JSON.stringify(metadata ?? {})}}\n`
}

function contentsOf(vector: Vector): Uint8Array | undefined {
  if (vector.contentsBase64 !== undefined) return Buffer.from(vector.contentsBase64, 'base64')
  return vector.contents === null ? undefined : Buffer.from(vector.contents)
}

/** The status wanted now. */
function statusOf(vector: Vector): number {
  if (vector.id === 'j-ignition-v3-doc') return 200
  return vector.status === 404 && contentsOf(vector) !== undefined ? 500 : vector.status
}

test('the vectors are all there: 77 are served, 72 cannot be, 2 have no file', () => {
  expect(vectors).toHaveLength(151)
  const count = (status: number): number => vectors.filter((vector) => statusOf(vector) === status).length
  expect([count(200), count(500), count(404)]).toEqual([77, 72, 2])
})

describe('GET /ignition', () => {
  for (const vector of vectors) {
    const status = statusOf(vector)
    test(`${vector.id} is ${status}`, async () => {
      const answer = await fetch(`${http.url}/ignition?${vector.query}`)
      const body = await answer.text()
      expect(answer.status, body).toBe(status)
      if (status === 200) {
        expect(answer.headers.get('content-type')).toBe('application/json')
        if (vector.id in DIFFERENT) DIFFERENT[vector.id]!(body, vector)
        else expect(body).toBe(vector.body)
        return
      }
      expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
      if (status === 404) expect(body).toMatch(/^404 page not found\ngroup .* matches, but its spec .*\n$/)
      else expect(body).toMatch(/^ignition\/\S+: .+\n$/)
      expect(body).toContain(vector.id)
    })
  }
})
