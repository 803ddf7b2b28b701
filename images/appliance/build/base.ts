/**
 * The part of the root file system that is not ours: Node, busybox, a few programs, the kernel's modules and firmware. Ours is
 * mounted at /app.
 *
 * It is nearly all of the work of a build and changes only with its inputs: so its file is kept in the cache folder.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { type Architecture, packageFor, unpack } from './inputs.ts'
import { aliasTable, type ChosenModules, dependencyTable } from './modules.ts'
import { pinnedNode } from './node.ts'
import { copyLibraries, type Parts, type Workshop } from './root.ts'
import { run } from './run.ts'
import { squash } from './squash.ts'
import { createTree, type Tree } from './tree.ts'

const BOX_LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  'libcap-ng0': ['libcap-ng.so.0'],
  libbsd0: ['libbsd.so.0'],
  libmd0: ['libmd.so.0'],
}
/** What the scripts use beside busybox. */
const BOX_PROGRAMS: Readonly<Record<string, string>> = {
  'util-linux': 'usr/bin/setpriv',
  dosfstools: 'usr/sbin/fsck.fat',
  rdate: 'usr/sbin/rdate',
}

/** The files that decide what is in it. */
const MAKERS = ['base.ts', 'elf.ts', 'modules.ts', 'node.ts', 'root.ts', 'squash.ts', 'tree.ts', '../modules'] as const

const KEEP_MS = 7 * 24 * 60 * 60 * 1000

/**
 * @param libs - folder that writeLibs wrote
 * @returns the squashfs file
 */
export async function makeBase(libs: string, parts: Workshop, modules: ChosenModules): Promise<string> {
  const { architecture, cache, work, epoch, tools } = parts
  const kept = join(cache, 'base', `${architecture}-${await keyOf(parts)}.sqfs`)
  await mkdir(dirname(kept), { recursive: true })
  await removeOld(dirname(kept))
  if (existsSync(kept)) {
    const now = new Date()
    await utimes(kept, now, now)
    return kept
  }
  const folder = join(work, 'base')
  await writeBase(folder, libs, parts, modules)
  const made = `${kept}.${process.pid}`
  await squash(folder, made, epoch, tools)
  await rename(made, kept)
  await rm(folder, { recursive: true })
  return kept
}

/** Of everything that it is made of, and of how. */
async function keyOf({ architecture, inputs, epoch }: Workshop): Promise<string> {
  const hash = createHash('sha256')
  for (const input of inputs) if (input.for === architecture || input.for === 'tools') hash.update(`${input.sha256} `)
  hash.update(`${epoch} ${JSON.stringify(await pinnedNode(architecture))}`)
  for (const name of MAKERS) hash.update(await readFile(join(import.meta.dirname, name)))
  return hash.digest('hex').slice(0, 16)
}

/** What no build has used for a week, or left behind. */
async function removeOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const facts = await stat(path).catch(() => undefined)
    if (facts !== undefined && facts.mtimeMs < Date.now() - KEEP_MS) await rm(path, { force: true })
  }
}

async function writeBase(folder: string, libs: string, wanted: Parts, modules: ChosenModules): Promise<void> {
  const { architecture, inputs, cache } = wanted
  const tree = createTree(folder)
  await tree.copy(libs, '.')
  // The kernel calls /sbin/modprobe.
  await tree.link('sbin', 'usr/bin')
  await tree.link('usr/sbin', 'bin')
  for (const [name, program] of Object.entries(BOX_PROGRAMS)) {
    const from = await unpack(packageFor(inputs, architecture, name), cache)
    await tree.program(`usr/bin/${basename(program)}`, await readFile(join(from, program)))
  }
  for (const [name, files] of Object.entries(BOX_LIBRARIES)) {
    await copyLibraries(tree, await unpack(packageFor(inputs, architecture, name), cache), files, architecture)
  }
  await writeBusybox(tree, wanted)
  await tree.folders('proc', 'sys', 'dev', 'run', 'tmp', 'data', 'var', 'root', 'app')
  await tree.link('etc', 'app/etc')
  await tree.link('usr/lib/box', '/app/box')
  await tree.link('usr/share/licenses', '/app/licenses')
  await writeModules(tree, modules)
  await writeFirmware(tree, wanted, modules)
}

async function writeBusybox(tree: Tree, { architecture, inputs, cache }: Parts): Promise<void> {
  const busyboxOf = async (use: Architecture): Promise<string> =>
    join(await unpack(packageFor(inputs, use, 'busybox-static'), cache), 'usr/bin/busybox')
  await tree.program('usr/bin/busybox', await readFile(await busyboxOf(architecture)))
  // The same version for both: the one that runs here says what it can.
  const applets = (await run([await busyboxOf('amd64'), '--list'])).toString().trim().split('\n')
  for (const applet of applets) {
    if (applet !== 'busybox' && !existsSync(join(tree.folder, 'usr/bin', applet)))
      await tree.link(`usr/bin/${applet}`, 'busybox')
  }
}

async function writeModules(tree: Tree, modules: ChosenModules): Promise<void> {
  const folder = `usr/lib/modules/${modules.release}`
  for (const { path, file } of modules.modules) await tree.file(`${folder}/${path}`, await readFile(file))
  await tree.file(`${folder}/modules.dep`, dependencyTable(modules))
  await tree.file(`${folder}/modules.alias`, aliasTable(modules))
}

/** What the chosen modules may ask for, as far as Debian has it. */
async function writeFirmware(
  tree: Tree,
  { architecture, inputs, cache }: Parts,
  { modules }: ChosenModules,
): Promise<void> {
  const packages = inputs.filter((input) => input.for === architecture && input.name.startsWith('firmware-'))
  const roots = await Promise.all(packages.map(async (input) => join(await unpack(input, cache), 'usr/lib/firmware')))
  const asked = new Set(modules.flatMap(({ firmware }) => firmware))
  for (const name of [...asked].toSorted()) {
    const root = roots.find((root) => existsSync(join(root, name)))
    if (root !== undefined) await tree.file(`usr/lib/firmware/${name}`, await readFile(join(root, name)))
  }
}
