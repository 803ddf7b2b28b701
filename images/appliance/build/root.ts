/**
 * What the appliance and the container have in common, as two folders.
 *
 *   libs   Node and the libraries that it is linked with
 *   app    /app: server, root's tool, iPXE, default data
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { readUpdateKey, type UpdateKey } from '../../../scripts/lib/update-bundle.ts'
import { bundleBox, bundleServer, readManifest, ROOT } from './bundle.ts'
import { type Architecture, type Input, packageFor, sha256Of, unpack } from './inputs.ts'
import { nodeProgram } from './node.ts'
import { run } from './run.ts'
import type { Tools } from './tools.ts'
import { createTree, type Tree } from './tree.ts'

const OWN = join(import.meta.dirname, '..')

/** As the linker and each other name them. */
const NODE_LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  libc6: [
    'libc.so.6',
    'libm.so.6',
    'libdl.so.2',
    'libpthread.so.0',
    'librt.so.1',
    'libresolv.so.2',
    'libnss_dns.so.2',
    'libnss_files.so.2',
  ],
  'libstdc++6': ['libstdc++.so.6'],
  'libgcc-s1': ['libgcc_s.so.1'],
  libatomic1: ['libatomic.so.1'],
}
const LOADERS = { amd64: ['lib64', 'ld-linux-x86-64.so.2'], arm64: ['lib', 'ld-linux-aarch64.so.1'] } as const
const TRIPLETS = { amd64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' } as const

export interface Parts {
  readonly architecture: Architecture
  readonly inputs: readonly Input[]
  readonly cache: string
}

/** What every later step of a build works with. */
export interface Workshop extends Parts {
  /** For files on the way. */
  readonly work: string
  /** Seconds since 1970: the time of everything in the image. */
  readonly epoch: number
  readonly tools: Tools
}

/** @returns Node's version */
export async function writeLibs(folder: string, { architecture, inputs, cache }: Parts): Promise<string> {
  const tree = createTree(folder)
  const { version, program } = await nodeProgram(architecture, cache)
  await tree.program('usr/bin/node', program)
  for (const [name, files] of Object.entries(NODE_LIBRARIES)) {
    await copyLibraries(tree, await unpack(packageFor(inputs, architecture, name), cache), files, architecture)
  }
  const libc = await unpack(packageFor(inputs, architecture, 'libc6'), cache)
  const [place, loader] = LOADERS[architecture]
  await tree.program(`usr/${place}/${loader}`, await readFile(join(libc, 'usr/lib', TRIPLETS[architecture], loader)))
  for (const merged of ['bin', 'lib', ...(place === 'lib64' ? ['lib64'] : [])]) await tree.link(merged, `usr/${merged}`)
  return version
}

export async function copyLibraries(
  tree: Tree,
  from: string,
  files: readonly string[],
  architecture: Architecture,
): Promise<void> {
  for (const file of files) {
    const path = join('usr/lib', TRIPLETS[architecture], file)
    await tree.program(path, await readFile(join(from, path)))
  }
}

/** @returns paths of all that the bundles were made of */
export async function writeApp(folder: string, { architecture, inputs, cache }: Parts): Promise<string[]> {
  const tree = createTree(folder)
  const modules = [...(await bundleServer(join(folder, 'app'))), ...(await bundleBox(join(folder, 'app')))]
  await tree.file('app/VERSION', `${(await readManifest(ROOT)).version}\n`)
  await tree.file('app/ARCHITECTURE', `${architecture}\n`)
  await tree.copy(join(OWN, 'data'), 'app/data')
  await copyFirmwareForMachines(
    tree,
    join(await unpack(packageFor(inputs, architecture, 'ipxe'), cache), 'usr/lib/ipxe'),
  )
  const key = await updateKey()
  if (key !== undefined) await tree.file('app/update-key.pub', key.publicPem)
  await run(['chmod', '-R', 'u=rwX,go=rX', folder])
  return modules
}

/** The key that the box's updates are signed with: a file that BOOTCFG_UPDATE_KEY names. Without one it takes none. */
export async function updateKey(): Promise<UpdateKey | undefined> {
  const path = process.env['BOOTCFG_UPDATE_KEY']
  return path ? readUpdateKey(path) : undefined
}

/** iPXE, the files that images/firmware/SHA256SUMS pins. */
async function copyFirmwareForMachines(tree: Tree, from: string): Promise<void> {
  const pins = await readFile(join(ROOT, 'images/firmware/SHA256SUMS'), 'utf8')
  for (const [, hash, name] of pins.matchAll(/^([0-9a-f]{64}) {2}(.*)$/gm)) {
    if (name!.endsWith('.deb')) continue
    const file = join(from, name!)
    if ((await sha256Of(file)) !== hash)
      throw new Error(`${name} of the package ipxe is not what images/firmware/SHA256SUMS pins`)
    await tree.file(`app/firmware/${name}`, await readFile(file))
  }
}

/** What is this project's own in a box, besides `app`: the scripts of root/. */
export async function writeScripts(folder: string): Promise<void> {
  const tree = createTree(folder)
  await tree.copy(join(OWN, 'root/etc'), 'etc')
  await tree.copy(join(OWN, 'root/lib/box'), 'box')
  await tree.link('etc/resolv.conf', '/run/resolv.conf')
}
