import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'

import { require } from '../support/requirements.ts'
import { Key, Mirror, run, TOOLS } from './mirror.ts'
import type { Outcome } from './mirror.ts'

const VERSION = '20250803+deb13u7'
const RELEASE = '/dists/trixie/InRelease'
const IMAGES = '/dists/trixie/main/installer-amd64/current/images'
const NETBOOT = `${IMAGES}/netboot/debian-installer/amd64`

const key = new Key()
const other = new Key()
let mirror: Mirror
let folder: string

afterAll(() => {
  key.forget()
  other.forget()
})
beforeEach(async (context) => {
  mirror = await Mirror.start()
  folder = mkdtempSync(join(tmpdir(), 'get-debian-'))
  require(context, TOOLS)
  writeFileSync(join(folder, 'keyring.asc'), key.public)
  mirror.put(RELEASE, key.clearsign(release(VERSION)))
})
afterEach(async () => {
  await mirror.stop()
  rmSync(folder, { recursive: true })
})

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')

/** Put an installer on the mirror. Gives the text of the Release file that leads to it. */
function release(version: string, codename = 'trixie'): string {
  const sums = ['linux', 'initrd.gz'].map((file) => {
    const bytes = Buffer.concat([Buffer.from(`${version} ${file}\n`), randomBytes(50_000)])
    mirror.put(`${NETBOOT}/${file}`, bytes)
    return `${sha256(bytes)}  ./netboot/debian-installer/amd64/${file}\n`
  })
  // a second build of the same files, as in the real list: the path decides
  const text = [`${sha256('gtk')}  ./netboot/gtk/debian-installer/amd64/linux\n`, ...sums].join('')
  mirror.put(`${IMAGES}/SHA256SUMS`, text)
  const entry = (at: string, of: string): string =>
    ` ${sha256(of)} ${of.length} main/installer-amd64/${at}/images/SHA256SUMS\n`
  return (
    `Origin: Debian\nSuite: stable\nCodename: ${codename}\nMD5Sum:\n ${'0'.repeat(32)} 3 main/installer-amd64/current/images/SHA256SUMS\n` +
    `SHA256:\n${entry('20250803', 'the first build')}${entry(version, text)}${entry('current', text)}`
  )
}

function get(...more: string[]): Promise<Outcome> {
  const args = ['trixie', 'amd64', join(folder, 'assets'), '--mirror', mirror.url]
  return run('get-debian', [...args, '--key', join(folder, 'keyring.asc'), ...more])
}

const at = (...parts: string[]): string => join(folder, 'assets/debian/trixie/amd64', ...parts)

describe('a good mirror', () => {
  test("gives the installer's kernel and initrd, in a folder named by the installer's version", async () => {
    expect(await get()).toMatchObject({ status: 0 })
    expect(readlinkSync(at('current'))).toBe(VERSION)
    expect(readdirSync(at(VERSION)).toSorted()).toEqual(['initrd.gz', 'linux'])
    expect(readFileSync(at('current/linux'))).toEqual(mirror.files.get(`${NETBOOT}/linux`))
    expect(readFileSync(at('current/initrd.gz'))).toEqual(mirror.files.get(`${NETBOOT}/initrd.gz`))
  })

  test('what is there already is verified and not fetched again', async () => {
    await get()
    const outcome = await get()
    expect(outcome).toMatchObject({ status: 0 })
    expect(outcome.said).toContain('linux: already there, verified')
    expect(outcome.said).toContain('initrd.gz: already there, verified')
    expect(mirror.requestsFor(`${NETBOOT}/initrd.gz`)).toHaveLength(1)
  })

  test('a point release is put beside the one before, and current moves', async () => {
    await get()
    mirror.put(RELEASE, key.clearsign(release('20250803+deb13u8')))
    expect(await get()).toMatchObject({ status: 0 })
    expect(readlinkSync(at('current'))).toBe('20250803+deb13u8')
    expect(existsSync(at(VERSION, 'linux'))).toBe(true)
  })

  test('a connection that is cut off is taken up where it ended', async () => {
    mirror.trouble(`${NETBOOT}/initrd.gz`, { do: 'cut', after: 20_000 })
    expect(await get()).toMatchObject({ status: 0 })
    expect(mirror.requestsFor(`${NETBOOT}/initrd.gz`)[1]).toMatch(/ bytes=\d+-$/)
  })

  test('a release that two keys signed, one of them newer than the keyring, is accepted', async () => {
    mirror.put(RELEASE, other.clearsignWith(key, release(VERSION)))
    expect(await get()).toMatchObject({ status: 0 })
  })
})

describe('what is not right is not kept', () => {
  test('a release that only an unknown key signed', async () => {
    mirror.put(RELEASE, other.clearsign(release(VERSION)))
    const outcome = await get()
    expect(outcome.status).toBe(1)
    expect(outcome.said).toContain(`${mirror.url}${RELEASE}: signed by a key that is not trusted`)
    expect(outcome.said).toContain('debian-archive-keyring')
  })

  test('a release that was changed after it was signed', async () => {
    const text = mirror.files.get(RELEASE)!.toString().replace('Origin: Debian', 'Origin: Nowhere')
    mirror.put(RELEASE, text)
    const outcome = await get()
    expect(outcome.status).toBe(1)
    expect(outcome.said).toContain('wrong signature: the contents were changed')
  })

  test('a release without a signature', async () => {
    mirror.put(RELEASE, release(VERSION))
    const outcome = await get()
    expect(outcome.status).toBe(1)
    expect(outcome.said).toContain('no usable signature')
  })

  test.each(['before', 'after'])('checksums that stand %s the signed part do not count', async (place) => {
    const signed = mirror.files.get(RELEASE)!.toString()
    const forged = release('20990101')
    mirror.put(RELEASE, place === 'before' ? `${forged}\n${signed}` : `${signed}\n${forged}`)
    const outcome = await get()
    expect(outcome.status).toBe(1)
    expect(existsSync(join(folder, 'assets'))).toBe(false)
  })

  test('the release of another name', async () => {
    mirror.put(RELEASE, key.clearsign(release(VERSION, 'bookworm')))
    const outcome = await get()
    expect(outcome.status).toBe(1)
    expect(outcome.said).toContain('InRelease is that of bookworm')
  })

  test('a list of checksums that the release does not vouch for', async () => {
    mirror.put(`${IMAGES}/SHA256SUMS`, `${mirror.files.get(`${IMAGES}/SHA256SUMS`)!.toString()}\n`)
    const outcome = await get()
    expect(outcome.status).toBe(1)
    expect(outcome.said).toContain(`${IMAGES}/SHA256SUMS: wrong checksum (sha256)`)
  })

  test('a file that the list does not vouch for', async () => {
    mirror.put(`${NETBOOT}/initrd.gz`, 'something else')
    const outcome = await get()
    expect(outcome.status).toBe(1)
    expect(outcome.said).toContain(`${mirror.url}${NETBOOT}/initrd.gz: wrong checksum (sha256); nothing of it was kept`)
    expect(readdirSync(at(VERSION))).toEqual(['linux'])
    expect(existsSync(at('current'))).toBe(false)
  })
})

describe('what the person is told', () => {
  test('a release without an installer for the processor', async () => {
    const outcome = await run('get-debian', [
      'trixie',
      'm68k',
      join(folder, 'assets'),
      '--mirror',
      mirror.url,
      '--key',
      join(folder, 'keyring.asc'),
    ])
    expect(outcome.status).toBe(1)
    expect(outcome.said).toContain('trixie has no installer for m68k')
  })

  test('a keyring that is not there: the package that brings it', async () => {
    const outcome = await get('--key', join(folder, 'absent.gpg'))
    expect(outcome.status).toBe(1)
    expect(outcome.said).toContain('cannot read the keys')
    expect(outcome.said).toContain('apt-get install debian-archive-keyring')
  })

  test.each([
    [['--nonsense'], 'unknown option --nonsense'],
    [['--mirror'], '--mirror needs a value'],
    [['../etc'], 'no code name: ../etc'],
    [['trixie', '../etc'], 'no such ARCH: ../etc'],
  ])('wrong usage %j: exit status 2', async (args, message) => {
    const outcome = await run('get-debian', args)
    expect(outcome.status).toBe(2)
    expect(outcome.said).toContain(message)
  })
})
