import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'

import { require } from '../support/requirements.ts'
import { Key, Mirror, run, TOOLS } from './mirror.ts'
import type { Outcome } from './mirror.ts'

const UPSTREAM = 'https://builds.coreos.fedoraproject.org'
const VERSION = '44.20261102.3.0'
const FILES = { kernel: 'kernel', initramfs: 'initramfs.img', rootfs: 'rootfs.img' } as const

const key = new Key()
let mirror: Mirror
let folder: string

afterAll(() => key.forget())
beforeEach(async (context) => {
  mirror = await Mirror.start()
  folder = mkdtempSync(join(tmpdir(), 'get-fcos-'))
  require(context, TOOLS)
  writeFileSync(join(folder, 'fedora.gpg'), key.public)
  release(VERSION)
})
afterEach(async () => {
  await mirror.stop()
  rmSync(folder, { recursive: true })
})

const pathOf = (version: string, name: string): string =>
  `/prod/streams/stable/builds/${version}/x86_64/fedora-coreos-${version}-live-${name}.x86_64`

/** The network boot files of a release as both documents describe them, put on the mirror. */
function pxe(version: string): object {
  const entries = Object.keys(FILES).map((name) => {
    const bytes = Buffer.concat([Buffer.from(`${version} ${name}\n`), randomBytes(50_000)])
    const path = pathOf(version, name)
    mirror.put(path, bytes)
    mirror.put(`${path}.sig`, key.sign(bytes))
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return [name, { location: UPSTREAM + path, signature: `${UPSTREAM}${path}.sig`, sha256 }] as const
  })
  return Object.fromEntries(entries)
}

/** Put a release on the mirror, and make it the stream's current one. */
function release(version: string): void {
  const files = pxe(version)
  const metal = { release: version, formats: { pxe: files, iso: {} } }
  mirror.put(
    '/streams/stable.json',
    JSON.stringify({ stream: 'stable', architectures: { x86_64: { artifacts: { metal } } } }),
  )
  const media = { metal: { artifacts: { pxe: files } } }
  mirror.put(
    `/prod/streams/stable/builds/${version}/release.json`,
    JSON.stringify({ release: version, stream: 'stable', architectures: { x86_64: { media } } }),
  )
}

function get(version = 'current', ...more: string[]): Promise<Outcome> {
  const args = ['stable', version, join(folder, 'assets'), '--mirror', mirror.url, '--key', join(folder, 'fedora.gpg')]
  return run('get-fedora-coreos', [...args, '--fingerprint', key.fingerprint, ...more])
}

const at = (...parts: string[]): string => join(folder, 'assets/fedora-coreos', ...parts)

test("the stream's current release: kernel, initramfs and rootfs under names that stay", async () => {
  expect(await get()).toMatchObject({ status: 0 })
  expect(readlinkSync(at('current'))).toBe(VERSION)
  expect(readdirSync(at(VERSION)).toSorted()).toEqual([
    'initramfs.img',
    'initramfs.img.sig',
    'kernel',
    'kernel.sig',
    'rootfs.img',
    'rootfs.img.sig',
  ])
  for (const [name, file] of Object.entries(FILES)) {
    expect(readFileSync(at('current', file))).toEqual(mirror.files.get(pathOf(VERSION, name)))
  }
})

test('a release by its number, whatever is current', async () => {
  release('44.20261116.3.0')
  expect(await get(VERSION)).toMatchObject({ status: 0 })
  expect(readlinkSync(at('current'))).toBe(VERSION)
  expect(mirror.requests).not.toContain('/streams/stable.json')
})

test('what is there already is verified and not fetched again', async () => {
  await get()
  const outcome = await get()
  expect(outcome).toMatchObject({ status: 0 })
  for (const file of Object.values(FILES)) expect(outcome.said).toContain(`${file}: already there, verified`)
  expect(mirror.requestsFor(pathOf(VERSION, 'rootfs'))).toHaveLength(1)
})

test('a connection that is cut off is taken up where it ended', async () => {
  mirror.trouble(pathOf(VERSION, 'rootfs'), { do: 'cut', after: 20_000 })
  expect(await get()).toMatchObject({ status: 0 })
  expect(mirror.requestsFor(pathOf(VERSION, 'rootfs'))[1]).toMatch(/ bytes=\d+-$/)
})

test('a file that is signed but is not the one that the metadata means is refused', async () => {
  mirror.put(pathOf(VERSION, 'rootfs'), mirror.files.get(pathOf(VERSION, 'kernel'))!)
  mirror.put(`${pathOf(VERSION, 'rootfs')}.sig`, mirror.files.get(`${pathOf(VERSION, 'kernel')}.sig`)!)
  const outcome = await get()
  expect(outcome.status).toBe(1)
  expect(outcome.said).toContain('wrong checksum (sha256)')
  expect(existsSync(at(VERSION, 'rootfs.img'))).toBe(false)
  expect(existsSync(at('current'))).toBe(false)
})

test('a file that the metadata means but that another key signed is refused', async () => {
  const other = new Key()
  try {
    mirror.put(`${pathOf(VERSION, 'kernel')}.sig`, other.sign(mirror.files.get(pathOf(VERSION, 'kernel'))!))
  } finally {
    other.forget()
  }
  const outcome = await get()
  expect(outcome.status).toBe(1)
  expect(outcome.said).toContain('signed by a key that is not trusted')
  expect(existsSync(at(VERSION, 'kernel'))).toBe(false)
})

test('keys without a pinned one are refused', async () => {
  const args = [
    'stable',
    'current',
    join(folder, 'assets'),
    '--mirror',
    mirror.url,
    '--key',
    join(folder, 'fedora.gpg'),
  ]
  const outcome = await run('get-fedora-coreos', args)
  expect(outcome.status).toBe(1)
  expect(outcome.said).toContain('holds none of the keys this script trusts')
})

test.each([
  ['is no JSON', '<html>'],
  ['is empty', ''],
  ['knows no such processor', '{"architectures":{"aarch64":{}}}'],
  ['has no version', '{"architectures":{"x86_64":{"artifacts":{"metal":{"formats":{"pxe":{}}}}}}}'],
])('metadata that %s', async (_name, json) => {
  mirror.put('/streams/stable.json', json)
  const outcome = await get()
  expect(outcome.status).toBe(1)
  expect(outcome.said).toContain(`${mirror.url}/streams/stable.json names no network boot files for x86_64`)
})

test('metadata that lacks a file', async () => {
  const metal = { release: VERSION, formats: { pxe: { kernel: {} } } }
  mirror.put('/streams/stable.json', JSON.stringify({ architectures: { x86_64: { artifacts: { metal } } } }))
  const outcome = await get()
  expect(outcome.status).toBe(1)
  expect(outcome.said).toContain('has no location for kernel')
})

test('metadata whose version would leave the folder', async () => {
  const metal = { release: '../../../etc', formats: { pxe: pxe(VERSION) } }
  mirror.put('/streams/stable.json', JSON.stringify({ architectures: { x86_64: { artifacts: { metal } } } }))
  const outcome = await get()
  expect(outcome.status).toBe(1)
  expect(outcome.said).toContain('is no plain name')
})

test('a location that is no web address', async () => {
  const file = { location: 'file:///etc/passwd', signature: `${UPSTREAM}${pathOf(VERSION, 'kernel')}.sig`, sha256: 'x' }
  const metal = { release: VERSION, formats: { pxe: { kernel: file } } }
  mirror.put('/streams/stable.json', JSON.stringify({ architectures: { x86_64: { artifacts: { metal } } } }))
  const outcome = await get()
  expect(outcome.status).toBe(1)
  expect(outcome.said).toContain('an address starts with http:// or https://')
})

test('a release that does not exist: where it was looked for, and where releases are listed', async () => {
  const outcome = await get('1.2.3')
  expect(outcome).toEqual({
    status: 1,
    said:
      `get-fedora-coreos: ${mirror.url}/prod/streams/stable/builds/1.2.3/release.json: not there (HTTP 404)\n` +
      '  is there a version 1.2.3 in stream stable? https://fedoraproject.org/coreos/release-notes lists them\n',
  })
})

test.each([
  [['--nonsense'], 'unknown option --nonsense'],
  [['--key'], '--key needs a value'],
  [['rawhide'], 'no such stream: rawhide'],
  [['--arch', 'amd64'], 'no such ARCH: amd64'],
])('wrong usage %j: exit status 2', async (args, message) => {
  const outcome = await run('get-fedora-coreos', args)
  expect(outcome.status).toBe(2)
  expect(outcome.said).toContain(message)
})
