/**
 * Part of an open file to one client, at the client's pace: one buffer is read, sent, and used again.
 *
 * An answer is complete only when the file is still what its headers said. Should it shrink or be written meanwhile, the
 * connection is cut before the last bytes, so that the client never takes what it has for the whole.
 */
import type { ServerResponse } from 'node:http'

import { reasonOf } from '../core/errors.ts'
import type { AssetFile } from './asset-file.ts'
import type { ByteRange } from './range.ts'
import type { ReadBuffers } from './read-buffers.ts'

/** Where the bytes go: knows when the client has left, and when it has room for more. */
export class Client {
  readonly response: ServerResponse
  #isGone = false
  #wake: (() => void) | undefined

  constructor(response: ServerResponse) {
    this.response = response
    this.#isGone = response.destroyed
    // Also emitted for a response that still waits behind another one on its connection.
    response.once('close', () => {
      this.#isGone = true
      this.#wake?.()
    })
  }

  get isGone(): boolean {
    return this.#isGone
  }

  /** Resolves when the buffer may be used again; when the client has left, that is at once. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isGone) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      this.response.write(bytes, (error) => {
        if (error) this.#isGone = true
        resolve()
      })
    })
  }
}

const ADVICE = 'write a new file beside it, then rename that over it'

export interface Sent {
  /** Bytes of the body that were handed to the kernel. */
  readonly bytes: number
  /** The client has got all of it, as far as this side can know. */
  readonly complete: boolean
  /** What went wrong with the file; nothing when it was the client that left. */
  readonly problem?: string
}

/**
 * Send the bytes of a range and end the response, whose headers are set.
 *
 * Keeps the handle open, whatever happens; the caller closes it. Never throws.
 *
 * @param moved - told of the bytes so far, after each buffer
 */
export async function sendFile(
  file: AssetFile,
  range: ByteRange,
  client: Client,
  buffers: ReadBuffers,
  moved?: (bytes: number) => void,
): Promise<Sent> {
  let buffer: Uint8Array | undefined
  let at = range.start
  try {
    while (at <= range.end && !client.isGone) {
      const left = range.end + 1 - at
      if (buffer === undefined || buffer.length < left) {
        if (buffer) buffers.give(buffer, true) // a large one may have come free; or it is time to leave it to another
        buffer = buffers.take(left)
      }
      const { bytesRead } = await file.handle.read(buffer, 0, Math.min(buffer.length, left), at)
      const isLast = bytesRead === left
      if (bytesRead === 0 || (isLast && (await hasChanged(file)))) {
        return cut(client, at - range.start, `${file.path} changed while it was sent; ${ADVICE}`)
      }
      await client.write(buffer.subarray(0, bytesRead))
      if (client.isGone) break
      at += bytesRead
      moved?.(at - range.start)
    }
  } catch (error) {
    return cut(client, at - range.start, `${file.path}: ${reasonOf(error)}; check the disk`)
  } finally {
    // When the client has left, the kernel may not be done with the last write.
    if (buffer) buffers.give(buffer, !client.isGone)
  }
  if (!client.isGone) client.response.end()
  return { bytes: at - range.start, complete: at > range.end }
}

async function hasChanged(file: AssetFile): Promise<boolean> {
  const now = await file.handle.stat({ bigint: true })
  return now.size !== file.stats.size || now.mtimeNs !== file.stats.mtimeNs
}

function cut(client: Client, bytes: number, problem: string): Sent {
  client.response.destroy()
  return { bytes, complete: false, problem }
}
