/**
 * Reads a bundle from a file, a piece at a time: memory does not depend on its size. The edge of `bundle.ts`.
 *
 * The file lies where an unprivileged process can change it while it is read. That is why nothing that was read from it is
 * trusted twice: the manifest is kept, and the contents count by the hash of what came to be in the slot.
 */
import { createHash, type KeyObject } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

import { reasonOf } from '../core/errors.ts'
import { type Head, HEAD_BYTES_MAX, openHead } from './bundle.ts'
import { Refusal } from './refusal.ts'

export const PIECE_BYTES = 1 << 20

export interface Bundle extends Head, AsyncDisposable {
  /** @returns bytes of the contents, from `at` on, in `into`; fewer at the end of the file */
  read(into: Buffer, at: number): Promise<number>
  /** @throws {Refusal} `damaged`, `truncated` */
  checkContents(onProgress: (share: number) => Promise<void>): Promise<void>
}

/** @throws {Refusal} */
export async function openBundle(path: string, key: KeyObject | undefined): Promise<Bundle> {
  const file = await openRegular(path)
  try {
    const head = openHead(await readHead(file), key)
    const { size } = await file.stat()
    checkLength(size - head.contentsAt, head.manifest.bytes)
    const read = (into: Buffer, at: number): Promise<number> => fill(file, into, head.contentsAt + at)
    return {
      ...head,
      read,
      checkContents: (onProgress) => checkContents(read, head, onProgress),
      [Symbol.asyncDispose]: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Neither waits for the other end of a FIFO nor follows a link. */
async function openRegular(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
    if ((await file.stat()).isFile()) return file
    await file.close()
  } catch (error) {
    throw new Refusal('unreadable', `${path} cannot be read: ${reasonOf(error)}`)
  }
  throw new Refusal('unreadable', `${path} is no file`)
}

async function readHead(file: FileHandle): Promise<Buffer> {
  const bytes = Buffer.alloc(HEAD_BYTES_MAX)
  return bytes.subarray(0, await fill(file, bytes, 0))
}

/** Reads until `into` is full or the file ends. @returns bytes read */
async function fill(file: FileHandle, into: Buffer, at: number): Promise<number> {
  let done = 0
  while (done < into.length) {
    const { bytesRead } = await file.read(into, done, into.length - done, at + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return done
}

function checkLength(there: number, expected: number): void {
  if (there < expected) {
    throw new Refusal(
      'truncated',
      `the bundle is cut off, ${expected - there} bytes are missing: copy or upload it again`,
    )
  }
  if (there > expected) throw new Refusal('too-long', `the bundle has ${there - expected} bytes too many`)
}

async function checkContents(
  read: Bundle['read'],
  { manifest }: Head,
  onProgress: (share: number) => Promise<void>,
): Promise<void> {
  const hash = createHash('sha256')
  const piece = Buffer.alloc(PIECE_BYTES)
  for (let at = 0; at < manifest.bytes; at += PIECE_BYTES) {
    const wanted = piece.subarray(0, Math.min(PIECE_BYTES, manifest.bytes - at))
    if ((await read(wanted, at)) !== wanted.length)
      throw new Refusal('truncated', 'the bundle became shorter while it was read')
    hash.update(wanted)
    await onProgress(at / manifest.bytes)
  }
  if (hash.digest('hex') !== manifest.sha256) {
    throw new Refusal('damaged', 'the contents of the bundle are damaged: copy or upload it again')
  }
}
