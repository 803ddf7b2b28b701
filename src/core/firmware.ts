/**
 * The firmware folder: which network boot programs are there now. Only an index, looked at anew twice a second; the rooms
 * read the files.
 *
 * A folder that is not there is an empty one: it may come later.
 */
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'

import { missingPrograms } from './boot-programs.ts'
import { errorCode, reasonOf } from './errors.ts'
import type { Log } from './log.ts'
import type { Running } from './module.ts'

export interface FirmwareFile {
  /** Below the folder, with slashes: `snponly.efi`, `rpi/start4.elf`. */
  readonly name: string
  /** Absolute; a regular file inside the folder once links are followed. */
  readonly path: string
  readonly size: number
  /** Changes whenever the file does. */
  readonly stamp: string
}

type FirmwareFiles = ReadonlyMap<string, FirmwareFile>

export interface Firmware {
  /** As a person named it. */
  readonly path: string
  /** By name. A new map after each change on disk. */
  readonly files: () => FirmwareFiles
}

const LOOK_MS = 500
/** Looking takes no more than this share of the time, however large the folder. */
const LOOKING_SHARE = 1 / 10

/** More than any set of boot files; a wrong -firmware-path such as `/` ends here. */
const FILES_MAX = 10_000
const DEPTH_MAX = 8

export async function openFirmware(path: string, log: Log, lookMs = LOOK_MS): Promise<Firmware & Running> {
  let files: FirmwareFiles = new Map()
  let said: string | undefined
  let stopped = false
  async function look(): Promise<void> {
    try {
      const now = await scan(path)
      if (!isSame(files, now)) files = now
      said = undefined
    } catch (error) {
      // What was there before goes on serving: the disk may be back in a moment.
      const reason = reasonOf(error)
      if (reason !== said) log('firmware.unreadable', { file: path, reason })
      said = reason
    }
  }
  await look()
  const missing = missingPrograms(files)
  if (missing.length > 0) log('firmware.missing', { file: missing.join(' '), reason: `not in ${path}` })
  let looking = Promise.resolve()
  let timer = lookIn(lookMs)
  function lookIn(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      const startedMs = performance.now()
      looking = look().then(() => {
        if (!stopped) timer = lookIn(Math.max(lookMs, (performance.now() - startedMs) / LOOKING_SHARE))
      })
    }, ms).unref()
  }
  return {
    name: 'firmware',
    path,
    files: () => files,
    failed: new Promise<never>(() => {}),
    async stop() {
      stopped = true
      clearTimeout(timer)
      await looking
    },
  }
}

function isSame(a: FirmwareFiles, b: FirmwareFiles): boolean {
  return a.size === b.size && [...a].every(([name, file]) => file.stamp === b.get(name)?.stamp)
}

async function scan(folder: string): Promise<FirmwareFiles> {
  const found = new Map<string, FirmwareFile>()
  let root: string
  try {
    root = await realpath(folder)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return found
    throw error
  }
  await visit(root, '', 0, found)
  return found

  async function visit(at: string, prefix: string, depth: number, into: Map<string, FirmwareFile>): Promise<void> {
    for (const entry of await readdir(at, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue
      const file = await regularOrFolder(join(at, entry.name), entry.isSymbolicLink())
      if (file === undefined) continue
      const name = prefix + entry.name
      if (file.facts.isDirectory()) {
        if (depth < DEPTH_MAX) await visit(file.path, `${name}/`, depth + 1, into)
      } else if (file.facts.isFile()) {
        if (into.size === FILES_MAX) throw new Error(`more than ${FILES_MAX} files; is this the firmware folder?`)
        const { ino, size, mtimeNs, ctimeNs } = file.facts
        into.set(name, { name, path: file.path, size: Number(size), stamp: `${ino} ${size} ${mtimeNs} ${ctimeNs}` })
      }
    }
  }

  /** Links are followed, but not out of the folder; what has just gone, or may not be looked at, is not there. */
  async function regularOrFolder(path: string, isLink: boolean) {
    try {
      const real = isLink ? await realpath(path) : path
      if (!real.startsWith(root + sep)) return undefined
      return { path: real, facts: await stat(real, { bigint: true }) }
    } catch {
      return undefined
    }
  }
}
