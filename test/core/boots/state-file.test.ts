/** Boots on disk: what a restart, a torn line, a bad disk and a long life make of them. */
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { openStateFile, type StateFileOptions } from '../../../src/core/boots/state-file.ts'
import { memoryLog, temporaryFolder } from '../../support/site.ts'

let folder: ReturnType<typeof temporaryFolder>
let file = ''
const log = memoryLog()

beforeEach(() => {
  folder = temporaryFolder()
  file = join(folder.path, 'state/boots.jsonl')
  log.lines.length = 0
})
afterEach(() => folder[Symbol.dispose]())

const isLine = (line: string): boolean => /^line \d+ *$/.test(line)

/** Opens it, and gives what it loaded. */
async function openIt(more: Partial<StateFileOptions> = {}) {
  const loaded: string[] = []
  const load = (line: string): boolean => {
    if (isLine(line)) loaded.push(line)
    return isLine(line)
  }
  const options = { folder: join(folder.path, 'state'), bytesMax: 1 << 20, load, all: () => loaded.toReversed(), log }
  return { loaded, file: await openStateFile({ ...options, ...more }) }
}

function written(): string {
  return readFileSync(file, 'utf8')
}

test('what was written is loaded by the next, in its order', async () => {
  const first = await openIt()
  for (const number of [1, 2, 3]) first.file.append(`line ${number}`)
  await first.file.stop()
  expect(written()).toBe('line 1\nline 2\nline 3\n')
  expect((await openIt()).loaded).toEqual(['line 1', 'line 2', 'line 3'])
  expect(log.lines).toEqual([])
})

test('lines are written while the program runs, readable by their owner alone', async () => {
  const { file: state } = await openIt()
  state.append('line 1')
  await expect.poll(written, { timeout: 5000 }).toBe('line 1\n')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  await state.stop()
})

test('a torn last line is left out without a word, and nothing is glued to it', async () => {
  const first = await openIt()
  first.file.append('line 1')
  first.file.append('line 2')
  await first.file.stop()
  truncateSync(file, 'line 1\nli'.length)
  const second = await openIt()
  expect(second.loaded).toEqual(['line 1'])
  second.file.append('line 3')
  await second.file.stop()
  expect((await openIt()).loaded).toEqual(['line 1', 'line 3'])
})

test('a last line that only lacks its end counts', async () => {
  mkdirSync(join(folder.path, 'state'))
  writeFileSync(file, 'line 1\nline 2')
  const { loaded, file: state } = await openIt()
  expect(loaded).toEqual(['line 1', 'line 2'])
  state.append('line 3')
  await state.stop()
  expect(written()).toBe('line 1\nline 2\nline 3\n')
})

test('lines that cannot be read are put aside, with one line in the log', async () => {
  mkdirSync(join(folder.path, 'state'))
  writeFileSync(file, 'line 1\nrubbish\n\nline 2\n\u0000\nline 3\n')
  expect((await openIt()).loaded).toEqual(['line 1', 'line 2', 'line 3'])
  expect(written()).toBe('line 1\nline 2\nline 3\n')
  const aside = join(folder.path, 'state/boots.unreadable')
  expect(readFileSync(aside, 'utf8')).toBe('rubbish\n\u0000\n')
  expect(log.lines).toEqual([expect.objectContaining({ event: 'boots.unreadable', file: aside, count: 2 })])
})

test('what was put aside before stays: the next gets a number, and their number is bounded', async () => {
  mkdirSync(join(folder.path, 'state'))
  for (let damage = 1; damage <= 7; damage++) {
    writeFileSync(file, `line 1\ndamage ${damage}\nline 2\n`)
    await openIt()
  }
  const names = readdirSync(join(folder.path, 'state')).filter((name) => name.startsWith('boots.unreadable'))
  expect(names.toSorted().map((name) => [name, readFileSync(join(folder.path, 'state', name), 'utf8')])).toEqual([
    ['boots.unreadable', 'damage 1\n'],
    ['boots.unreadable.2', 'damage 2\n'],
    ['boots.unreadable.3', 'damage 3\n'],
    ['boots.unreadable.4', 'damage 4\n'],
    ['boots.unreadable.5', 'damage 7\n'],
  ])
  expect(log.lines.at(-1)).toMatchObject({ file: join(folder.path, 'state/boots.unreadable.5') })
})

test('a file that grows too long is written anew with the latest, as much as half of it takes', async () => {
  const all = Array.from({ length: 100 }, (_, number) => `line ${number}`.padEnd(9))
  const { file: state } = await openIt({ bytesMax: 500, all: () => all.toReversed() })
  for (const line of all) state.append(line)
  await state.stop()
  expect(written()).toBe(
    all
      .slice(-25)
      .map((line) => `${line}\n`)
      .join(''),
  )
})

test('a disk that takes nothing costs one line in the log', async () => {
  mkdirSync(join(folder.path, 'state/boots.jsonl'), { recursive: true }) // root may write what is read-only
  const { file: state } = await openIt()
  state.append('line 1')
  await state.stop()
  state.append('line 2')
  await state.stop()
  expect(log.lines.map(({ event }) => event)).toEqual(['boots.not-saved'])
})

test('a folder that cannot be made is no reason not to start', async () => {
  writeFileSync(join(folder.path, 'state'), 'a file')
  const { loaded, file: state } = await openIt()
  expect(loaded).toEqual([])
  expect(log.lines).toEqual([expect.objectContaining({ event: 'boots.not-saved', level: 'warning' })])
  await state.stop()
})

test('a long file is read in pieces', async () => {
  mkdirSync(join(folder.path, 'state'))
  appendFileSync(file, Array.from({ length: 3000 }, (_, number) => `line ${number}\n`).join(''))
  chmodSync(file, 0o644)
  expect((await openIt()).loaded).toHaveLength(3000)
})
