/**
 * From the path of a URL to an open file inside the assets folder, or to the reason why there is none.
 *
 * The folder is left by no name (`..` and NUL are refused before anything is opened) and by no symbolic link: a path is
 * first opened without reading (O_PATH), the kernel is asked where that led (/proc/self/fd), and only a regular file in the
 * folder is opened to be read, through that same descriptor. So nothing can be exchanged between the look and the use,
 * and a FIFO or a device is never opened at all. Links that stay inside the folder are followed.
 */
import { type BigIntStats, constants, readlinkSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

import { errorCode, reasonOf } from '../core/errors.ts'
import { printable } from '../core/log.ts'
import { decodeUtf8 } from '../core/utf8.ts'

/** Linux, and the same number on x86-64 and arm64; Node does not name it. */
const O_PATH = 0o10000000

/** Linux knows no longer path. */
const PATH_BYTES_MAX = 4096

export interface AssetFile {
  readonly handle: FileHandle
  /** As the handle has it now: changes to the file show against it. */
  readonly stats: BigIntStats
  /** For messages: printable, one line. */
  readonly path: string
}

export interface NoAsset {
  readonly status: 404 | 500 | 503
  /** For the log, in one line: what an operator can do about it. Absent when the file is simply not there. */
  readonly problem?: string
}

/** Nothing is below it. */
const NOWHERE = Buffer.from('/dev/null')

/** The assets folder. Where it is, is looked up again when it seems to have moved: `ln -sfn` may swap it at any time. */
export class AssetFolder {
  readonly path: string
  #realPath: Buffer

  private constructor(path: string, realPath: Buffer) {
    this.path = path
    this.#realPath = realPath
  }

  /** @throws when there is no such folder, or no /proc to check links with */
  static async open(path: string): Promise<AssetFolder> {
    return new AssetFolder(path, await realPathOf(path))
  }

  /** A folder that need not be there yet: until it is, nothing is in it. */
  static later(path: string): AssetFolder {
    return new AssetFolder(path, NOWHERE)
  }

  /** Open a file to be read; the caller closes its handle. Never throws: what goes wrong is a status and a problem. */
  async openFile(urlPath: string): Promise<AssetFile | NoAsset> {
    const path = decodeAssetPath(urlPath)
    if (path === undefined) return { status: 404 }
    const shown = `${this.path}/${printable(decodeUtf8(path), PATH_BYTES_MAX)}`
    let place: FileHandle | undefined
    try {
      place = await open(Buffer.concat([Buffer.from(`${this.path}/`), path]), O_PATH)
      const kind = await place.stat()
      if (kind.isDirectory()) return { status: 404 }
      if (!kind.isFile()) return { status: 404, problem: `${shown} is not a regular file; put a file in its place` }
      if (!(await this.#holds(whereIs(place)))) {
        return {
          status: 404,
          problem: `${shown} leads out of the folder; put the file itself there, or mount it there`,
        }
      }
      return await withStats(await open(`/proc/self/fd/${place.fd}`, constants.O_RDONLY), shown)
    } catch (error) {
      return whyNot(error, shown)
    } finally {
      await place?.close().catch(() => {}) // nothing was written that could be lost
    }
  }

  async #holds(realPath: Buffer): Promise<boolean> {
    if (isBelow(realPath, this.#realPath)) return true
    this.#realPath = await realPathOf(this.path)
    return isBelow(realPath, this.#realPath)
  }
}

async function realPathOf(folder: string): Promise<Buffer> {
  const handle = await open(folder, O_PATH | constants.O_DIRECTORY)
  try {
    return whereIs(handle)
  } finally {
    await handle.close()
  }
}

/** Where an open file is, without links, as the kernel knows it; for a file that was deleted meanwhile, where it was. */
function whereIs(handle: FileHandle): Buffer {
  try {
    return readlinkSync(`/proc/self/fd/${handle.fd}`, 'buffer')
  } catch (error) {
    throw new Error('/proc is not mounted; without it links out of the folder cannot be told', { cause: error })
  }
}

function isBelow(path: Buffer, folder: Buffer): boolean {
  const prefix = folder.toString('latin1') === '/' ? folder : Buffer.concat([folder, Buffer.from('/')])
  return path.length > prefix.length && path.subarray(0, prefix.length).equals(prefix)
}

/**
 * The path of a file below the folder, in bytes as the file system has them.
 *
 * `//` and `/./` count as one slash, for base URLs that end in one. What can name no file is undefined: `..` in any
 * spelling, NUL, a slash at the end, escapes that are none. Decoded once: `%252e` is `%2e`, three characters of a name.
 */
export function decodeAssetPath(urlPath: string): Buffer | undefined {
  if (/%(?![0-9A-Fa-f]{2})|[^\x01-\xff]|%00/.test(urlPath)) return undefined
  const text = urlPath.replaceAll(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  const segments = text.split('/')
  const last = segments.at(-1)
  if (last === '' || last === '.' || segments.includes('..')) return undefined
  return Buffer.from(segments.filter((segment) => segment !== '' && segment !== '.').join('/'), 'latin1')
}

async function withStats(handle: FileHandle, path: string): Promise<AssetFile> {
  try {
    return { handle, stats: await handle.stat({ bigint: true }), path }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Codes that mean: no such name. A path that is too long names nothing. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'])
/** Codes that mean: the machine is short of something, try again. */
const SHORT = new Set(['EMFILE', 'ENFILE', 'ENOMEM'])

function whyNot(error: unknown, shown: string): NoAsset {
  const code = errorCode(error)
  if (ABSENT.has(code)) return { status: 404 }
  if (code === 'ELOOP') return { status: 404, problem: `${shown}: too many symbolic links; does one lead to itself?` }
  if (SHORT.has(code)) {
    return { status: 503, problem: `${shown}: ${reasonOf(error)}; raise the limit (LimitNOFILE=, ulimit -n)` }
  }
  const isForbidden = code === 'EACCES' || code === 'EPERM'
  const advice = isForbidden ? 'let the user that runs bootcfg read it (chmod a+r, folders a+x)' : 'check the disk'
  return { status: 500, problem: `${shown}: ${reasonOf(error)}; ${advice}` }
}
