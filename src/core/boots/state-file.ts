/**
 * Attempts on disk, so that they survive a restart: one JSON document a line, appended in batches, the last of an id counts.
 *
 * When the file has grown too long it is written anew, with the latest. A line that was torn when the power went is
 * left out; others that cannot be read are put aside. A disk that is full or read-only costs one line in the log: what
 * happened is then kept in memory alone.
 */
import { appendFile, type FileHandle, mkdir, open, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'

import { errorCode, reasonOf } from '../errors.ts'
import type { Log } from '../log.ts'

export interface StateFile {
  /** To be written soon. */
  readonly append: (line: string) => void
  /** Writes what is left. */
  stop(): Promise<void>
}

export interface StateFileOptions {
  /** Of the file, which is made if it is not there. */
  readonly folder: string
  readonly bytesMax: number
  /** Takes a line of before. @returns false for one that cannot be read */
  readonly load: (line: string) => boolean
  /** All that is to be in the file, the latest first. */
  readonly all: () => Iterable<string>
  readonly log: Log
}

const FILE = 'boots.jsonl'
const ASIDE = 'boots.unreadable'
const ASIDE_BYTES_MAX = 1 << 20
/** `boots.unreadable`, `boots.unreadable.2` …: what was found first tells most. The last of them is written over. */
const ASIDE_FILES_MAX = 5

/** Lines wait this long for others. */
const BATCH_MS = 1000
/** More do not wait: a disk that hangs must not cost memory. */
const WAITING_LINES_MAX = 10_000

/** Work in one go, then others have their turn. */
const LINES_A_TURN = 200

const OWNER_ONLY = { mode: 0o600 }

/** Resolves when all of before is loaded. Never rejects. */
export async function openStateFile(options: StateFileOptions): Promise<StateFile> {
  const { folder, bytesMax, log } = options
  const path = join(folder, FILE)
  let bytes = 0
  /** Of the file: what is appended goes on a line of its own. */
  let isTorn = false
  let waiting: string[] = []
  let timer: NodeJS.Timeout | undefined
  let said: string | undefined

  /** One after the other. */
  let queue = Promise.resolve()
  function inTurn(work: () => Promise<void>): Promise<void> {
    queue = queue.then(work).then(
      () => void (said = undefined),
      (error: unknown) => {
        const reason = reasonOf(error)
        if (reason !== said) log('boots.not-saved', { file: path, reason })
        said = reason
      },
    )
    return queue
  }
  async function loadAll(): Promise<void> {
    await mkdir(folder, { recursive: true })
    const found = await readLines(path, options.load)
    ;[bytes, isTorn] = [found.bytes, found.isTorn]
    const { count, text } = found.unreadable
    if (count === 0) return
    const aside = await putAside(join(folder, ASIDE), text)
    log('boots.unreadable', { file: aside, count })
    await writeAnew()
  }
  async function writeWaiting(): Promise<void> {
    const lines = waiting
    waiting = []
    if (lines.length === 0) return
    const text = `${isTorn ? '\n' : ''}${lines.join('\n')}\n`
    isTorn = true // until all of it is there
    await appendFile(path, text, OWNER_ONLY)
    isTorn = false
    bytes += Buffer.byteLength(text)
    if (bytes > bytesMax) await writeAnew()
  }
  /** The latest that fit into half of the limit, so that it is some time until the next. */
  async function writeAnew(): Promise<void> {
    const lines: string[] = []
    let size = 0
    for (const line of options.all()) {
      size += Buffer.byteLength(line) + 1
      if (size > bytesMax / 2) break
      lines.push(line)
      if (lines.length % LINES_A_TURN === 0) await turn()
    }
    const text = lines.toReversed().map((line) => `${line}\n`)
    await writeFile(`${path}.new`, text, OWNER_ONLY)
    await rename(`${path}.new`, path)
    bytes = (await stat(path)).size
    isTorn = false
  }

  await inTurn(loadAll)
  return {
    append(line) {
      if (waiting.length === WAITING_LINES_MAX) return
      waiting.push(line)
      timer ??= setTimeout(() => {
        timer = undefined
        void inTurn(writeWaiting)
      }, BATCH_MS).unref()
    },
    async stop() {
      clearTimeout(timer)
      await inTurn(writeWaiting)
    },
  }
}

/** Reads to the end, line by line, and hands each on. */
async function readLines(path: string, load: (line: string) => boolean) {
  const unreadable = new Aside()
  const file = await openIfThere(path)
  if (file === undefined) return { bytes: 0, isTorn: false, unreadable }
  try {
    const { size } = await file.stat()
    const isTorn = size > 0 && (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] !== NEWLINE
    let last = ''
    let count = 0
    const take = (line: string): boolean => line === '' || load(line)
    for await (const line of file.readLines({ autoClose: false, start: 0 })) {
      if (!take(last)) unreadable.add(last)
      last = line
      if (++count % LINES_A_TURN === 0) await turn()
    }
    if (!take(last) && !isTorn) unreadable.add(last)
    return { bytes: size, isTorn, unreadable }
  } finally {
    await file.close()
  }
}

const NEWLINE = 10

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** @returns the name of the file that it is in */
async function putAside(path: string, text: string): Promise<string> {
  for (let number = 1; ; number++) {
    const aside = number === 1 ? path : `${path}.${number}`
    const flag = number < ASIDE_FILES_MAX ? 'wx' : 'w'
    try {
      await writeFile(aside, text, { ...OWNER_ONLY, flag })
      return aside
    } catch (error) {
      if (errorCode(error) !== 'EEXIST' || flag === 'w') throw error
    }
  }
}

/** Lines that cannot be read, as many as are worth keeping. */
class Aside {
  count = 0
  text = ''

  add(line: string): void {
    this.count += 1
    this.text = `${this.text}${line}\n`.slice(0, ASIDE_BYTES_MAX)
  }
}
