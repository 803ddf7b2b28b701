import { randomBytes } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { require } from '../support/requirements.ts'
import { Key, Mirror, run, start, TOOLS } from './mirror.ts'
import type { Outcome } from './mirror.ts'

const KERNEL = 'flatcar_production_pxe.vmlinuz'
const INITRD = 'flatcar_production_pxe_image.cpio.gz'
const IMAGE = 'flatcar_production_image.bin.bz2'
const VERSION = '4230.2.4'
const contents = randomBytes(300_000)

const key = new Key()
const other = new Key()
let mirror: Mirror
let folder: string // temporary; the assets folder is `assets` in it

afterAll(() => {
  key.forget()
  other.forget()
})
beforeEach(async (context) => {
  mirror = await Mirror.start()
  folder = mkdtempSync(join(tmpdir(), 'get-flatcar-'))
  require(context, TOOLS)
  writeFileSync(join(folder, 'key.asc'), key.public)
  release(VERSION)
})
afterEach(async () => {
  await mirror.stop()
  rmSync(folder, { recursive: true })
})

/** Put a release on the mirror, and let `current` be it. */
function release(version: string, signer = key): void {
  for (const [path, base] of [
    [`/${version}`, contents],
    ['/current', contents],
  ] as const) {
    mirror.put(
      `${path}/version.txt`,
      `FLATCAR_BUILD=4230\nFLATCAR_VERSION=${version}\nFLATCAR_SDK_VERSION="4230.0.0"\n`,
    )
    for (const [at, file] of [KERNEL, INITRD, IMAGE].entries()) {
      const bytes = Buffer.concat([Buffer.from(`${version} ${file} ${at}\n`), base])
      mirror.put(`${path}/${file}`, bytes)
      mirror.put(`${path}/${file}.sig`, signer.sign(bytes))
    }
  }
}

function options(...more: string[]): string[] {
  return [
    'stable',
    'current',
    join(folder, 'assets'),
    '--mirror',
    mirror.url,
    '--key',
    join(folder, 'key.asc'),
    ...more,
  ]
}

function get(...more: string[]): Promise<Outcome> {
  return run('get-flatcar', options('--fingerprint', key.fingerprint, ...more))
}

const at = (...parts: string[]): string => join(folder, 'assets/flatcar', ...parts)
const fetched = (file: string): Buffer => readFileSync(at('current', file))
const served = (file: string): Buffer => mirror.files.get(`/${VERSION}/${file}`)!

/** Nothing under a final name, no part, no link. */
function expectNothing(): void {
  expect(existsSync(at('current'))).toBe(false)
  if (existsSync(at(VERSION))) expect(readdirSync(at(VERSION)).filter((name) => !name.endsWith('.sig'))).toEqual([])
}

describe('a good mirror', () => {
  test('gives kernel and initrd with their signatures, and current leads to them', async () => {
    const outcome = await get()
    expect(outcome).toMatchObject({ status: 0 })
    expect(readlinkSync(at('current'))).toBe(VERSION)
    expect(readdirSync(at(VERSION)).toSorted()).toEqual([
      KERNEL,
      `${KERNEL}.sig`,
      INITRD,
      `${INITRD}.sig`,
      'version.txt',
    ])
    expect(fetched(KERNEL)).toEqual(served(KERNEL))
    expect(fetched(INITRD)).toEqual(served(INITRD))
    expect(fetched('version.txt').toString()).toContain(`FLATCAR_VERSION=${VERSION}\n`)
  })

  test('what is there already is verified and not fetched again', async () => {
    await get()
    const before = statSync(at(VERSION, INITRD))
    const outcome = await get()
    expect(outcome).toMatchObject({ status: 0 })
    expect(outcome.said).toContain(`${KERNEL}: already there, verified`)
    expect(outcome.said).toContain(`${INITRD}: already there, verified`)
    expect(mirror.requestsFor(`/${VERSION}/${INITRD}`)).toHaveLength(1)
    expect(statSync(at(VERSION, INITRD))).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs })
  })

  test('--install fetches the image for flatcar-install as well', async () => {
    expect(await get('--install')).toMatchObject({ status: 0 })
    expect(fetched(IMAGE)).toEqual(served(IMAGE))
    expect(fetched(`${IMAGE}.sig`)).toEqual(mirror.files.get(`/${VERSION}/${IMAGE}.sig`))
  })

  test('a new version is put beside the old one, and current moves', async () => {
    await get()
    release('4230.2.5')
    expect(await get()).toMatchObject({ status: 0 })
    expect(readlinkSync(at('current'))).toBe('4230.2.5')
    expect(existsSync(at(VERSION, KERNEL))).toBe(true)
  })

  test('a version that is asked for by number is fetched, whatever is current', async () => {
    release('4459.0.0')
    const outcome = await run('get-flatcar', options('--fingerprint', key.fingerprint).with(1, VERSION))
    expect(outcome).toMatchObject({ status: 0 })
    expect(readlinkSync(at('current'))).toBe(VERSION)
  })

  test('arm64 goes to a folder of its own', async () => {
    expect(await get('--arch', 'arm64')).toMatchObject({ status: 0 })
    expect(readlinkSync(join(folder, 'assets/flatcar-arm64/current'))).toBe(VERSION)
  })

  test('the mirror can be named by a variable, and the key by an address', async () => {
    mirror.put('/key.asc', key.public)
    const args = ['stable', 'current', join(folder, 'assets'), '--key', `${mirror.url}/key.asc`]
    const outcome = await run('get-flatcar', [...args, '--fingerprint', key.fingerprint], {
      FLATCAR_MIRROR: `${mirror.url}/`,
    })
    expect(outcome).toMatchObject({ status: 0 })
  })
})

describe('a bad line', () => {
  test('a connection that is cut off is taken up where it ended', async () => {
    const after = { do: 'cut', after: 100_000 } as const
    mirror.trouble(`/${VERSION}/${INITRD}`, after, after)
    expect(await get()).toMatchObject({ status: 0 })
    expect(fetched(INITRD)).toEqual(served(INITRD))
    const [whole, first, second] = mirror.requestsFor(`/${VERSION}/${INITRD}`)
    expect(whole).toBe(`/${VERSION}/${INITRD}`)
    expect(first).toMatch(/ bytes=\d+-$/)
    expect(second).toMatch(/ bytes=\d+-$/)
  })

  test('more cuts than attempts do not matter as long as each brings something', async () => {
    mirror.trouble(
      `/${VERSION}/${INITRD}`,
      ...Array.from({ length: 12 }, () => ({ do: 'cut', after: 20_000 }) as const),
    )
    expect(await get()).toMatchObject({ status: 0 })
    expect(fetched(INITRD)).toEqual(served(INITRD))
  })

  test('a connection that stalls is given up and taken up again', async () => {
    mirror.trouble(`/${VERSION}/${KERNEL}`, { do: 'stall', after: 50_000 })
    expect(await get()).toMatchObject({ status: 0 })
    expect(fetched(KERNEL)).toEqual(served(KERNEL))
  })

  test('a slow server is waited for', async () => {
    mirror.trouble(`/${VERSION}/${KERNEL}`, { do: 'drip', bytes: 20_000, everyMs: 100 })
    expect(await get()).toMatchObject({ status: 0 })
    expect(mirror.requestsFor(`/${VERSION}/${KERNEL}`)).toHaveLength(1)
  })

  test('a server that cannot resume is asked for the whole file again', async () => {
    mirror.trouble(`/${VERSION}/${KERNEL}`, { do: 'cut', after: 50_000 }, { do: 'ignore-range' })
    expect(await get()).toMatchObject({ status: 0 })
    expect(fetched(KERNEL)).toEqual(served(KERNEL))
  })

  test('a server that is busy for a moment is asked again', async () => {
    mirror.trouble(`/${VERSION}/${KERNEL}`, { do: 'answer', status: 503 }, { do: 'answer', status: 429 })
    expect(await get()).toMatchObject({ status: 0 })
  })

  test('a server that stays broken is named, with its answer', async () => {
    mirror.trouble(
      `/${VERSION}/${KERNEL}`,
      ...Array.from({ length: 9 }, () => ({ do: 'answer', status: 503 }) as const),
    )
    const outcome = await get()
    expect(outcome.status).toBe(1)
    expect(outcome.said).toContain(`${mirror.url}/${VERSION}/${KERNEL}: the server answered HTTP 503`)
    expect(existsSync(at('current'))).toBe(false)
  })

  test('a server that cannot be reached is named', async () => {
    await mirror.stop()
    const outcome = await get()
    expect(outcome.status).toBe(1)
    expect(outcome.said).toMatch(/current\/version\.txt: .*onnect/)
  })

  test('a run that is interrupted leaves no file under its final name; the next goes on from there', async () => {
    mirror.trouble(`/${VERSION}/${KERNEL}`, { do: 'stall', after: 200_000 })
    const first = start('get-flatcar', options('--fingerprint', key.fingerprint), { FETCH_STALL_SECONDS: '60' })
    const part = at(VERSION, `${KERNEL}.part`)
    await vi.waitUntil(() => existsSync(part) && statSync(part).size > 100_000, { timeout: 10_000, interval: 20 })
    first.interrupt()
    expect((await first.ended).status).not.toBe(0)
    expect(readdirSync(at(VERSION))).toEqual([`${KERNEL}.part`])
    expect(existsSync(at('current'))).toBe(false)

    const outcome = await get()
    expect(outcome).toMatchObject({ status: 0 })
    expect(outcome.said).toContain(`${KERNEL}: going on after`)
    expect(mirror.requestsFor(`/${VERSION}/${KERNEL}`)[1]).toMatch(/ bytes=1\d{5}-$/)
    expect(fetched(KERNEL)).toEqual(served(KERNEL))
  })

  test.each([
    ['is of another file', Buffer.alloc(1000, 'x')],
    ['is longer than the file', Buffer.alloc(400_000, 'x')],
  ])('a part that %s is thrown away, and the file fetched whole', async (_name, part) => {
    mkdirSync(at(VERSION), { recursive: true })
    writeFileSync(at(VERSION, `${KERNEL}.part`), part)
    expect(await get()).toMatchObject({ status: 0 })
    expect(mirror.requestsFor(`/${VERSION}/${KERNEL}`)).toHaveLength(2)
    expect(fetched(KERNEL)).toEqual(served(KERNEL))
  })

  test('a part that lacks nothing is taken as it is', async () => {
    mkdirSync(at(VERSION), { recursive: true })
    writeFileSync(at(VERSION, `${KERNEL}.part`), served(KERNEL))
    expect(await get()).toMatchObject({ status: 0 })
    expect(mirror.requestsFor(`/${VERSION}/${KERNEL}`)).toEqual([])
    expect(fetched(KERNEL)).toEqual(served(KERNEL))
  })
})

describe('what is not right is not kept', () => {
  test('contents that were changed', async () => {
    mirror.put(`/${VERSION}/${KERNEL}`, Buffer.concat([served(KERNEL), Buffer.from('!')]))
    const outcome = await get()
    expect(outcome.status).toBe(1)
    expect(outcome.said).toContain(`${mirror.url}/${VERSION}/${KERNEL}: wrong signature: the contents were changed`)
    expectNothing()
  })

  test('a signature by another key', async () => {
    mirror.put(`/${VERSION}/${KERNEL}.sig`, other.sign(served(KERNEL)))
    const outcome = await get()
    expect(outcome.status).toBe(1)
    expect(outcome.said).toContain('signed by a key that is not trusted')
    expectNothing()
  })

  test('another key, also when it came with the trusted one', async () => {
    writeFileSync(join(folder, 'key.asc'), Buffer.concat([key.public, other.public]))
    mirror.put(`/${VERSION}/${KERNEL}.sig`, other.sign(served(KERNEL)))
    const outcome = await get()
    expect(outcome.status).toBe(1)
    expect(outcome.said).toContain('signed by a key that is not trusted')
    expectNothing()
  })

  test('something that is no signature', async () => {
    mirror.put(`/${VERSION}/${KERNEL}.sig`, '<html>Please log in</html>')
    const outcome = await get()
    expect(outcome.status).toBe(1)
    expect(outcome.said).toContain('no usable signature')
    expectNothing()
  })

  test('a key file without a pinned key: nothing is fetched', async () => {
    const outcome = await run('get-flatcar', options())
    expect(outcome.status).toBe(1)
    expect(outcome.said).toContain('holds none of the keys this script trusts')
    expect(mirror.requests).toEqual(['/current/version.txt'])
  })

  test('an expired key, unless it is allowed', async () => {
    const old = new Key(2020)
    try {
      writeFileSync(join(folder, 'key.asc'), old.public)
      release(VERSION, old)
      const refused = await run('get-flatcar', options('--fingerprint', old.fingerprint))
      expect(refused.status).toBe(1)
      expect(refused.said).toContain('its signing key has expired')
      expectNothing()
      const taken = await run('get-flatcar', options('--fingerprint', old.fingerprint, '--allow-expired-key'))
      expect(taken).toMatchObject({ status: 0 })
    } finally {
      old.forget()
    }
  })

  test('a file that was damaged on disk is fetched again', async () => {
    await get()
    writeFileSync(at(VERSION, KERNEL), 'damaged')
    const outcome = await get()
    expect(outcome).toMatchObject({ status: 0 })
    expect(outcome.said).toContain('is not what it should be')
    expect(fetched(KERNEL)).toEqual(served(KERNEL))
  })

  test('a damaged file stays where it is while nothing better can be had', async () => {
    await get()
    writeFileSync(at(VERSION, KERNEL), 'damaged')
    mirror.trouble(`/${VERSION}/${KERNEL}`, { do: 'answer', status: 404 })
    expect(await get()).toMatchObject({ status: 1 })
    expect(fetched(KERNEL).toString()).toBe('damaged')
  })

  test.each(['../../../etc', '.', '', '-rf', 'a b'])('a version named "%s"', async (version) => {
    mirror.put('/current/version.txt', `FLATCAR_VERSION=${version}\n`)
    const outcome = await get()
    expect(outcome.status).toBe(1)
    expect(outcome.said).toContain('is no plain name')
    expect(existsSync(join(folder, 'assets'))).toBe(false)
  })

  test('a version that calls itself another', async () => {
    mirror.put(`/${VERSION}/version.txt`, 'FLATCAR_VERSION=1.2.3\n')
    const outcome = await run('get-flatcar', options('--fingerprint', key.fingerprint).with(1, VERSION))
    expect(outcome.status).toBe(1)
    expect(outcome.said).toContain('version.txt says 1.2.3')
  })
})

describe('what the person is told', () => {
  test('a version that does not exist: where it was looked for, and where versions are listed', async () => {
    const outcome = await run('get-flatcar', options('--fingerprint', key.fingerprint).with(1, '1.2.3'))
    expect(outcome.status).toBe(1)
    expect(outcome.said).toBe(
      `get-flatcar: ${mirror.url}/1.2.3/version.txt: not there (HTTP 404)\n` +
        '  is there a version 1.2.3 in channel stable? https://www.flatcar.org/releases lists them\n',
    )
  })

  test('tools that are missing, all at once, with their packages', async () => {
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    for (const tool of ['bash', 'dirname', 'flock']) symlinkSync(whereIs(tool), join(bin, tool))
    const outcome = await run('get-flatcar', options(), { PATH: bin })
    expect(outcome).toEqual({
      status: 1,
      said: 'get-flatcar: missing: curl gpg gpgv\n  on Debian, as root: apt-get install curl gpg gpgv\n',
    })
  })

  test('a second run in the same folder is told of the first', async () => {
    mirror.trouble(`/${VERSION}/${KERNEL}`, { do: 'stall', after: 10 })
    const first = start('get-flatcar', options('--fingerprint', key.fingerprint), { FETCH_STALL_SECONDS: '60' })
    await vi.waitUntil(() => existsSync(at(VERSION, `${KERNEL}.part`)), { timeout: 10_000, interval: 20 })
    const second = await get()
    expect(second.status).toBe(1)
    expect(second.said).toContain('another run is at work')
    first.interrupt()
    await first.ended
  })

  test('a folder that cannot be made', async () => {
    const outcome = await run('get-flatcar', options('--fingerprint', key.fingerprint).with(2, '/dev/null/assets'))
    expect(outcome.status).toBe(1)
    expect(outcome.said).toContain('cannot make the folder /dev/null/assets/flatcar')
  })

  test.each([
    [['--nonsense'], 'unknown option --nonsense'],
    [['--mirror'], '--mirror needs a value'],
    [['nightly'], 'no such channel: nightly'],
    [['--arch', 'mips'], 'no such ARCH: mips'],
    [['stable', 'current', 'assets', 'more'], 'too many arguments'],
  ])('wrong usage %j: exit status 2', async (args, message) => {
    const outcome = await run('get-flatcar', args)
    expect(outcome.status).toBe(2)
    expect(outcome.said).toContain(message)
  })

  test('--help', async () => {
    const outcome = await run('get-flatcar', ['--help'])
    expect(outcome).toMatchObject({ status: 0 })
    expect(outcome.said).toContain('Usage: scripts/get-flatcar [CHANNEL] [VERSION] [DEST]')
  })
})

test('get-coreos says that CoreOS is gone and what carries it on', async () => {
  const outcome = await run('get-coreos', ['stable', '899.6.0'])
  expect(outcome.status).toBe(1)
  expect(outcome.said).toContain('scripts/get-flatcar')
})

/** The path of a tool, as the shell finds it. */
function whereIs(tool: string): string {
  const found = process.env['PATH']!.split(':')
    .map((dir) => join(dir, tool))
    .find((path) => lstatSync(path, { throwIfNoEntry: false }))
  if (found === undefined) throw new Error(`${tool} is not on the PATH`)
  return found
}
