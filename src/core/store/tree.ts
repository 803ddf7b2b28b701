/**
 * The files of a data directory as they are on disk now: the one place of the store that touches the file system.
 *
 * `scan` only looks at names, sizes and times, and is cheap enough to be done every second; `readFile` reads. Symbolic
 * links are followed (Kubernetes mounts are made of them), folders whose names begin with a dot are not entered.
 */
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { ConfigError, errorCode, reasonOf } from '../errors.ts'

/** The folders of a data directory that are read. */
const FOLDERS = ['specs', 'ignition', 'cloud', 'templates'] as const

/**
 * Path below the data directory, with forward slashes, to a stamp that changes whenever the file does.
 */
export type Scan = ReadonlyMap<string, string>

/** More than anyone has; a link that leads round in a circle or a wrong -data-path such as `/` ends here. */
const FILES_MAX = 100_000
const DEPTH_MAX = 16

/**
 * @throws Error of node:fs when the data directory itself cannot be read; ConfigError when there is too much in it
 */
export async function scan(dataPath: string): Promise<Scan> {
  const found = new Map<string, string>()
  const present = new Set(await readdir(dataPath))
  for (const folder of FOLDERS) {
    if (present.has(folder)) await scanFolder(dataPath, folder, found, 0)
  }
  return found
}

async function scanFolder(dataPath: string, folder: string, found: Map<string, string>, depth: number): Promise<void> {
  if (depth > DEPTH_MAX) throw new ConfigError('too-large', `${folder} is nested deeper than ${DEPTH_MAX} folders`)
  const names = await readdir(join(dataPath, folder)).catch((error: unknown) => unlessGone(error, []))
  await Promise.all(names.map((name) => scanEntry(dataPath, `${folder}/${name}`, name, found, depth)))
}

async function scanEntry(dataPath: string, path: string, name: string, found: Map<string, string>, depth: number) {
  const facts = await stat(join(dataPath, path), { bigint: true }).catch((error: unknown) =>
    unlessGone(error, undefined),
  )
  if (facts === undefined) return
  if (facts.isDirectory()) {
    if (!name.startsWith('.')) await scanFolder(dataPath, path, found, depth + 1)
    return
  }
  found.set(path, stampOf(facts))
  if (found.size > FILES_MAX) throw new ConfigError('too-large', `more than ${FILES_MAX} files below ${dataPath}`)
}

/** Between listing a folder and looking at a file an editor may have renamed it: then it is not there. */
function unlessGone<T>(error: unknown, value: T): T {
  if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCode(error))) return value
  throw error
}

interface Facts {
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

function stampOf(facts: Facts): string {
  return `${facts.ino} ${facts.size} ${facts.mtimeNs} ${facts.ctimeNs}`
}

/** The stamp of one file. */
export async function stampFile(path: string): Promise<string> {
  return stampOf(await stat(path, { bigint: true }))
}

/**
 * @throws {ConfigError} `too-large`, or `unreadable` with the reason of the operating system
 */
export async function readFile(path: string, bytesMax: number): Promise<Buffer> {
  try {
    await using file = await open(path, 'r')
    const facts = await file.stat()
    if (!facts.isFile()) throw new ConfigError('unreadable', 'not a regular file')
    if (facts.size > bytesMax) {
      throw new ConfigError('too-large', `${facts.size} bytes, more than the ${bytesMax} of -max-file-bytes`)
    }
    return await file.readFile()
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new ConfigError('unreadable', `cannot be read: ${reasonOf(error)}`)
  }
}
