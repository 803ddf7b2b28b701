/**
 * The files of a data directory as they are on disk now.
 *
 * `scan` only looks at names, sizes and times, and is cheap enough to be done every second. Symbolic links are followed
 * (Kubernetes mounts are made of them), except where one leads back up; folders whose names begin with a dot are not
 * entered.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { ConfigError, errorCode, reasonOf } from '../errors.ts'
import type { Stamps } from './stamps.ts'

/** The folders of a data directory that are read. */
const FOLDERS = ['specs', 'ignition', 'cloud', 'templates'] as const

/**
 * Path below the data directory, with forward slashes, to a stamp that changes whenever the file does.
 *
 * A folder that may not be looked into is there too; {@link unreadable} tells it from a file.
 */
export type Scan = ReadonlyMap<string, string>

/** More than anyone has; a wrong -data-path such as `/` ends here. */
const FILES_MAX = 100_000
const DEPTH_MAX = 16

/**
 * @throws Error of node:fs when the data directory itself cannot be read; ConfigError when there is too much in it
 */
export async function scan(dataPath: string, stamps: Stamps): Promise<Scan> {
  const found = new Map<string, string>()
  const present = new Set(await readdir(dataPath))
  const walk = new Walk(dataPath, stamps, found)
  for (const folder of FOLDERS) {
    if (present.has(folder)) await walk.visit(folder, folder, [])
  }
  return found
}

const UNREADABLE = 'unreadable: '

/** Why what has this stamp could not be looked at; undefined when it could. */
export function unreadable(stamp: string): string | undefined {
  return stamp.startsWith(UNREADABLE) ? stamp.slice(UNREADABLE.length) : undefined
}

/** Between listing a folder and looking at a file an editor may have renamed it; a link may lead to nothing, or to itself. */
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP'])
const FORBIDDEN = new Set(['EACCES', 'EPERM'])

class Walk {
  readonly #dataPath: string
  readonly #stamps: Stamps
  readonly #found: Map<string, string>

  constructor(dataPath: string, stamps: Stamps, found: Map<string, string>) {
    this.#dataPath = dataPath
    this.#stamps = stamps
    this.#found = found
  }

  /** @param above - device and inode of the folders that it is in, to know a link that leads back to one of them */
  async visit(path: string, name: string, above: readonly string[]): Promise<void> {
    try {
      const facts = await stat(join(this.#dataPath, path), { bigint: true })
      if (!facts.isDirectory()) this.#add(path, await this.#stamps.of(join(this.#dataPath, path), facts))
      else if (!name.startsWith('.')) await this.#enter(path, `${facts.dev} ${facts.ino}`, above)
    } catch (error) {
      if (GONE.has(errorCode(error))) return
      if (!FORBIDDEN.has(errorCode(error))) throw error
      this.#add(path, UNREADABLE + reasonOf(error))
    }
  }

  async #enter(path: string, self: string, above: readonly string[]): Promise<void> {
    if (above.includes(self)) return
    if (above.length > DEPTH_MAX)
      throw new ConfigError('too-large', `${path} is nested deeper than ${DEPTH_MAX} folders`)
    const names = await readdir(join(this.#dataPath, path))
    await Promise.all(names.map((name) => this.visit(`${path}/${name}`, name, [...above, self])))
  }

  #add(path: string, stamp: string): void {
    this.#found.set(path, stamp)
    if (this.#found.size > FILES_MAX) {
      throw new ConfigError('too-large', `more than ${FILES_MAX} files below ${this.#dataPath}`)
    }
  }
}
