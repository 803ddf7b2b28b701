/** An update on its way in: whole on the medium, or not there at all. */
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'

import { expect, onTestFinished, test, type TestContext } from 'vitest'

import { receive, UPDATE_BYTES_MAX } from '../../src/appliance/receive.ts'
import { require, skip } from '../support/requirements.ts'
import { temporaryFolder } from '../support/site.ts'

function place(): string {
  const folder = temporaryFolder()
  onTestFinished(() => folder[Symbol.dispose]())
  return join(folder.path, 'updates/upload.bootcfg-update')
}

/** What is left at the place, and beside it. */
function left(path: string): string[] {
  return existsSync(dirname(path)) ? readdirSync(dirname(path)) : []
}

const upload = (body: Readable, length?: number) => ({ body, length, isForced: false })

test('what arrives is in the file, and its hash is told', async () => {
  const path = place()
  const chunks = Array.from({ length: 20 }, () => randomBytes(70_000))
  const bytes = Buffer.concat(chunks)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  expect(await receive(upload(Readable.from(chunks), bytes.length), path)).toEqual({
    received: true,
    bytes: bytes.length,
    sha256,
  })
  expect(readFileSync(path).equals(bytes)).toBe(true)
  expect(left(path)).toEqual(['upload.bootcfg-update'])
})

test('what broke off leaves nothing, whether it ended early or with an error', async () => {
  const path = place()
  async function* broken() {
    yield Buffer.from('abc')
    throw new Error('socket hang up')
  }
  for (const body of [Readable.from([Buffer.from('abc')]), Readable.from(broken())]) {
    expect(await receive(upload(body, 4), path)).toMatchObject({ received: false, why: 'broken-off' })
    expect(left(path)).toEqual([])
  }
})

test('what was there before stays until the next is whole', async () => {
  const path = place()
  await receive(upload(Readable.from([Buffer.from('first')])), path)
  await receive(upload(Readable.from([Buffer.from('half')]), 100), path)
  expect(readFileSync(path, 'utf8')).toBe('first')
  await receive(upload(Readable.from([Buffer.from('second')])), path)
  expect(readFileSync(path, 'utf8')).toBe('second')
})

test('what a power cut left is written over', async () => {
  const path = place()
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.part`, 'x'.repeat(1000))
  await receive(upload(Readable.from([Buffer.from('new')])), path)
  expect(readFileSync(path, 'utf8')).toBe('new')
  expect(left(path)).toEqual(['upload.bootcfg-update'])
})

test('more than an update can have is refused, before it is read where its length is known', async () => {
  const path = place()
  let isRead = false
  const announced = new Readable({ read: () => void (isRead = true) })
  expect(await receive(upload(announced, UPDATE_BYTES_MAX + 1), path)).toMatchObject({ why: 'too-large' })
  expect(isRead).toBe(false)
  const chunk = Buffer.alloc(8 << 20)
  function* endless() {
    for (;;) yield chunk
  }
  const body = Readable.from(endless())
  expect(await receive(upload(body), path)).toMatchObject({ why: 'too-large' })
  expect(left(path)).toEqual([])
  expect(body.destroyed).toBe(false) // who sends it is to hear why
  body.destroy()
})

function mounted(context: TestContext, options: string): string {
  require(context, [['mount', 'mount']])
  if (process.getuid?.() !== 0) skip(context, 'needs root, to mount a file system')
  const folder = temporaryFolder()
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder.path])
  onTestFinished(() => {
    execFileSync('umount', [folder.path])
    folder[Symbol.dispose]()
  })
  return folder.path
}

test('a partition that is full says so, whether the length is known or not, and has its room back', async (context) => {
  const path = join(mounted(context, 'size=1m'), 'updates/x')
  const bytes = Buffer.alloc(2 << 20)
  const full = { received: false, why: 'full', reason: expect.stringContaining('remove files') as string }
  expect(await receive(upload(Readable.from([bytes]), bytes.length), path)).toEqual(full)
  expect(await receive(upload(Readable.from([bytes])), path)).toEqual(full)
  expect(await receive(upload(Readable.from([bytes.subarray(0, 900_000)])), path)).toMatchObject({ received: true })
})

test('a partition that cannot be written says so', async (context) => {
  const path = join(mounted(context, 'ro'), 'updates/x')
  expect(await receive(upload(Readable.from([Buffer.from('x')])), path)).toEqual({
    received: false,
    why: 'unwritable',
    reason: 'the data partition cannot be written (read-only file system): the console says what is wrong with it',
  })
})
