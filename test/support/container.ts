/**
 * The container as scripts/image makes it, without the appliance beside it: what takes a minute there takes a quarter here.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

import { readManifest, ROOT } from '../../images/appliance/build/bundle.ts'
import { readLock } from '../../images/appliance/build/inputs.ts'
import { writeApp, writeLibs } from '../../images/appliance/build/root.ts'
import { writeRelease } from '../../images/release.ts'
import { lookInside } from '../../images/sbom/inside.ts'
import type { Host } from './lab.ts'
import { missingPackages, type Requirement } from './requirements.ts'

/** Of the processor that the tests run on; scripts/image wants no other. */
const ARCHITECTURE = 'amd64'

const REQUIREMENTS: readonly Requirement[] = [
  ['dpkg-deb', 'dpkg'],
  ['curl', 'curl'],
]

export interface BuiltContainer {
  readonly version: string
  readonly architecture: string
  readonly layout: string
  readonly archive: string
  /** The bill of materials. */
  readonly bill: string
}

/** @returns why not, where it cannot be had */
export async function buildContainer(folder: string): Promise<BuiltContainer | string> {
  const missing = missingPackages(REQUIREMENTS)
  if (missing.length > 0) return `needs the Debian packages ${missing.join(' ')}`
  const { status, stderr } = spawnSync(join(ROOT, 'scripts/image'), ['fetch', ARCHITECTURE], { encoding: 'utf8' })
  if (status !== 0) return `cannot fetch what the container is made of: ${stderr.trim()}`
  const { version } = await readManifest(ROOT)
  const { inputs, epoch } = await readLock()
  const parts = { architecture: ARCHITECTURE, inputs, cache: imageCache() } as const
  const [libs, app] = [join(folder, 'libs'), join(folder, 'app')]
  await writeLibs(libs, parts)
  const modules = await writeApp(app, parts)
  const found = await lookInside({ ...parts, lock: { inputs, epoch }, project: ROOT, modules })
  const made = await writeRelease({ version, epoch, architecture: ARCHITECTURE, libs, app, found }, folder)
  return { ...made, version, architecture: ARCHITECTURE }
}

/** As scripts/image has it. */
function imageCache(): string {
  const { BOOTCFG_IMAGE_CACHE, XDG_CACHE_HOME } = process.env
  if (BOOTCFG_IMAGE_CACHE) return BOOTCFG_IMAGE_CACHE
  return XDG_CACHE_HOME ? join(XDG_CACHE_HOME, 'bootcfg-image') : join(ROOT, '.cache/image')
}

/** What the server in the lab's host 10.9.0.2 answers to another host; nothing while it does not. */
export async function answered(machine: Host, path: string): Promise<string> {
  try {
    return (await machine.run('curl', '--silent', '--fail', '--max-time', '2', `http://10.9.0.2:8080${path}`)).stdout
  } catch {
    return ''
  }
}
