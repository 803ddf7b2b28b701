/**
 * The appliance's image, built once for all tests that start it, and again only when something that it is made of has
 * changed.
 */
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import type { Requirement } from './requirements.ts'
import { writeTestUpdateKey } from './update-key.ts'

const ROOT = join(import.meta.dirname, '../..')
const BUILDS = join(ROOT, '.cache/test-image')

/** What the image is made of, below the project's folder. */
const SOURCES = ['images', 'src', 'scripts/image', 'scripts/lib', 'package.json', 'package-lock.json', 'tsconfig.json']

/** A build that no test has used for so long is thrown away. */
const KEEP_MS = 24 * 60 * 60 * 1000

export const IMAGE_REQUIREMENTS: readonly Requirement[] = [
  ['dpkg-deb', 'dpkg'],
  ['curl', 'curl'],
  ['flock', 'util-linux'],
  ['mcopy', 'mtools'],
]

/** The packages that it is made of cannot be had on this system, or not now. */
export class ImageUnavailable extends Error {
  override readonly name = 'ImageUnavailable'
}

export interface BuiltImage {
  /** With the disk and its slot, as scripts/image names them. */
  readonly folder: string
  readonly disk: string
  /** The file system of a slot. */
  readonly slot: string
}

/**
 * It takes updates that `testUpdateKey` signed.
 *
 * @throws {ImageUnavailable} what scripts/image says when it cannot fetch its inputs
 */
export async function builtImage(architecture: 'amd64' | 'arm64' = 'amd64'): Promise<BuiltImage> {
  const folder = join(BUILDS, `${architecture}-${digestOf(SOURCES)}`)
  mkdirSync(BUILDS, { recursive: true })
  await build(architecture, folder)
  const now = new Date()
  utimesSync(folder, now, now)
  removeOld()
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
  const name = join(folder, `bootcfg-${version}-${architecture}`)
  return { folder, disk: `${name}.img`, slot: `${name}.slot` }
}

/** Two test files at once: the second one waits, and finds what the first one built. */
async function build(architecture: string, folder: string): Promise<void> {
  const script = '[ -e "$2/.complete" ] || { scripts/image "$1" --disk --output "$2" && touch "$2/.complete"; }'
  const command = [`${BUILDS}/.lock`, 'sh', '-c', script, 'sh', architecture, folder]
  const key = join(BUILDS, 'update-key.pem')
  writeTestUpdateKey(key)
  const env = { ...process.env, BOOTCFG_UPDATE_KEY: key }
  const flock = spawn('flock', command, { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'pipe'] })
  const [said, [status]] = await Promise.all([text(flock.stderr), once(flock, 'close')])
  if (status === 0) return
  if (said.includes('cannot fetch')) throw new ImageUnavailable(said.trim())
  throw new Error(`scripts/image ended with status ${String(status)}: ${said}`)
}

function digestOf(paths: readonly string[]): string {
  const hash = createHash('sha256')
  for (const path of paths) {
    const isFolder = statSync(join(ROOT, path)).isDirectory()
    const names = isFolder ? readdirSync(join(ROOT, path), { recursive: true, encoding: 'utf8' }).toSorted() : ['']
    for (const name of names) {
      const file = join(ROOT, path, name)
      if (name.endsWith('.md') || !existsSync(file) || !statSync(file).isFile()) continue
      hash.update(`${path}/${name}\0`).update(readFileSync(file))
    }
  }
  return hash.digest('hex').slice(0, 16)
}

function removeOld(): void {
  for (const name of readdirSync(BUILDS)) {
    const path = join(BUILDS, name)
    if (statSync(path).mtimeMs < Date.now() - KEEP_MS) rmSync(path, { recursive: true, force: true })
  }
}

/** A copy whose disk can be written to; it takes no more space than it holds. */
export function copyDisk(disk: string, to: string): void {
  execFileSync('cp', ['--sparse=always', '--reflink=auto', disk, to])
}
