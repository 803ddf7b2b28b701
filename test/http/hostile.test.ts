/**
 * Bytes that no honest machine sends, and honest ones that are rare: each gets its answer, nothing of it reaches the log
 * unprintable, and the server answers the next as if nothing had been.
 */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import type { Running } from '../../src/core/module.ts'
import { startHttp } from '../../src/http/start.ts'
import { memoryLog, snapshotOf, temporaryFolder, writeFiles } from '../support/site.ts'

const folder = temporaryFolder()
const log = memoryLog()
let http: Running
let port: number
beforeAll(async () => {
  writeFiles(folder.path, {
    'config.yaml': `api_version: v1alpha1
groups:
  - {spec: s, metadata: {a: b, __proto__: x, constructor: "y"}}
  - {spec: constructor, require: {__proto__: "1"}}
  - {spec: __proto__, require: {toString: "1"}}
`,
    'specs/s/spec.json':
      '{"id": "s", "boot": {"kernel": "k", "cmdline": {"__proto__": "1", "constructor": "2"}}, "cloud_id": "c", "ignition_id": "i"}',
    'cloud/c': '#!/bin/sh\n{{.a}} {{.__proto__}} {{.constructor}} {{.hasOwnProperty}}\n',
    'ignition/i': '{"ignition": {"version": "3.0.0"}, "q": {{printf "%q" .query}}}',
    'assets/a': 'hello',
  })
  // A name as an old file system has it: Latin-1.
  writeFileSync(Buffer.concat([Buffer.from(`${folder.path}/assets/`), Buffer.from([0xff])]), 'latin')
  const snapshot = await snapshotOf(folder.path)
  http = await startHttp(
    {
      addresses: ['127.0.0.1:0'],
      assetsPath: join(folder.path, 'assets'),
      headerBytesMax: 16_384,
      connectionsMax: 100,
      requestMsMax: 300,
      idleMsMax: 600,
    },
    { snapshot: () => snapshot, log },
  )
  port = Number(new URL(http.url!).port)
})
afterAll(async () => {
  await http.stop()
  folder[Symbol.dispose]()
})

/** What the server says to these bytes until it, or its idle time, ends the connection. */
async function say(bytes: string | Uint8Array): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')))
  socket.write(bytes)
  await once(socket, 'close')
  return answer
}

const HOST = 'Host: x\r\n'
const LAST = `${HOST}Connection: close\r\n\r\n`

function get(target: string, more = ''): string {
  return `GET ${target} HTTP/1.1\r\n${more}${LAST}`
}

const OWN = 'A=b\nCONSTRUCTOR=y\n__PROTO__=x\n'
const SCRIPT = '#!ipxe\nkernel k __proto__=1 constructor=2\ninitrd \nboot\n'
const NOT_FOUND = '404 page not found\n'

describe('answers', () => {
  const cases: [rule: string, request: string | Uint8Array, status: number, body?: string | RegExp][] = [
    ['a query of 16 KB', get(`/metadata?${'a'.repeat(16_000)}=1`), 200, `${OWN}${'A'.repeat(16_000)}=1\n`],
    ['thousands of labels', get(`/metadata?${Array.from({ length: 4000 }, (_, n) => n.toString(36)).join('&')}`), 200],
    ['a query of ampersands', get(`/metadata?${'&'.repeat(16_000)}`), 200, OWN],
    ['a query of broken escapes', get(`/metadata?${'%'.repeat(16_000)}`), 200, OWN],
    ['a query with a broken pair, of which the rest counts', get('/metadata?a=%zz&b=1;c&d=2'), 200, `${OWN}D=2\n`],
    ['bytes that are no UTF-8, which stay', get('/metadata?x=%ff%fe&y=%00'), 200, `${OWN}X=\xff\xfe\nY=\0\n`],
    ['a second question mark', get('/metadata?x=1?y=2'), 200, `${OWN}X=1?y=2\n`],
    ['a path of 16 KB', get(`/${'a'.repeat(16_000)}`), 404, NOT_FOUND],
    ['a MAC address of 15 KB', get(`/pixiecore/v1/boot/${'a'.repeat(15_000)}`), 400, /^address a{15000}: invalid/],
    ['a file name of 15 KB', get(`/assets/${'a'.repeat(15_000)}`), 404, NOT_FOUND],
    ['a path with a broken escape', get('/%zz'), 404, NOT_FOUND],
    ['a spec with a broken escape', get('/spec/%zz'), 404, NOT_FOUND],
    ['a spec that is no UTF-8', get('/spec/%ff'), 404, NOT_FOUND],
    ['a spec with NUL', get('/spec/%00'), 404, NOT_FOUND],
    ['an asset with a broken escape', get('/assets/%zz'), 404, NOT_FOUND],
    ['an asset whose name is no UTF-8', get('/assets/%ff'), 200, 'latin'],
    ['a MAC address that is no UTF-8', get('/pixiecore/v1/boot/%ff'), 400, 'address %ff: invalid MAC address\n'],
    ['another method on a broken path', `POST /assets/%ff HTTP/1.1\r\n${LAST}`, 405],
    ['a route that is written with escapes', get('/%69pxe'), 200, SCRIPT],
    ['an asset that is written with escapes', get('/%61ssets/%61'), 200, 'hello'],
    ['keys that objects have', get('/metadata?__proto__=2&constructor=3'), 200, `${OWN}CONSTRUCTOR=3\n__PROTO__=2\n`],
    ['such keys in a template', get('/cloud?__proto__=2'), 200, '#!/bin/sh\nb x y <no value>\n'],
    ['such requirements', get('/ipxe?__proto__=1'), 404, /there is no spec "constructor"/],
    ['such specs', get('/ipxe?toString=1'), 404, /there is no spec "__proto__"/],
    ['such specs by name', get('/spec/constructor'), 404, NOT_FOUND],
    ['HTTP/1.0', 'GET /metadata HTTP/1.0\r\n\r\n', 200, OWN],
    ['HTTP/1.0 for an asset', 'GET /assets/a HTTP/1.0\r\n\r\n', 200, 'hello'],
    ['a request as to a proxy', get('http://other:80/metadata?x=1'), 200, `${OWN}X=1\n`],
    ['an asset as to a proxy', get('HTTP://other/assets/a'), 200, 'hello'],
    ['a server and no path', get('http://other?x=1'), 404, NOT_FOUND],
    ['OPTIONS *', `OPTIONS * HTTP/1.1\r\n${LAST}`, 404, NOT_FOUND],
    ['GET *', get('*'), 404, NOT_FOUND],
    ['CONNECT', `CONNECT x:80 HTTP/1.1\r\n${LAST}`, 405],
    ['TRACE', `TRACE /metadata HTTP/1.1\r\n${LAST}`, 405],
    ['a method that nobody knows', `FOO /metadata HTTP/1.1\r\n${LAST}`, 400],
    ['an upgrade, which is not made', get('/metadata', 'Upgrade: websocket\r\n'), 200, OWN],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['no Host', 'GET /metadata HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['two Hosts, of which none is told', get('/ipxe', 'Host: y\r\n'), 200, SCRIPT],
    ['an expectation that is none', get('/metadata', 'Expect: the-moon\r\n'), 417],
    [
      'a chunked body on GET',
      get('/metadata', 'Transfer-Encoding: chunked\r\n').concat('5\r\nhello\r\n0\r\n\r\n'),
      200,
      OWN,
    ],
    ['ESC in a path', Buffer.from(get('/\u001b[31m'), 'latin1'), 400],
    ['bytes beyond ASCII in a path', Buffer.from(get('/\xff'), 'latin1'), 400],
  ]
  for (const [rule, request, status, body] of cases) {
    test(`${rule}: ${status}`, async () => {
      const answer = await say(request)
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
      const got = answer.slice(answer.indexOf('\r\n\r\n') + 4)
      if (typeof body === 'string') expect(got).toBe(body)
      else if (body !== undefined) expect(got).toMatch(body)
    })
  }

  test('a request with rubbish behind it is answered, the rubbish refused', async () => {
    const answer = await say(`GET /metadata HTTP/1.1\r\n${HOST}\r\n\0\0`)
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*HTTP\/1\.1 400 Bad Request\r\n/)
  })

  test('Expect: 100-continue gets its go-ahead, and then the answer', async () => {
    const answer = await say(get('/metadata', 'Expect: 100-continue\r\n'))
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
  })
  test('requests that come at once are answered in their order', async () => {
    const targets = [
      '/metadata?n=1',
      '/assets/a',
      '/nowhere',
      '/ipxe',
      '/%zz',
      '/metadata?n=2',
      '/assets/%ff',
      '/boot.ipxe',
    ]
    const answer = await say(
      targets.map((target) => `GET ${target} HTTP/1.1\r\n${HOST}\r\n`).join('') + get('/metadata?n=last'),
    )
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+) /g)].map((match) => Number(match[1]))
    expect(statuses).toEqual([200, 200, 404, 200, 404, 200, 200, 200, 200])
    expect(answer.endsWith(`${OWN}N=last\n`)).toBe(true)
  })
})

describe('a second request hidden in the first is not answered', () => {
  const hidden = `GET /metadata HTTP/1.1\r\n${HOST}\r\n`
  const cases: [rule: string, bytes: string, status: number][] = [
    [
      'both lengths',
      `POST /ipxe HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      400,
    ],
    ['two lengths', `GET /ipxe HTTP/1.1\r\n${HOST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello${hidden}`, 400],
    [
      'a space before the colon',
      `GET /ipxe HTTP/1.1\r\n${HOST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
      400,
    ],
    [
      'a chunk whose length lies',
      `GET /ipxe HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\n${hidden}`,
      200,
    ],
    ['as the body', `GET /ipxe HTTP/1.1\r\n${HOST}Content-Length: ${hidden.length}\r\n\r\n${hidden}`, 200],
  ]
  for (const [rule, bytes, status] of cases) {
    test(rule, async () => {
      const answer = await say(bytes)
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
      expect(answer).not.toContain('A=b')
    })
  }
})

test('a body that never ends does not hold its connection', async () => {
  expect(await say(`POST /ipxe HTTP/1.1\r\n${HOST}Content-Length: 500\r\n\r\nhello`)).toMatch(/^HTTP\/1\.1 405 /)
  expect(await say(`GET /ipxe HTTP/1.1\r\n${HOST}Content-Length: 500\r\n\r\nhello`)).toMatch(/^HTTP\/1\.1 200 /)
})

test('whatever was asked, the log has a line of printable ASCII for it, and no fault of the program', async () => {
  const before = log.lines.length
  await say(get('/metadata?x=%1b%5b31m%0a%ff&%c3%a9=%e2%80%a8&uuid=%07'))
  await say(get('/%1b%5b31m'))
  await say(get('/%ff%1b'))
  await say(get('/assets/%1b%0a%ff'))
  await say(get('/ipxe?toString=1&mac=52-54-00-89-D8-10%0a'))
  await vi.waitFor(() => expect(log.lines.length - before).toBe(5))
  for (const line of log.lines) {
    expect(JSON.stringify(line)).toMatch(/^[\u0020-\u007e]*$/)
    expect(JSON.stringify(line)).not.toMatch(/\\[unrtbf]/)
    expect(line.event).toMatch(/^http\.(request|bad-request)$/)
  }
})
