/**
 * TFTP clients of other people fetch files from our server, also over a wire that loses packets.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, onTestFinished, test } from 'vitest'

import { require, type Requirement } from '../support/requirements.ts'
import { type Fates, openRelay } from '../tftp/lossy-relay.ts'
import { randomFrom } from '../tftp/random.ts'
import { openRoom } from '../tftp/room.ts'

interface Program {
  readonly requirement: Requirement
  /** It has no option for the size of blocks. */
  readonly asksFor512?: true
  /** It fails with every server when a file is empty. */
  readonly failsOnEmpty?: true
  /** @returns what fetches `remote` into the file `local`; `~` is a space within a word */
  readonly command: (port: number, remote: string, local: string, blockBytes: number) => string
}

const HOST = '127.0.0.1'

const programs: Record<string, Program> = {
  'tftp-hpa': {
    requirement: ['tftp', 'tftp-hpa'],
    asksFor512: true,
    command: (port, remote, local) => `tftp -m binary ${HOST} ${port} -c get ${remote} ${local}`,
  },
  atftp: {
    requirement: ['atftp', 'atftp'],
    command: (port, remote, local, blockBytes) =>
      `atftp --option blksize~${blockBytes} --option tsize~0 --tftp-timeout 1 -g -r ${remote} -l ${local} ${HOST} ${port}`,
  },
  curl: {
    requirement: ['curl', 'curl'],
    failsOnEmpty: true,
    command: (port, remote, local, blockBytes) =>
      `curl -sS --tftp-blksize ${blockBytes} -o ${local} tftp://${HOST}:${port}/${remote}`,
  },
  'busybox tftp': {
    requirement: ['busybox', 'busybox'],
    command: (port, remote, local, blockBytes) =>
      `busybox tftp -b ${blockBytes} -g -r ${remote} -l ${local} ${HOST} ${port}`,
  },
}

const run = promisify(execFile)

/** Of tftp2, which has no types. */
interface Tftp2Client {
  read(file: string, push: (part: Uint8Array) => void, done: () => void): Promise<void>
  close(): void
}
const tftp2 = createRequire(import.meta.url)('tftp2') as (host: string, port: number) => Tftp2Client

async function fetchBy(program: Program, port: number, remote: string, blockBytes: number): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'bootcfg-tftp-client-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const local = join(folder, 'fetched')
  const words = program.command(port, remote, local, blockBytes).split(' ')
  const [command, ...args] = words.map((word) => word.replaceAll('~', ' '))
  const { stdout, stderr } = await run(command!, args, { cwd: folder, timeout: 110_000 })
  try {
    return readFileSync(local)
  } catch {
    throw new Error(`${command} fetched nothing: ${stdout}${stderr}`)
  }
}

const SIZES = [0, 1, 1467, 1468, 1469, 200_000]

for (const [name, program] of Object.entries(programs)) {
  test(`${name} fetches files of many sizes with blocks of many sizes`, async (context) => {
    require(context, [program.requirement])
    const sizes = SIZES.filter((size) => size > 0 || program.failsOnEmpty !== true)
    const blockSizes = program.asksFor512 === true ? [512] : [512, 1001, 1468]
    const files = Object.fromEntries(sizes.map((size) => [`f${size}`, randomBytes(size)]))
    const room = await openRoom(files)
    for (const [file, bytes] of Object.entries(files)) {
      for (const blockBytes of blockSizes) {
        expect((await fetchBy(program, room.port, file, blockBytes)).equals(bytes), `${file} by ${blockBytes}`).toBe(
          true,
        )
      }
    }
    expect(room.lines('tftp.failed')).toEqual([])
    expect(room.lines('tftp.sent').length).toBe(blockSizes.length * sizes.length)
    expect(room.faults).toEqual([])
  })
}

test('tftp-hpa in ascii mode gets a text as it is', async (context) => {
  require(context, [programs['tftp-hpa']!.requirement])
  const room = await openRoom({ text: 'one\ntwo\r\n' })
  const ascii: Program = {
    ...programs['tftp-hpa']!,
    command: (port, remote, local) => `tftp -m ascii ${HOST} ${port} -c get ${remote} ${local}`,
  }
  expect((await fetchBy(ascii, room.port, 'text', 512)).toString()).toBe('one\ntwo\r\n')
})

const losses: [client: string, fates: Fates, bytes: number][] = [
  ['atftp', { lostPercent: 5 }, 1 << 18],
  ['curl', { lostPercent: 5 }, 1 << 18],
  ['busybox tftp', { lostPercent: 5 }, 1 << 18],
  ['curl', { lostPercent: 20 }, 1 << 16],
  ['curl', { repeatedPercent: 10, latePercent: 25, delayMs: 10 }, 1 << 17],
]
for (const [name, fates, bytes] of losses) {
  const text = JSON.stringify(fates).replaceAll(/[{}"]/g, '')
  test(`${name} over a wire with ${text}: the file is whole`, { timeout: 120_000 }, async (context) => {
    const program = programs[name]!
    require(context, [program.requirement])
    const file = randomBytes(bytes)
    const room = await openRoom({ f: file })
    const relay = await openRelay(room.port, fates, randomFrom(1))
    expect((await fetchBy(program, relay.port, 'f', 1468)).equals(file)).toBe(true)
    if (fates.lostPercent !== undefined) expect(relay.counts.lost).toBeGreaterThan(5)
    // All packets of both directions, beside those of a wire that does nothing to them.
    else expect(relay.counts.taken).toBeLessThan(2 * 2 * (bytes / 1468))
  })
}

test('tftp2 gets a file in the blocks of 512 bytes that it knows', async () => {
  const file = randomBytes(5000)
  const room = await openRoom({ f: file })
  const client = tftp2(HOST, room.port)
  onTestFinished(() => client.close())
  const parts: Buffer[] = []
  await client.read(
    'f',
    (part) => void parts.push(Buffer.from(part)),
    () => {},
  )
  expect(Buffer.concat(parts).equals(file)).toBe(true)
  await expect.poll(() => room.lines('tftp.sent').length).toBe(1)
})
