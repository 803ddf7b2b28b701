/**
 * Every signed route over HTTP, judged by the real gpg: what it signs is what the route answers. Without gpg (Debian's
 * package gnupg) there is nothing to judge with, and the tests are skipped.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import type { Running } from '../../src/core/module.ts'
import { loadSigner } from '../../src/core/signer.ts'
import { startHttp } from '../../src/http/start.ts'
import { require } from '../support/requirements.ts'
import { memoryLog, snapshotOf, temporaryFolder, writeFiles } from '../support/site.ts'

const gpgIsHere = spawnSync('gpg', ['--version']).status === 0

const FILES = {
  'config.yaml': `api_version: v1alpha1
groups:
  - {spec: node, require: {os: linux}, metadata: {name: "n\u00f6de <1>", blank: "ends in a space "}}
  - {spec: node, require: {mac: "52:54:00:89:d8:10"}}
  - {spec: empty, require: {os: none}}
  - {spec: broken, require: {os: broken}}
`,
  'specs/node/spec.json':
    '{"id": "node", "boot": {"kernel": "/k", "initrd": ["/i"]}, "cloud_id": "c", "ignition_id": "i.yaml"}',
  'specs/empty/spec.json': '{"id": "empty"}',
  'specs/broken/spec.json': '{"id": "broken", "cloud_id": "broken", "ignition_id": "broken.yaml"}',
  'cloud/c': '#!/bin/sh\r\necho {{.name}} \t\r\necho no newline at the end',
  'cloud/broken': '#!/bin/sh\n{{if}}\n',
  'ignition/i.yaml': 'ignition_version: 1\nsystemd:\n  units:\n    - {name: a.service, contents: "{{.name}}"}\n',
  'ignition/broken.yaml': 'a: [',
  'assets/cloud.asc': 'a file that is called so',
}

/** Path before its ending, the rest of it. */
const SIGNED: readonly (readonly [path: string, rest: string])[] = [
  ['/boot.ipxe', ''],
  ['/boot.ipxe.0', ''],
  ['/ipxe', '?os=linux'],
  ['/pixiecore/v1/boot', '/52-54-00-89-D8-10'],
  ['/ignition', '?os=linux&x=%20'],
  ['/cloud', '?os=linux'],
  ['/metadata', '?os=linux&x=1'],
]

/** Answers that are no success: they are not signed, but sent as they are. */
const REFUSED: readonly (readonly [path: string, rest: string, status: number])[] = [
  ['/ipxe', '', 404],
  ['/ipxe', '?os=none', 404],
  ['/ignition', '?os=none', 404],
  ['/ignition', '?os=broken', 500],
  ['/cloud', '?os=broken', 500],
  ['/metadata', '?os=other', 404],
  ['/pixiecore/v1/boot', '/52-54-00-00-00-00', 404],
  ['/pixiecore/v1/boot', '/xx', 400],
]

describe('signed routes', () => {
  beforeEach((context) => require(context, [['gpg', 'gnupg']]))
  const folder = temporaryFolder()
  const home = join(folder.path, 'gnupg')
  let http: Running
  beforeAll(async () => {
    if (!gpgIsHere) return
    writeFiles(folder.path, { ...FILES, 'gnupg/gpg.conf': '' })
    execFileSync('chmod', ['700', home])
    const gpg = (...args: string[]): Buffer =>
      execFileSync(
        'gpg',
        ['--homedir', home, '--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', '', ...args],
        {
          stdio: ['ignore', 'pipe', 'ignore'],
        },
      )
    gpg('--quick-generate-key', '<signed@bootcfg.test>', 'ed25519', 'sign', 'never')
    const signer = await loadSigner('secring.gpg', gpg('--export-secret-keys'), undefined)
    const snapshot = await snapshotOf(folder.path)
    http = await startHttp(
      {
        addresses: ['127.0.0.1:0'],
        assetsPath: join(folder.path, 'assets'),
        headerBytesMax: 16_384,
        connectionsMax: 100,
      },
      { snapshot: () => snapshot, signer, log: memoryLog() },
    )
  })
  afterAll(async () => {
    if (gpgIsHere) await http.stop()
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'])
    folder[Symbol.dispose]()
  })

  async function get(path: string, init: RequestInit = {}) {
    const response = await fetch(http.url + path, init)
    const { status, headers } = response
    return { status, headers, type: headers.get('content-type'), body: Buffer.from(await response.arrayBuffer()) }
  }

  /** What gpg says of a signature: 01 is one over text, undefined a bad one. */
  function verdict(signature: Uint8Array, body: Uint8Array): string | undefined {
    writeFiles(folder.path, { 'judged/signature': signature, 'judged/body': body })
    const files = [join(folder.path, 'judged/signature'), join(folder.path, 'judged/body')]
    const { status, stdout } = spawnSync(
      'gpg',
      ['--homedir', home, '--batch', '--status-fd', '1', '--verify', ...files],
      {
        encoding: 'utf8',
      },
    )
    const type = / VALIDSIG \S+ \S+ \d+ \d+ \d+ \S+ \d+ \d+ (\S\S) /.exec(stdout)?.[1]
    return status === 0 ? type : undefined
  }

  for (const [path, rest] of SIGNED) {
    for (const [ending, type] of [
      ['.asc', 'text/plain; charset=utf-8'],
      ['.sig', 'application/octet-stream'],
    ] as const) {
      test(`${path}${ending}${rest} is a text signature over exactly the body of ${path}${rest}`, async () => {
        const route = await get(path + rest)
        expect(route.status).toBe(200)
        const signed = await get(path + ending + rest)
        expect([signed.status, signed.type]).toEqual([200, type])
        expect(signed.body.toString('latin1').startsWith('-----BEGIN PGP SIGNATURE-----')).toBe(ending === '.asc')
        expect(verdict(signed.body, route.body)).toBe('01')
        expect(verdict(signed.body, Buffer.concat([route.body, Buffer.from('x')]))).toBeUndefined()
      })
    }

    test(`HEAD ${path}.asc${rest} has the headers of GET and no body`, async () => {
      for (const ending of ['.asc', '.sig']) {
        const [head, full] = [await get(path + ending + rest, { method: 'HEAD' }), await get(path + ending + rest)]
        expect([head.status, head.body.length, head.type]).toEqual([200, 0, full.type])
        expect(head.headers.get('content-length')).toBe(String(full.body.length))
      }
    })

    test(`POST ${path}.asc${rest} is 405`, async () => {
      expect((await get(`${path}.asc${rest}`, { method: 'POST' })).status).toBe(405)
    })
  }

  for (const [path, rest, status] of REFUSED) {
    test(`${path}.asc${rest} is ${status} as ${path}${rest} is`, async () => {
      const route = await get(path + rest)
      for (const ending of ['.asc', '.sig']) {
        const signed = await get(path + ending + rest)
        expect([signed.status, signed.type]).toEqual([status, route.type])
        expect(signed.body.toString()).toBe(route.body.toString())
      }
    })
  }

  test('the same body is signed once, so that its signature may be asked for again', async () => {
    const [first, second] = [await get('/cloud.sig?os=linux'), await get('/cloud.sig?os=linux')]
    expect(second.body.equals(first.body)).toBe(true)
  })
  test('a signature has no ranges', async () => {
    const { status, body } = await get('/cloud.asc?os=linux', { headers: { range: 'bytes=0-3' } })
    expect([status, body.length > 100]).toEqual([200, true])
  })
  test('specs are not signed', async () => {
    expect((await get('/spec/node.asc')).status).toBe(404)
    expect((await get('/spec.asc/node')).status).toBe(404)
  })
  test('assets are files: one that ends in .asc is that file', async () => {
    expect((await get('/assets/cloud.asc')).body.toString()).toBe(FILES['assets/cloud.asc'])
    expect((await get('/assets/cloud.asc.asc')).status).toBe(404)
  })
})
