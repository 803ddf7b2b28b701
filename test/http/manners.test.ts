/**
 * How the server behaves on the wire, towards clients that are slow, wrong or gone. Real sockets over loopback.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import type { Running } from '../../src/core/module.ts'
import { startHttp } from '../../src/http/start.ts'
import { memoryLog, snapshotOf } from '../support/site.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures/bootcfg')

const CONFIG = {
  addresses: ['127.0.0.1:0'],
  assetsPath: join(FIXTURES, 'assets'),
  headerBytesMax: 4096,
  connectionsMax: 20,
}

let http: Running
let port: number
const log = memoryLog()
beforeAll(async () => {
  const snapshot = await snapshotOf(join(FIXTURES, 'data'))
  http = await startHttp({ ...CONFIG, requestMsMax: 300, idleMsMax: 600 }, { snapshot: () => snapshot, log })
  port = Number(new URL(http.url!).port)
})
afterAll(() => http.stop())

/** Everything the server says to these bytes until it closes the connection. */
async function say(text: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(text)
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')))
  socket.on('error', () => {})
  await once(socket, 'close')
  return answer
}

async function get(path: string, init: RequestInit = {}) {
  const response = await fetch(`${http.url}${path}`, init)
  return { status: response.status, headers: response.headers, body: await response.text() }
}

describe('what is no request that can be answered', () => {
  const cases: [rule: string, bytes: string | Buffer, status: string][] = [
    ['other bytes', '\u0000\u0001\u0002\r\n\r\n', '400 Bad Request'],
    ['a TLS hello', Buffer.from('16030100f8010000f40303', 'hex'), '400 Bad Request'],
    [
      'a request line that is too long',
      `GET /ipxe?${'a'.repeat(5000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      '431 Request Header',
    ],
    ['headers that are too large', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(5000)}\r\n\r\n`, '431 Request Header'],
    ['headers that never end', 'GET /ipxe HTTP/1.1\r\nHost: x\r\n', '408 Request Timeout'],
  ]
  for (const [rule, bytes, status] of cases) {
    test(`${rule}: ${status}, and the connection is closed`, async () => {
      const before = log.lines.length
      expect(await say(bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status}`))
      expect(log.lines.slice(before)).toContainEqual(
        expect.objectContaining({ event: 'http.bad-request', status: Number(status.slice(0, 3)) }),
      )
    })
  }
})

test('a client that says nothing is let go', async () => {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.resume()
  await once(socket, 'close')
})

test('clients that hold connections do not keep others out for long', async () => {
  const held: Socket[] = []
  for (let n = 0; n < 40; n++) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('GET /ipxe HTTP/1.1\r\n')
    held.push(socket)
  }
  await vi.waitFor(async () => expect((await get('/ipxe')).status).toBe(200), { timeout: 5000, interval: 50 })
  for (const socket of held) socket.destroy()
})

describe('methods', () => {
  for (const path of [
    '/ipxe',
    '/boot.ipxe',
    '/ignition',
    '/cloud',
    '/metadata',
    '/spec/bare',
    '/assets/hello.txt',
    '/pixiecore/v1/boot/xx',
  ]) {
    test(`other methods than GET and HEAD are 405 on ${path}`, async () => {
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
        const { status, headers, body } = await get(path, { method })
        expect([status, headers.get('allow'), body]).toEqual([405, 'GET, HEAD', 'only HTTP GET is supported\n'])
      }
    })
  }
  test('a body is not waited for', async () => {
    const answer = await say(
      'POST /ipxe HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{',
    )
    expect(answer).toContain('HTTP/1.1 405')
  })
  for (const path of [
    '/ipxe',
    '/boot.ipxe',
    '/cloud',
    '/metadata',
    '/spec/bare',
    '/assets/hello.txt',
    '/ignition?zone=b',
    '/pixiecore/v1/boot/52-54-00-a1-9c-ae',
  ]) {
    test(`HEAD ${path} has the headers of GET and no body`, async () => {
      const [head, full] = [await get(path, { method: 'HEAD' }), await get(path)]
      expect([head.status, head.body]).toEqual([200, ''])
      for (const name of ['content-type', 'content-length']) expect(head.headers.get(name)).toBe(full.headers.get(name))
    })
  }
})

describe('what is not there', () => {
  for (const path of [
    '/',
    '/nowhere',
    '/ipxe/',
    '/cloud/',
    '/boot.ipxe/',
    '/metadata/x',
    '//ipxe',
    '/assets',
    '/assets/',
    '/spec',
    '/IPXE',
    '/ipxe.asc',
    '/ipxe.sig',
  ]) {
    test(`${path} is 404 without a redirect`, async () => {
      const { status, body, headers } = await get(path, { redirect: 'manual' })
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect([status, body, headers.get('content-type')]).toEqual([
        404,
        '404 page not found\n',
        'text/plain; charset=utf-8',
      ])
    })
  }
  test('a 404 of a machine says which group matched and what it lacks', async () => {
    expect((await get('/ignition')).body).toBe(
      '404 page not found\ngroup "default" matches, but its spec "discovery" has no ignition_id\n',
    )
    expect((await get('/ipxe?hostname=gone')).body).toBe(
      '404 page not found\ngroup "gone" matches, but there is no spec "missing"\n',
    )
    expect((await get('/ignition?uuid=1f0c2a6e-3c34-4f38-9f52-6b8f3a8c1d11')).body).toBe(
      '404 page not found\ngroup "by uuid" matches, but its spec "bare" names ignition/gone.yaml, which does not exist\n',
    )
  })
})

describe('ranges of a cloud-config', () => {
  const whole = '#cloud-config\nhostname: waiting\n'
  const cases: [range: string, status: number, body: string, contentRange: string | null][] = [
    ['bytes=0-12', 206, '#cloud-config', 'bytes 0-12/32'],
    ['bytes=14-', 206, 'hostname: waiting\n', 'bytes 14-31/32'],
    ['bytes=-8', 206, 'waiting\n', 'bytes 24-31/32'],
    ['bytes=40-', 416, '', 'bytes */32'],
    ['bytes=0-1,4-5', 200, whole, null],
    ['lines=1-2', 200, whole, null],
  ]
  for (const [range, status, body, contentRange] of cases) {
    test(`${range} is ${status}`, async () => {
      const answer = await get('/cloud', { headers: { range } })
      expect([answer.status, answer.body, answer.headers.get('content-range')]).toEqual([status, body, contentRange])
    })
  }
})

test('every request is one line in the log, with labels, group, spec, status, bytes and time', async () => {
  const before = log.lines.length
  const answer = await get('/ipxe?mac=52-54-00-a1-9c-ae&uuid=abc&serial=1%0a2&zone=%1b[31m')
  await vi.waitFor(() => expect(log.lines.length).toBe(before + 1))
  expect(log.lines.at(-1)).toMatchObject({
    level: 'info',
    event: 'http.request',
    method: 'GET',
    path: '/ipxe',
    mac: '52:54:00:a1:9c:ae',
    uuid: 'abc',
    labels: 'serial=1?2 zone=?[31m',
    group: 'controller',
    spec: 'controller',
    status: 200,
    bytes: Buffer.byteLength(answer.body),
    ms: expect.any(Number),
    peer: '127.0.0.1',
  })
})

test('a download that nobody reads is given up after the idle time', async () => {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET /assets/coreos/899.6.0/coreos_production_pxe.vmlinuz HTTP/1.1\r\nHost: x\r\n\r\n')
  socket.pause()
  await sleep(1500)
  socket.resume()
  await once(socket, 'close')
})

test('stopping is quick even with downloads open, and refuses newcomers', async () => {
  const snapshot = await snapshotOf(join(FIXTURES, 'data'))
  const own = await startHttp(CONFIG, { snapshot: () => snapshot, log: memoryLog() })
  const ownPort = Number(new URL(own.url!).port)
  const socket = connect(ownPort, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET /ipxe HTTP/1.1\r\nHost: x\r\n\r\nGET /ipxe HTTP/1.1\r\n') // one answered, one half sent
  await once(socket, 'data')
  const closed = once(socket, 'close')
  await own.stop()
  await closed
  await expect(fetch(own.url!)).rejects.toThrow()
})

describe('several addresses', () => {
  const start = (...addresses: string[]) =>
    startHttp({ ...CONFIG, addresses }, { snapshot: () => expect.unreachable(), log: memoryLog() })
  async function freePort(): Promise<number> {
    const probe = createServer().listen(0, '127.0.0.1')
    await once(probe, 'listening')
    const { port } = probe.address() as AddressInfo
    probe.close()
    await once(probe, 'close')
    return port
  }

  test('each is answered, with the same limits, and none after the stop', async () => {
    const other = `127.0.0.1:${await freePort()}`
    const own = await start('127.0.0.1:0', other)
    expect((await fetch(`http://${other}/assets/hello.txt`)).headers.get('content-length')).toBe(
      (await fetch(`${own.url}/assets/hello.txt`)).headers.get('content-length'),
    )
    const idle = connect({ host: '127.0.0.1', port: Number(other.split(':')[1]) })
    idle.on('error', () => {})
    const answered = once(idle, 'data')
    idle.write(`GET /ipxe?${'a'.repeat(5000)} HTTP/1.1\r\nHost: x\r\n\r\n`)
    expect(String(await answered)).toContain('431 Request Header')
    await own.stop()
    await expect(fetch(`http://${other}/`)).rejects.toThrow()
    await expect(fetch(own.url!)).rejects.toThrow()
  })
  test('where one is taken, the others are left free again', async () => {
    const first = `127.0.0.1:${await freePort()}`
    await expect(start(first, `127.0.0.1:${port}`)).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: another program`,
    )
    await expect(fetch(`http://${first}/`)).rejects.toThrow()
  })
})

describe('an address that cannot be listened on is told in one line, with what to do', () => {
  const start = (address: string) =>
    startHttp(
      { addresses: [address], assetsPath: '', headerBytesMax: 4096, connectionsMax: 20 },
      { snapshot: () => expect.unreachable(), log: memoryLog() },
    )
  test('one that is taken', async () => {
    await expect(start(`127.0.0.1:${port}`)).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: another program listens there: stop it, or choose another address with -address`,
    )
  })
  test('one that no interface has', async () => {
    await expect(start('192.0.2.1:0')).rejects.toThrow('no interface of this machine has that address')
  })
})
