/**
 * What the appliance is made of: Debian packages by hash, kept and unpacked in the cache folder.
 *
 *   inputs.lock --scripts/image--> cache/debs/*.deb --here--> cache/unpacked/<hash>/
 *
 * A package is looked at byte for byte before it is unpacked; what is unpacked is taken for what it was.
 */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'

import { run } from './run.ts'

export type Architecture = 'amd64' | 'arm64'

/** One line of inputs.lock. */
export interface Input {
  /** `tools` run during the build; the others are in the appliance. */
  readonly for: Architecture | 'tools'
  readonly name: string
  readonly version: string
  readonly sha256: string
  readonly bytes: number
  /** Below the archive's root. */
  readonly path: string
}

export interface Lock {
  readonly inputs: readonly Input[]
  /** Seconds since 1970: the time of everything in the image. */
  readonly epoch: number
}

const LOCK = join(import.meta.dirname, '../inputs.lock')

export async function readLock(): Promise<Lock> {
  return parseLock(await readFile(LOCK, 'utf8'))
}

/** @throws Error naming the line that is none */
export function parseLock(text: string): Lock {
  const lines = text.split('\n').filter((line) => line !== '')
  const moment = /^# (\d{4})(\d\d)(\d\d)T000000Z is/m.exec(text)
  if (moment === null) throw new Error('inputs.lock: no line says when it was made')
  const [, year, month, day] = moment
  const inputs = lines.filter((line) => !line.startsWith('#')).map(parseInput)
  return { inputs, epoch: Date.parse(`${year}-${month}-${day}T00:00:00Z`) / 1000 }
}

function parseInput(line: string): Input {
  const [use, name = '', version = '', sha256 = '', bytes, , path = ''] = line.split(' ')
  if (use !== 'amd64' && use !== 'arm64' && use !== 'tools') throw new Error(`inputs.lock: not a package: ${line}`)
  return { for: use, name, version, sha256, bytes: Number(bytes), path }
}

/** @returns the one package of the appliance for `architecture` whose name matches */
export function packageFor(inputs: readonly Input[], use: Input['for'], name: string | RegExp): Input {
  const found = inputs.find(
    (input) => input.for === use && (name instanceof RegExp ? name.test(input.name) : input.name === name),
  )
  if (found === undefined) throw new Error(`inputs.lock has no ${String(name)} for ${use}: scripts/image lock`)
  return found
}

/** @returns the folder with what the package holds */
export async function unpack(input: Input, cache: string): Promise<string> {
  const folder = join(cache, 'unpacked', `${input.name}-${input.sha256.slice(0, 16)}`)
  if (existsSync(folder)) return folder
  const file = join(cache, 'debs', basename(input.path))
  const found = await sha256Of(file)
  if (found !== input.sha256) throw new Error(`${file} is not what inputs.lock pins (SHA-256 ${found}): delete it`)
  await mkdir(join(cache, 'unpacked'), { recursive: true })
  const part = await mkdtemp(`${folder}.`)
  await run(['dpkg-deb', '-x', file, part])
  await rename(part, folder).catch(async (error: unknown) => {
    if (!existsSync(folder)) throw error
    await rm(part, { recursive: true }) // another build was faster
  })
  return folder
}

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
