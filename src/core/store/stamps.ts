/**
 * Stamps: texts that tell one state of a file from another, without reading it where that can be avoided.
 *
 * Inode, size and times are enough on a file system whose clock is fine. Some count whole seconds (ext2, ext3, HFS+) or
 * every other one (FAT), and a second edit of the same length within that time leaves no trace in them. There the content
 * counts as well, for as long as such an edit can still come (git calls such files "racy"; racy-git.txt of its
 * documentation).
 */
import { stat } from 'node:fs/promises'
import { crc32 } from 'node:zlib'

import { ConfigError } from '../errors.ts'
import { readFile } from './read-file.ts'

/** What of `fs.stat` a stamp is made of. */
export interface Facts {
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

/** Two seconds of FAT, and one for a file server whose clock differs. */
const YOUNG_MS = 3000
/** A date that far ahead is a wrong date, not a file that is being written. */
const AHEAD_MS_MAX = 60_000

/** Whether the file can be written once more without its times showing it. */
export function isRacy({ mtimeNs, ctimeNs }: Facts, nowMs: number): boolean {
  if (mtimeNs % 1_000_000_000n !== 0n || ctimeNs % 1_000_000_000n !== 0n) return false
  const ageMs = nowMs - Number(mtimeNs / 1_000_000n)
  return ageMs < YOUNG_MS && ageMs > -AHEAD_MS_MAX
}

interface Read {
  readonly facts: string
  readonly checksum: string
  /** It was racy when it was read: what it holds once it is not is still to be seen. */
  readonly wasRacy: boolean
}

/** The stamps of one look at the disk, made with those of the look before. */
export class Stamps {
  readonly #bytesMax: number
  readonly #before: ReadonlyMap<string, Read>
  /** Files whose content counts; few, and none where times are fine. */
  readonly #read = new Map<string, Read>()

  /** @param bytesMax - no file larger than this is read */
  constructor(bytesMax: number, before?: Stamps) {
    this.#bytesMax = bytesMax
    this.#before = before === undefined ? new Map() : before.#read
  }

  /** @throws an error of node:fs */
  async ofFile(path: string): Promise<string> {
    return this.of(path, await stat(path, { bigint: true }))
  }

  async of(path: string, facts: Facts, nowMs = Date.now()): Promise<string> {
    const text = `${facts.ino} ${facts.size} ${facts.mtimeNs} ${facts.ctimeNs}`
    const before = this.#before.get(path)
    const known = before?.facts === text ? before : undefined
    const racy = isRacy(facts, nowMs)
    if (!racy && known === undefined) return text
    const read = racy || known!.wasRacy ? await this.#checksum(path) : known!.checksum
    this.#read.set(path, { facts: text, checksum: read, wasRacy: racy })
    return `${text} ${read}`
  }

  async #checksum(path: string): Promise<string> {
    try {
      return String(crc32(await readFile(path, this.#bytesMax)))
    } catch (error) {
      if (error instanceof ConfigError) return error.code
      throw error
    }
  }
}
