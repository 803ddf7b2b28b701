/**
 * The licences of everything inside, collected into one folder that goes along in each image.
 *
 *   NOTICE            what is inside, and where the source is (notice.ts)
 *   bootcfg           the licence of this project
 *   debian/NAME       the copyright file of each Debian package
 *   common-licenses/  the texts that those files name instead of repeating them
 *   npm/NAME@VERSION/ the licence files of each npm package, Node's own among them
 */
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import type { Component } from './component.ts'
import { notice } from './notice.ts'
import type { InstalledPackage } from './npm.ts'

export interface Components {
  readonly debian: readonly Component[]
  readonly npm: readonly InstalledPackage[]
}

export interface Places {
  /** Where Debian packages are unpacked: all in one root folder, or each in its own. */
  readonly roots: readonly string[]
  /** The project's folder, with its node_modules. */
  readonly project: string
}

/**
 * @param version - of this project
 * @throws Error with one line for people, naming the package whose licence is not there
 */
export async function collectLicences(
  version: string,
  { debian, npm }: Components,
  places: Places,
  to: string,
): Promise<void> {
  await write(join(to, 'NOTICE'), notice(version, [...debian, ...npm]))
  await write(join(to, 'bootcfg'), await readFile(join(places.project, 'LICENSE'), 'utf8'))
  for (const { name } of debian) await write(join(to, 'debian', name), await readCopyright(name, places.roots))
  for (const { name, version, folder } of npm) {
    await copyLicenceFiles(installedFolder(folder, places.project), join(to, 'npm', `${name}@${version}`))
  }
  await copyCommonLicences(places.roots, join(to, 'common-licenses'))
}

/**
 * A package may have that of another one, made of the same source: its folder is then a link to the other's.
 *
 * @throws Error with one line for people
 */
export async function readCopyright(name: string, roots: readonly string[]): Promise<string> {
  for (const root of roots) {
    const folder = join(root, 'usr/share/doc', name)
    const link = await readlink(folder).catch(() => undefined)
    if (link !== undefined) return readCopyright(basename(link), roots)
    const text = await readFile(join(folder, 'copyright'), 'utf8').catch(() => undefined)
    if (text !== undefined) return text
  }
  throw new Error(
    `the copyright file of the Debian package ${name} is in none of the unpacked packages: unpack ${name} too`,
  )
}

/** Of Node, only that for this system's processor is installed; the licence of the other one is the same. */
function installedFolder(folder: string, project: string): string {
  const folders = folder.startsWith(NODE) ? [folder, `${NODE}x64`, `${NODE}arm64`] : [folder]
  for (const one of folders) if (existsSync(join(project, one))) return join(project, one)
  throw new Error(`${folder} is not there: npm ci`)
}

const NODE = 'node_modules/node-linux-'

const LICENCE_FILE = /^(?:licen[cs]e|copying|notice|copyright|authors)/i

/** Few packages have none; then what they say of themselves stands for it. */
async function copyLicenceFiles(from: string, to: string): Promise<void> {
  const files = (await readdir(from)).filter((name) => LICENCE_FILE.test(name)).toSorted()
  for (const file of files) await write(join(to, file), await readFile(join(from, file), 'utf8'))
  if (files.length > 0) return
  const manifest: { author?: unknown; license?: unknown } = JSON.parse(
    await readFile(join(from, 'package.json'), 'utf8'),
  )
  await write(join(to, 'package.json'), JSON.stringify({ license: manifest.license, author: manifest.author }, null, 2))
}

/** Links among them (GPL is the newest GPL) stay links. */
async function copyCommonLicences(roots: readonly string[], to: string): Promise<void> {
  for (const root of roots) {
    const from = join(root, 'usr/share/common-licenses')
    const isThere = await readdir(from).catch(() => undefined)
    if (isThere !== undefined) return cp(from, to, { recursive: true, verbatimSymlinks: true })
  }
  throw new Error('usr/share/common-licenses is in none of the unpacked packages: unpack base-files too')
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}
