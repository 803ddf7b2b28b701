/**
 * An update on its way in: a stream to a file in `updates/` of the data partition, whole or not at all.
 *
 * Reported as received only once the kernel has it on the medium. One at a time; what was left over by a power cut is removed by
 * the next one.
 */
import { createHash } from 'node:crypto'
import { mkdir, open, rename, rm, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'

import type { Receipt, Upload } from '../core/appliance.ts'
import { errorCode, reasonOf } from '../core/errors.ts'

/** A slot has 96 MiB, and a bundle is what goes into one. */
export const UPDATE_BYTES_MAX = 128 << 20

type Refusal = Extract<Receipt, { received: false }>

class Refused extends Error {
  readonly refusal: Refusal

  constructor(why: Refusal['why'], reason: string) {
    super(reason)
    this.refusal = { received: false, why, reason }
  }
}

/** @param path - of the file when it is whole */
export async function receive({ body, length }: Upload, path: string): Promise<Receipt> {
  const part = `${path}.part`
  try {
    if ((length ?? 0) > UPDATE_BYTES_MAX) throw tooLarge()
    await mkdir(dirname(path)).catch(unlessThere)
    await rm(part, { force: true })
    await mustHaveRoom(dirname(path), length ?? 0)
    const written = await write(body, part)
    if (length !== undefined && written.bytes !== length) throw new Refused('broken-off', 'the upload broke off')
    await rename(part, path)
    await syncFolder(dirname(path))
    return { received: true, ...written }
  } catch (error) {
    await rm(part, { force: true }).catch(() => {}) // the next one does
    return refusalOf(error)
  }
}

function unlessThere(error: unknown): void {
  if (errorCode(error) !== 'EEXIST') throw error
}

async function write(body: Upload['body'], path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  await using file = await open(path, 'w')
  for await (const chunk of chunksOf(body)) {
    bytes += chunk.length
    if (bytes > UPDATE_BYTES_MAX) throw tooLarge()
    hash.update(chunk)
    await file.writeFile(chunk) // at the position, all of it
  }
  await file.sync()
  return { bytes, sha256: hash.digest('hex') }
}

async function* chunksOf(body: Upload['body']): AsyncGenerator<Uint8Array> {
  try {
    // Not destroyed when it is refused on its way: its sender is to hear why.
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError('the body must be bytes')
      yield chunk
    }
  } catch (error) {
    throw new Refused('broken-off', `the upload broke off: ${reasonOf(error)}`)
  }
}

async function mustHaveRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize < bytes) throw full()
}

/** That the new name is on the medium too. */
async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r')
  await folder.sync()
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refused) return error.refusal
  const code = errorCode(error)
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return full().refusal
  const reason = `the data partition cannot be written (${reasonOf(error)}): the console says what is wrong with it`
  return { received: false, why: 'unwritable', reason }
}

function tooLarge(): Refused {
  return new Refused('too-large', `an update has at most ${UPDATE_BYTES_MAX} bytes: is this the right file?`)
}

function full(): Refused {
  return new Refused('full', 'the data partition is full: remove files below assets/ that nothing needs')
}
