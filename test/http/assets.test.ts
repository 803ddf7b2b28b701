/**
 * Files over real HTTP: a plain server on loopback, raw sockets where clients misbehave, curl where it resumes.
 */
import { type ChildProcess, execFile, execFileSync, fork } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createSocketServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

import fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { decodeAssetPath } from '../../src/http/asset-file.ts'
import { type Assets, openAssets, type Served } from '../../src/http/assets.ts'
import { require } from '../support/requirements.ts'

const MiB = 2 ** 20
const GiB = 2 ** 30
const DIGITS = '0123456789'

let folder = ''
let root = ''
let server: Server
let port = 0
/** Requests as they ended, oldest first. */
const ended: Served[] = []
/** The ports whose requests come to `ended`. */
const servedHere = new Set<number>()

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bootcfg-assets-'))
  chmodSync(folder, 0o755)
  root = join(folder, 'assets')
  mkdirSync(join(root, 'coreos/899.6.0'), { recursive: true })
  writeFileSync(join(root, 'digits'), DIGITS)
  writeFileSync(join(root, 'empty'), '')
  writeFileSync(join(root, 'hello.txt'), 'hello asset\n')
  writeFileSync(join(root, 'coreos/899.6.0/vmlinuz'), Buffer.concat([Buffer.from('kernel\0'), randomBytes(3 * MiB)]))
  writeFileSync(join(folder, 'secret'), 'not for machines\n')
  server = await serve(await openAssets(root))
  port = portOf(server)
})

afterAll(() => {
  server.close()
  server.closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
})

async function serve(assets: Assets): Promise<Server> {
  const plain = createServer((incoming, response) => {
    void assets.serve(incoming.url?.slice('/assets/'.length) ?? '', incoming, response).then((done) => ended.push(done))
  })
  plain.listen(0, '127.0.0.1')
  await once(plain, 'listening')
  servedHere.add(portOf(plain))
  return plain
}

function portOf(listening: Server): number {
  const address = listening.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  return address.port
}

interface Got {
  status: number | undefined
  headers: IncomingHttpHeaders
  body: Buffer
}

async function get(path: string, headers: Record<string, string> = {}, method = 'GET', to = port): Promise<Got> {
  const outgoing = request({ host: '127.0.0.1', port: to, path: `/assets/${path}`, method, headers, agent: false })
  const before = ended.length
  outgoing.end()
  const got = await new Promise<Got>((resolve, reject) => {
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) })
      })
    })
  })
  if (servedHere.has(to)) await until('ended', () => ended.length > before)
  return got
}

/** A client that asks and then reads nothing until told. */
async function ask(text: string, to = port): Promise<Socket> {
  const socket = connect(to, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.pause()
  socket.write(text)
  return socket
}

const GET = (path: string): string => `GET /assets/${path} HTTP/1.1\r\nHost: bootcfg\r\n\r\n`
const LAST_GET = (path: string): string => GET(path).replace('Host', 'Connection: close\r\nHost')

/** Read to the end of the connection; the bytes of the body. */
async function drain(socket: Socket): Promise<number> {
  let bytes = 0
  let head: Buffer | undefined = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    bytes += chunk.length
    if (head === undefined) return
    head = Buffer.concat([head, Buffer.from(chunk)])
    const end = head.indexOf('\r\n\r\n')
    if (end >= 0) {
      bytes -= end + 4
      head = undefined
    }
  })
  const closed = once(socket, 'close')
  socket.resume()
  await closed
  return bytes
}

async function until(what: string, isTrue: () => boolean): Promise<void> {
  for (let tries = 0; !isTrue(); tries++) {
    if (tries > 1500) throw new Error(`never: ${what}`)
    await sleep(10)
  }
}

/** How many files of the assets folder a process holds open. */
function openFiles(pid: number | string = 'self', path = root): number {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`)
    } catch {
      return '' // closed meanwhile
    }
  })
  return links.filter((link) => link.startsWith(`${path}/`)).length
}

function peakBytes(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}

/** A file of this size that takes no room on the disk. */
function makeSparse(name: string, size: number): string {
  const path = join(root, name)
  writeFileSync(path, '')
  truncateSync(path, size)
  return path
}

describe('a file', () => {
  test('is answered whole, with what a client needs to ask again', async () => {
    utimesSync(join(root, 'hello.txt'), 0, new Date('2016-02-09T16:00:00Z'))
    const { status, headers, body } = await get('hello.txt')
    expect(status).toBe(200)
    expect(body.toString()).toBe('hello asset\n')
    expect(headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-length': '12',
      'accept-ranges': 'bytes',
      'last-modified': 'Tue, 09 Feb 2016 16:00:00 GMT',
      etag: '"c-14315159a0420000"',
    })
    expect(ended.at(-1)).toEqual({ status: 200, bytes: 12, complete: true })
  })

  test('of some MiB arrives to the byte', async () => {
    const { headers, body } = await get('coreos/899.6.0/vmlinuz')
    expect(body.equals(readFileSync(join(root, 'coreos/899.6.0/vmlinuz')))).toBe(true)
    expect(headers['content-type']).toBe('application/octet-stream')
  })

  test('arrives to the byte at clients of different speed that share few buffers', async () => {
    const image = randomBytes(8 * MiB)
    writeFileSync(join(root, 'image'), image)
    const limits = { largeBytes: MiB, smallBytes: 64 * 1024, largeMax: 2, spareSmallMax: 2 }
    const sharing = await serve(await openAssets(root, limits))
    const hashes = await Promise.all(
      Array.from({ length: 12 }, async (_, client) => {
        const socket = await ask(LAST_GET('image'), portOf(sharing))
        const hash = createHash('sha256')
        let skip = -1
        for await (const chunk of socket) {
          const bytes = Buffer.from(chunk)
          if (skip < 0) skip = bytes.indexOf('\r\n\r\n') + 4
          hash.update(bytes.subarray(skip))
          skip = 0
          if (client % 3 === 0) await sleep(1)
        }
        return hash.digest('hex')
      }),
    )
    expect(new Set(hashes)).toEqual(new Set([createHash('sha256').update(image).digest('hex')]))
    sharing.close()
  })

  test('that is empty is an empty answer', async () => {
    const { status, headers, body } = await get('empty', { range: 'bytes=0-' })
    expect([status, headers['content-length'], body.length]).toEqual([200, '0', 0])
  })

  test('has the same headers for HEAD, and no body', async () => {
    const whole = await get('hello.txt')
    const head = await get('hello.txt', { range: 'bytes=0-3' }, 'HEAD')
    expect(head.status).toBe(200)
    expect(head.body.length).toBe(0)
    expect({ ...head.headers, date: '' }).toEqual({ ...whole.headers, date: '' })
    expect(ended.at(-1)).toEqual({ status: 200, bytes: 0, complete: true })
  })

  test('may have any name that a file can have', async () => {
    writeFileSync(join(root, 'größe 100%.txt'), 'a')
    writeFileSync(Buffer.from(`${root}/caf\xe9`, 'latin1'), 'b')
    writeFileSync(join(root, 'back\\slash'), 'c')
    writeFileSync(join(root, '%2e'), 'd')
    writeFileSync(join(root, '...'), 'e')
    expect((await get('gr%C3%B6%C3%9Fe%20100%25.txt')).body.toString()).toBe('a')
    expect((await get('caf%e9')).body.toString()).toBe('b')
    expect((await get('back%5cslash')).body.toString()).toBe('c')
    expect((await get('%252e')).body.toString()).toBe('d')
    expect((await get('...')).body.toString()).toBe('e')
  })
})

describe('a part of a file', () => {
  const parts: [range: string, status: number, contentRange: string | undefined, body: string][] = [
    ['bytes=2-4', 206, 'bytes 2-4/10', '234'],
    ['bytes=7-', 206, 'bytes 7-9/10', '789'],
    ['bytes=-2', 206, 'bytes 8-9/10', '89'],
    ['bytes=0-100', 206, 'bytes 0-9/10', DIGITS],
    ['bytes=10-', 416, 'bytes */10', '416 range not satisfiable\n'],
    ['bytes=1-2,4-5', 200, undefined, DIGITS],
    ['bytes=nonsense', 200, undefined, DIGITS],
  ]
  for (const [range, status, contentRange, body] of parts) {
    test(`${range}: ${status}`, async () => {
      const got = await get('digits', { range })
      expect([got.status, got.headers['content-range'], got.body.toString()]).toEqual([status, contentRange, body])
      expect(got.headers['content-length']).toBe(String(body.length))
      if (status !== 416) expect(got.headers['accept-ranges']).toBe('bytes')
    })
  }

  test('is of the version that If-Range names, else the whole file', async () => {
    const { etag = '', 'last-modified': date = '' } = (await get('digits')).headers
    for (const version of [etag, date]) {
      expect((await get('digits', { range: 'bytes=2-4', 'if-range': version })).status).toBe(206)
    }
    for (const version of ['"other"', `W/${etag}`, 'Tue, 09 Feb 2016 16:00:00 GMT']) {
      expect((await get('digits', { range: 'bytes=2-4', 'if-range': version })).status).toBe(200)
    }
  })

  test('beyond 4 GiB is where it should be', async () => {
    const path = makeSparse('huge.img', 6 * GiB)
    const fd = openSync(path, 'r+')
    writeSync(fd, 'across', 4 * GiB - 3)
    writeSync(fd, 'the end', 6 * GiB - 7)
    closeSync(fd)
    const across = await get('huge.img', { range: `bytes=${4 * GiB - 3}-${4 * GiB + 2}` })
    expect(across.body.toString()).toBe('across')
    expect(across.headers['content-range']).toBe('bytes 4294967293-4294967298/6442450944')
    expect((await get('huge.img', { range: 'bytes=-7' })).body.toString()).toBe('the end')
    expect((await get('huge.img', {}, 'HEAD')).headers['content-length']).toBe('6442450944')
  })

  test('is what curl needs to resume', async (context) => {
    require(context, [['curl', 'curl']])
    const partial = join(folder, 'partial')
    const whole = readFileSync(join(root, 'coreos/899.6.0/vmlinuz'))
    writeFileSync(partial, whole.subarray(0, MiB))
    const url = `http://127.0.0.1:${port}/assets/coreos/899.6.0/vmlinuz`
    await promisify(execFile)('curl', ['--silent', '--fail', '--continue-at', '-', '--output', partial, url])
    expect(readFileSync(partial).equals(whole)).toBe(true)
    expect(ended.at(-1)).toEqual({ status: 206, bytes: whole.length - MiB, complete: true })
  })
})

describe('a client that has the file', () => {
  test('gets 304 without a body, also for HEAD', async () => {
    const { etag = '', 'last-modified': date = '' } = (await get('digits')).headers
    for (const headers of [{ 'if-none-match': etag }, { 'if-none-match': '*' }, { 'if-modified-since': date }]) {
      for (const method of ['GET', 'HEAD']) {
        const got = await get('digits', headers, method)
        expect([got.status, got.body.length, got.headers.etag]).toEqual([304, 0, etag])
        expect(got.headers['content-length']).toBe(undefined)
      }
    }
  })

  test('gets the new one once it has changed', async () => {
    const path = join(root, 'changing')
    writeFileSync(path, 'old')
    const { etag = '' } = (await get('changing')).headers
    writeFileSync(`${path}.new`, 'new')
    utimesSync(`${path}.new`, 1, 1)
    renameSync(`${path}.new`, path)
    expect((await get('changing', { 'if-none-match': etag })).body.toString()).toBe('new')
  })

  test('that wants no other version gets 412', async () => {
    const got = await get('digits', { 'if-match': '"other"' })
    expect([got.status, got.body.toString()]).toEqual([412, '412 precondition failed\n'])
  })
})

describe('no file', () => {
  const paths: [name: string, path: string][] = [
    ['absent', 'absent'],
    ['the folder', ''],
    ['a folder', 'coreos'],
    ['a folder, with a slash: no listing', 'coreos/'],
    ['a folder, with a dot', 'coreos/.'],
    ['a file with a slash', 'digits/'],
    ['a file taken for a folder', 'digits/x'],
    ['..', '../secret'],
    ['.. inside', 'coreos/../../secret'],
    ['.. that stays inside', 'coreos/../digits'],
    ['.. escaped', '%2e%2e/secret'],
    ['.. half escaped', '.%2E/secret'],
    ['.. with an escaped slash', '..%2fsecret'],
    ['.. escaped twice', '%252e%252e%252fsecret'],
    ['.. with a backslash', '..\\secret'],
    ['.. with an escaped backslash', '..%5csecret'],
    ['.. at the end', 'coreos/..'],
    ['an absolute path', '/etc/passwd'],
    ['an absolute path, escaped', '%2fetc%2fpasswd'],
    ['NUL', 'digits%00'],
    ['NUL before an extension', 'digits%00.txt'],
    ['an escape cut short', 'digits%'],
    ['an escape that is none', 'digits%zz'],
    ['an overlong slash', '..%c0%afsecret'],
    ['a name too long', 'x'.repeat(300)],
    ['a path too long', 'x/'.repeat(3000)],
  ]
  for (const [name, path] of paths) {
    test(`${name}: 404`, async () => {
      const got = await get(path)
      expect([got.status, got.body.toString()]).toEqual([404, '404 page not found\n'])
      expect(got.headers['content-type']).toBe('text/plain; charset=utf-8')
      expect(got.headers.location).toBe(undefined)
      expect(ended.at(-1)).toEqual({ status: 404, bytes: 19, complete: true })
    })
  }

  test('HEAD has the headers only', async () => {
    const got = await get('absent', {}, 'HEAD')
    expect([got.status, got.headers['content-length'], got.body.length]).toEqual([404, '19', 0])
  })

  const decoded: [path: string, file: string | undefined][] = [
    ['a/b', 'a/b'],
    ['a%2Fb', 'a/b'],
    ['a//b', 'a/b'],
    ['/a/./b', 'a/b'],
    ['a%2eb', 'a.b'],
    ['a%252eb', 'a%2eb'],
    ['..a/b..', '..a/b..'],
    ['a/..', undefined],
    ['%2e./a', undefined],
    ['a/%2e', undefined],
    ['', undefined],
    ['/', undefined],
    ['a%', undefined],
    ['a%0', undefined],
    ['a\u0000', undefined],
    ['a\u0100', undefined],
  ]
  for (const [path, file] of decoded) {
    test(`${JSON.stringify(path)} names ${file ?? 'nothing'}`, () => {
      expect(decodeAssetPath(path)?.toString('latin1')).toBe(file)
    })
  }
})

describe('links and what is no file', () => {
  test('a link that stays in the folder is followed, also by way of a folder', async () => {
    symlinkSync('digits', join(root, 'link'))
    symlinkSync(join(root, 'coreos/899.6.0'), join(root, 'current'))
    expect((await get('link')).body.toString()).toBe(DIGITS)
    expect((await get('current/vmlinuz', { range: 'bytes=0-5' })).body.toString()).toBe('kernel')
  })

  test('a link that leaves the folder is 404, and the log says so', async () => {
    symlinkSync('../secret', join(root, 'out'))
    symlinkSync('/etc', join(root, 'etc'))
    symlinkSync(folder, join(root, 'up'))
    for (const path of ['out', 'etc/passwd', 'up/secret', 'up/assets-of-another']) {
      writeFileSync(join(folder, 'assets-of-another'), 'same beginning')
      expect((await get(path)).status).toBe(404)
      expect(ended.at(-1)?.problem).toMatch(/^\/.* leads out of the folder; [^\n]+$/)
    }
    expect((await get('up/assets/digits')).body.toString()).toBe(DIGITS)
  })

  test('a link to nothing is 404; one to itself too, and the log says so', async () => {
    symlinkSync('nothing', join(root, 'dangling'))
    symlinkSync('loop', join(root, 'loop'))
    expect((await get('dangling')).status).toBe(404)
    expect(ended.at(-1)?.problem).toBe(undefined)
    expect((await get('loop')).status).toBe(404)
    expect(ended.at(-1)?.problem).toContain('too many symbolic links')
  })

  test('a FIFO, a socket and a device are 404 and never opened', async () => {
    execFileSync('mkfifo', [join(root, 'fifo')])
    const listener = createSocketServer().listen(join(root, 'socket'))
    await once(listener, 'listening')
    symlinkSync('/dev/zero', join(root, 'zero'))
    for (const path of ['fifo', 'socket', 'zero']) {
      expect((await get(path)).status).toBe(404)
      expect(ended.at(-1)?.problem).toContain('is not a regular file')
    }
    listener.close()
  })

  test('the folder itself may be a link, and be pointed elsewhere at any time', async () => {
    for (const release of ['one', 'two']) {
      mkdirSync(join(folder, release))
      writeFileSync(join(folder, release, 'name'), release)
    }
    const current = join(folder, 'current')
    symlinkSync('one', current)
    const moving = await serve(await openAssets(current))
    expect((await get('name', {}, 'GET', portOf(moving))).body.toString()).toBe('one')
    symlinkSync('two', `${current}.new`)
    renameSync(`${current}.new`, current)
    expect((await get('name', {}, 'GET', portOf(moving))).body.toString()).toBe('two')
    moving.close()
  })

  test('a folder that is not there is an error at once', async () => {
    await expect(openAssets(join(folder, 'nowhere'))).rejects.toThrow('ENOENT')
    await expect(openAssets(join(folder, 'secret'))).rejects.toThrow('ENOTDIR')
  })
})

describe('when the file or the client goes away', () => {
  test('a file that is truncated meanwhile: the connection is cut', async () => {
    const path = makeSparse('shrinking.img', 64 * MiB)
    const before = ended.length
    const socket = await ask(GET('shrinking.img'))
    await once(socket, 'readable')
    truncateSync(path, 10)
    expect(await drain(socket)).toBeLessThan(64 * MiB)
    await until('released', () => openFiles() === 0)
    await until('ended', () => ended.length > before)
    expect(ended.at(-1)).toMatchObject({
      status: 200,
      complete: false,
      problem: expect.stringContaining('changed while'),
    })
  })

  test('a file that is written in place meanwhile: the last bytes are withheld', async () => {
    const path = makeSparse('rewritten.img', 64 * MiB)
    const socket = await ask(GET('rewritten.img'))
    await once(socket, 'readable')
    const fd = openSync(path, 'r+')
    writeSync(fd, 'another image', 60 * MiB)
    closeSync(fd)
    expect(await drain(socket)).toBeLessThan(64 * MiB)
    await until('logged', () => ended.at(-1)?.problem?.includes('rewritten.img changed while') ?? false)
  })

  test('a file that is replaced by a rename: the client gets the old one to the end', async () => {
    const path = makeSparse('replaced.img', 64 * MiB)
    const socket = await ask(LAST_GET('replaced.img'))
    await once(socket, 'readable')
    writeFileSync(`${path}.new`, 'new')
    renameSync(`${path}.new`, path)
    expect(await drain(socket)).toBe(64 * MiB)
    expect((await get('replaced.img')).body.toString()).toBe('new')
  })

  test('a client that leaves in the middle: the file is closed, and nobody is told of a problem', async () => {
    makeSparse('large.img', 64 * MiB)
    const sockets = await Promise.all(Array.from({ length: 20 }, async () => await ask(GET('large.img'))))
    await until('opened', () => openFiles() === 20)
    const before = ended.length
    for (const socket of sockets.slice(0, 10)) socket.destroy()
    for (const socket of sockets.slice(10)) socket.resetAndDestroy()
    await until('released', () => openFiles() === 0)
    await until('logged', () => ended.length === before + 20)
    for (const done of ended.slice(before)) {
      expect(done).toEqual({ status: 200, bytes: expect.any(Number), complete: false })
    }
  })

  test('a client that leaves while its second request waits behind the first: both files are closed', async () => {
    const socket = await ask(GET('large.img') + GET('digits') + GET('large.img'))
    await until('opened', () => openFiles() === 3)
    socket.destroy()
    await until('released', () => openFiles() === 0)
  })

  test('a client that has left before its request is looked at', async () => {
    const assets = await openAssets(root)
    const late = createServer((incoming, response) => {
      response.on('close', () => {
        void assets.serve('digits', incoming, response).then((done) => ended.push(done))
      })
    })
    late.listen(0, '127.0.0.1')
    await once(late, 'listening')
    const before = ended.length
    const socket = await ask(GET('digits'), portOf(late))
    await sleep(50)
    socket.destroy()
    await until('ended', () => ended.length > before)
    expect(ended.at(-1)).toEqual({ status: 200, bytes: 0, complete: false })
    expect(openFiles()).toBe(0)
    late.close()
  })

  test('requests that wait their turn on one connection are answered in order', async () => {
    const socket = await ask(GET('digits') + GET('hello.txt') + LAST_GET('absent'))
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString()))
    socket.resume()
    await once(socket, 'close')
    expect(text.match(/0123456789|hello asset|404 page/g)).toEqual([DIGITS, 'hello asset', '404 page'])
  })

  test('a time-out of the server releases the file', async () => {
    const impatient = await serve(await openAssets(root))
    impatient.setTimeout(100)
    await ask(GET('large.img'), portOf(impatient))
    await until('opened', () => openFiles() === 1)
    await until('released', () => openFiles() === 0)
    impatient.close()
  })
})

describe('a process of its own', () => {
  const children: ChildProcess[] = []
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL')
  })

  async function start(args: string[]): Promise<{ child: ChildProcess; pid: number; port: number; ended: Served[] }> {
    const child = fork(new URL('assets-server.ts', import.meta.url), args)
    children.push(child)
    const done: Served[] = []
    const hello: { address: AddressInfo }[] = await once(child, 'message')
    child.on('message', (message: { served: Served }) => done.push(message.served))
    return { child, pid: child.pid ?? 0, port: hello[0]?.address.port ?? 0, ended: done }
  }

  test('200 slow readers take little memory, a fast one is served beside them, and nothing is left behind', async () => {
    const path = makeSparse('disk.img', 80 * MiB)
    const slow = await start([root])
    await get('disk.img', {}, 'GET', slow.port)
    const before = peakBytes(slow.pid)
    const sockets = await Promise.all(Array.from({ length: 200 }, async () => await ask(GET('disk.img'), slow.port)))
    await until('all are being served', () => openFiles(slow.pid) === 200)
    // Some read a little now and then, so that buffers go back and forth.
    for (let round = 0; round < 20; round++) {
      for (const socket of sockets.slice(0, 50)) socket.read()
      await sleep(10)
    }
    const fast = await get('disk.img', {}, 'GET', slow.port)
    expect(fast.body.length).toBe(80 * MiB)
    // 32 large buffers of 1 MiB, 200 small ones of 32 KiB, and what the sockets and the collector need; 16,000 MiB if it read ahead.
    expect(peakBytes(slow.pid) - before).toBeLessThan(128 * MiB)

    for (const socket of sockets) socket.destroy()
    await until('all are released', () => openFiles(slow.pid) === 0)
    expect((await get('disk.img', {}, 'GET', slow.port)).body.length).toBe(statSync(path).size)
  })

  test('out of file descriptors: 503 and what to do, then as before', async () => {
    const short = await start([root])
    const socket = await ask(GET('digits'), short.port)
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString()))
    socket.resume()
    await until('answered', () => text.endsWith(DIGITS))
    const limit = (files: number): Buffer => execFileSync('prlimit', [`--pid=${short.pid}`, `--nofile=${files}:`])
    limit(3)
    socket.write(GET('digits'))
    await until('refused', () => text.includes('503 out of resources, try again\n'))
    expect(text).toContain('Retry-After: 1')
    await until('logged', () => short.ended.length === 2)
    expect(short.ended[1]?.problem).toMatch(/digits: too many open files; raise the limit/)
    limit(1024)
    text = ''
    socket.write(GET('digits'))
    await until('answered again', () => text.endsWith(DIGITS))
    socket.destroy()
  })

  test('a file that may not be read: 500 and what to do', async () => {
    writeFileSync(join(root, 'closed'), 'x', { mode: 0o000 })
    mkdirSync(join(root, 'private'), { mode: 0o700 })
    writeFileSync(join(root, 'private/file'), 'x')
    const nobody = await start(process.getuid?.() === 0 ? [root, '65534'] : [root])
    const paths = process.getuid?.() === 0 ? ['closed', 'private/file'] : ['closed']
    for (const path of paths) {
      const got = await get(path, {}, 'GET', nobody.port)
      expect([got.status, got.body.toString()]).toEqual([
        500,
        '500 this file cannot be read, the log of bootcfg says why\n',
      ])
      await until('logged', () => nobody.ended.at(-1)?.problem !== undefined)
      expect(nobody.ended.pop()?.problem).toMatch(/: permission denied; let the user that runs bootcfg read it/)
    }
  })
})

test('a file that cannot be read from its disk is 500, or cut once it has begun', async () => {
  const kernel = await serve(await openAssets('/proc/self')) // mem is a regular file whose first byte is an I/O error
  const got = await get('mem', {}, 'GET', portOf(kernel))
  expect(got.status).toBe(500)
  expect(ended.at(-1)?.problem).toMatch(/^\/proc\/self\/mem: i\/o error; check the disk$/)
  kernel.close()
})

test('a route of fastify hands its raw request and response over', async () => {
  const app = fastify()
  const assets = await openAssets(root)
  app.get('/assets/*', async (incoming, reply) => {
    reply.hijack()
    await assets.serve(incoming.raw.url?.slice('/assets/'.length) ?? '', incoming.raw, reply.raw)
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const at = portOf(app.server)
  expect((await get('digits', { range: 'bytes=1-2' }, 'GET', at)).body.toString()).toBe('12')
  expect((await get('digits', {}, 'HEAD', at)).headers['content-length']).toBe('10')
  expect((await get('%2e%2e/secret', {}, 'GET', at)).status).toBe(404)
  await app.close()
})
