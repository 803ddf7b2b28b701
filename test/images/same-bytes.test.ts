/**
 * Two builds, the second one elsewhere and by somebody with other habits, are the same byte for byte. Nothing that a build
 * makes is taken over from the first: only the packages, whose hashes are looked at.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, cpSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

import { expect, onTestFinished, test } from 'vitest'

import { useImage } from '../support/built.ts'

const ROOT = join(import.meta.dirname, '../..')
const CACHE = process.env['BOOTCFG_IMAGE_CACHE'] ?? join(ROOT, '.cache/image')
const TIMEOUT = 900_000

const image = useImage()

test(
  'a build in another folder, time zone, language and umask makes the same disk',
  { timeout: TIMEOUT },
  async (context) => {
    const { folder } = image(context)
    const elsewhere = mkdtempSync(join(tmpdir(), 'bootcfg elsewhere-'))
    onTestFinished(() => rmSync(elsewhere, { recursive: true, force: true }))
    const project = join(elsewhere, 'project')
    copyProject(project)
    const cache = join(elsewhere, 'cache')
    for (const kind of ['debs', 'npm']) linkFiles(join(CACHE, kind), join(cache, kind))
    const out = join(elsewhere, 'out')
    const env = {
      PATH: process.env['PATH'],
      TZ: 'Asia/Tokyo',
      LANG: 'de_DE.UTF-8',
      LC_ALL: 'de_DE.UTF-8',
      BOOTCFG_UPDATE_KEY: join(folder, '../update-key.pem'),
    }
    const command = [
      'umask 077; exec "$@"',
      'sh',
      process.execPath,
      'images/appliance/build/main.ts',
      'amd64',
      cache,
      out,
      'disk',
    ]
    execFileSync('sh', ['-c', ...command], { cwd: project, env, stdio: 'pipe' })

    const made = readdirSync(out).filter((name) => name.endsWith('.img') || name.endsWith('.slot'))
    expect(made).toHaveLength(2)
    for (const name of made) {
      expect(await sha256(join(out, name)), name).toBe(await sha256(join(folder, name)))
    }
  },
)

function copyProject(to: string): void {
  mkdirSync(to)
  for (const name of ['images', 'src', 'scripts', 'package.json', 'package-lock.json', 'tsconfig.json', 'LICENSE']) {
    cpSync(join(ROOT, name), join(to, name), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(to, 'node_modules'))
}

function linkFiles(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(from)) symlinkOrLink(join(from, name), join(to, name))
}

function symlinkOrLink(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch {
    symlinkSync(from, to) // on another file system
  }
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
