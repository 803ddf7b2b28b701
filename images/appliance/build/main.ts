/**
 * `scripts/image` behind the fetching: one architecture, from packages to the files of `dist/`, in the order in which each
 * needs those before it.
 *
 *   node images/appliance/build/main.ts amd64|arm64 CACHE OUTPUT [disk]
 */
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

import { type BundleFacts, makeBundle } from '../../../scripts/lib/update-bundle.ts'
import { writeRelease } from '../../release.ts'
import { lookInside } from '../../sbom/inside.ts'
import { collectLicences } from '../../sbom/licences.ts'
import { makeBase } from './base.ts'
import { readManifest, ROOT } from './bundle.ts'
import { emptyFolder, makeDisk, makeSlot } from './disk.ts'
import { type Architecture, packageFor, readLock, sha256Of, unpack } from './inputs.ts'
import { makeIso } from './iso.ts'
import { chooseModules } from './modules.ts'
import { updateKey, writeApp, writeLibs, writeScripts, type Workshop } from './root.ts'
import { squash } from './squash.ts'
import { makeSystem, type System } from './system.ts'
import { openTools, type Tools } from './tools.ts'
import { createTree } from './tree.ts'

const KINDS = ['.img', '.img.xz', '.iso', '.slot', '.bootcfg-update'] as const

interface Wanted {
  readonly architecture: Architecture
  readonly cache: string
  readonly output: string
  /** The disk image and the slot, and nothing else. */
  readonly isDiskOnly: boolean
}

async function build({ architecture, cache, output, isDiskOnly }: Wanted): Promise<void> {
  const { inputs, epoch } = await readLock()
  const { version } = await readManifest(ROOT)
  const name = `bootcfg-${version}-${architecture}`
  const work = await emptyFolder(join(output, `.${name}`))
  const ready = await emptyFolder(join(work, 'ready'))
  const tools = await openTools(inputs, cache, epoch)
  const parts = { architecture, inputs, cache, work, epoch, tools }

  const [libs, app] = [join(work, 'libs'), join(work, 'app')]
  await writeLibs(libs, parts)
  const bundled = await writeApp(app, parts)
  const found = await lookInside({ lock: { inputs, epoch }, architecture, cache, project: ROOT, modules: bundled })
  const licences = (folder: string): Promise<void> => collectLicences(version, found.box, found.places, folder)
  const system = await makeWholeSystem(libs, app, licences, parts)
  const slot = join(ready, `${name}.slot`)
  await rename(await makeSlot(system, parts), slot)
  await makeDisk(join(ready, `${name}.img`), slot, parts)
  const facts = { version, arch: architecture, minimum: '0.0.0', created: epoch } as const
  await makeUpdate(join(ready, `${name}.bootcfg-update`), slot, facts)
  if (!isDiskOnly) {
    await makeIso(join(ready, `${name}.iso`), system, parts)
    await compress(join(ready, `${name}.img`), tools)
    await writeRelease({ version, epoch, architecture, libs, app, found }, output)
  }
  // What is left of another build would not go with this one.
  for (const kind of KINDS) await rm(join(output, `${name}${kind}`), { force: true })
  for (const file of await readdir(ready)) await rename(join(ready, file), join(output, file))
  await rm(work, { recursive: true })
  await writeSums(output, version)
}

/** @param licences - writes them to a folder */
async function makeWholeSystem(
  libs: string,
  app: string,
  licences: (folder: string) => Promise<void>,
  parts: Workshop,
): Promise<System> {
  const { architecture, inputs, cache, work, epoch, tools } = parts
  const kernel = await unpack(packageFor(inputs, architecture, /^linux-image-/), cache)
  const modules = await chooseModules(kernel, join(cache, 'modules', basename(kernel)), tools)
  const base = await makeBase(libs, parts, modules)
  const own = join(work, 'own')
  await createTree(own).copy(join(app, 'app'), '.')
  await writeScripts(own)
  await licences(join(own, 'licenses'))
  const file = join(work, 'app.sqfs')
  await squash(own, file, epoch, tools)
  const busybox = join(await unpack(packageFor(inputs, architecture, 'busybox-static'), cache), 'usr/bin/busybox')
  return makeSystem(kernel, busybox, modules, { 'base.sqfs': base, 'app.sqfs': file })
}

/** The bundle that brings a box to this version, if there is a key to sign it with. */
async function makeUpdate(file: string, slot: string, facts: BundleFacts): Promise<void> {
  const key = await updateKey()
  if (key?.privateKey !== undefined) await writeFile(file, makeBundle(await readFile(slot), facts, key.privateKey))
}

/**
 * Nearly all of it is compressed already: the fastest level does. In blocks of a fixed size, so that the bytes do not depend on
 * how many processors do it.
 */
async function compress(file: string, tools: Tools): Promise<void> {
  await tools.run('xz', '-k', '-0', '-T0', '--block-size=16MiB', '--memlimit-compress=2GiB', '--no-adjust', file)
}

/** SHA256SUMS, of every file of this version that is there: of the other architecture as well. */
async function writeSums(output: string, version: string): Promise<void> {
  const names = await readdir(output, { withFileTypes: true })
  const files = names
    .filter((entry) => entry.isFile() && entry.name.startsWith(`bootcfg-${version}-`))
    .map(({ name }) => name)
  const lines = files.toSorted().map(async (name) => `${await sha256Of(join(output, name))}  ${name}\n`)
  await writeFile(join(output, 'SHA256SUMS'), (await Promise.all(lines)).join(''))
}

const [architecture, cache, output, what] = process.argv.slice(2)
if ((architecture !== 'amd64' && architecture !== 'arm64') || cache === undefined || output === undefined) {
  throw new Error('expected amd64 or arm64, the cache folder and the output folder')
}
process.umask(0o022)
await build({ architecture, cache, output, isDiskOnly: what === 'disk' })
