/**
 * The files that go out, in memory: read when they are first asked for and when they have changed, laid out once for each
 * block size. A transfer that runs keeps what it began with.
 *
 * All of it together stays below a limit. What nobody reads leaves first; when everything is in use, block sizes that
 * nobody has yet are not laid out but written as they go.
 */
import { constants, open } from 'node:fs/promises'

import { reasonOf } from '../core/errors.ts'
import type { FirmwareFile } from '../core/firmware.ts'
import { asNeeded, type Blocks, laidOut, laidOutBytes, layOut } from './blocks.ts'
import { toNetascii } from './netascii.ts'

/** A file that somebody reads. */
export interface OpenFile {
  /** As it goes out: netascii is longer. */
  readonly sizeBytes: number
  /** Call it once. */
  readonly blocks: (blockBytes: number) => Blocks
  /** Safe to call twice. */
  readonly close: () => void
}

/** It cannot be sent; the message says why, for people. */
export class FileRefused extends Error {
  override readonly name = 'FileRefused'
}

export interface FileLimits {
  readonly bytesMax: number
  /** Larger files are not laid out: it would take the server's time from others. */
  readonly laidOutBytesMax: number
}

const LIMITS: FileLimits = { bytesMax: 64 << 20, laidOutBytesMax: 16 << 20 }

/** Loaders have larger blocks than this, or none. */
const LAID_OUT_BLOCK_BYTES_MIN = 512

export class Files {
  readonly #limits: FileLimits
  readonly #kept: Kept
  /** Reads under way, by key. */
  readonly #reading = new Map<string, Promise<Uint8Array>>()

  constructor(limits: FileLimits = LIMITS) {
    this.#limits = limits
    this.#kept = new Kept(limits.bytesMax)
  }

  /** @throws {FileRefused} */
  async open(file: FirmwareFile, netascii: boolean): Promise<OpenFile> {
    const key = `${file.path}\0${file.stamp}\0${netascii ? 'netascii' : 'octet'}`
    const uses: Entry[] = []
    let content = this.#kept.use(key)
    if (content === undefined) {
      const bytes = await this.#readOnce(key, file, netascii)
      content = this.#kept.use(key) ?? this.#kept.add(key, bytes)
      if (content === undefined) throw new FileRefused('no memory left for it while so many others are read')
    }
    uses.push(content)
    const { bytes } = content
    return {
      sizeBytes: bytes.length,
      blocks: (blockBytes) => {
        const layout = this.#layout(key, bytes, blockBytes)
        if (layout === undefined) return asNeeded(bytes, blockBytes)
        uses.push(layout)
        return laidOut(layout.bytes, bytes.length, blockBytes)
      },
      close: () => {
        for (const entry of uses.splice(0)) entry.uses -= 1
      },
    }
  }

  #layout(key: string, bytes: Uint8Array, blockBytes: number): Entry | undefined {
    const size = laidOutBytes(bytes.length, blockBytes)
    if (blockBytes < LAID_OUT_BLOCK_BYTES_MIN || size > this.#limits.laidOutBytesMax) return undefined
    const layoutKey = `${key}\0${blockBytes}`
    const known = this.#kept.use(layoutKey)
    if (known !== undefined) return known
    return this.#kept.makeRoom(size) ? this.#kept.add(layoutKey, layOut(bytes, blockBytes)) : undefined
  }

  async #readOnce(key: string, file: FirmwareFile, netascii: boolean): Promise<Uint8Array> {
    let reading = this.#reading.get(key)
    if (reading === undefined) {
      reading = this.#read(file, netascii).finally(() => this.#reading.delete(key))
      this.#reading.set(key, reading)
    }
    return reading
  }

  async #read(file: FirmwareFile, netascii: boolean): Promise<Uint8Array> {
    const bytes = await readRegular(file.path, this.#limits.bytesMax).catch((error: unknown) => {
      if (error instanceof FileRefused) throw error
      throw new FileRefused(`cannot be read: ${reasonOf(error)}`, { cause: error })
    })
    return netascii ? toNetascii(bytes) : bytes
  }
}

/** What has taken the file's place since the folder was looked at may be a FIFO or a device: neither is waited for. */
async function readRegular(path: string, bytesMax: number): Promise<Uint8Array> {
  await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  const facts = await handle.stat()
  if (!facts.isFile()) throw new FileRefused('is no regular file any more')
  if (facts.size > bytesMax) throw new FileRefused(`has ${facts.size} bytes, more than the ${bytesMax} that TFTP gives`)
  return handle.readFile()
}

interface Entry {
  readonly bytes: Uint8Array
  /** Transfers that read it. */
  uses: number
}

/** What is kept in memory, the longest unused first. */
class Kept {
  readonly #bytesMax: number
  readonly #entries = new Map<string, Entry>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  use(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    entry.uses += 1
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry
  }

  /** Undefined when there is no room. */
  add(key: string, bytes: Uint8Array): Entry | undefined {
    if (!this.makeRoom(bytes.length)) return undefined
    const entry: Entry = { bytes, uses: 1 }
    this.#entries.set(key, entry)
    this.#bytes += bytes.length
    return entry
  }

  makeRoom(bytes: number): boolean {
    for (const [key, entry] of this.#entries) {
      if (this.#bytes + bytes <= this.#bytesMax) return true
      if (entry.uses > 0) continue
      this.#entries.delete(key)
      this.#bytes -= entry.bytes.length
    }
    return this.#bytes + bytes <= this.#bytesMax
  }
}
