/**
 * The kernel's modules that a box needs, with all that they need, and the tables by which `modprobe` finds them.
 *
 *   images/appliance/modules   patterns of paths --> seeds
 *   .modinfo of each           depends, softdep  --> what comes with them
 *                              alias             --> modules.alias
 *                              firmware          --> files to look for
 *
 * A softdep counts as a dependency: busybox's modprobe knows none, and without its PHY driver a Realtek card has no link.
 *
 * @see modules.dep(5), modprobe.d(5); the kernel's include/linux/module.h for the keys of .modinfo
 */
import { existsSync } from 'node:fs'
import { copyFile, glob, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { section } from './elf.ts'
import type { Tools } from './tools.ts'

export interface Module {
  /** As the kernel writes it: with underscores. */
  readonly name: string
  /** Below lib/modules/<release>, without `.xz`. */
  readonly path: string
  /** The module itself, unpacked. Never changed: it is signed. */
  readonly file: string
  readonly depends: readonly string[]
  readonly aliases: readonly string[]
  readonly firmware: readonly string[]
}

export interface ChosenModules {
  readonly release: string
  /** Sorted by path. */
  readonly modules: readonly Module[]
}

const PATTERNS = join(import.meta.dirname, '../modules')

/**
 * @param kernel - folder of the unpacked kernel package
 * @param unpacked - folder for modules without their compression; kept between builds
 */
export async function chooseModules(kernel: string, unpacked: string, tools: Tools): Promise<ChosenModules> {
  const root = join(kernel, 'usr/lib/modules')
  const [release = ''] = await readdir(root)
  const folder = join(root, release)
  const byName = new Map<string, string>()
  for await (const path of glob('kernel/**/*.ko.xz', { cwd: folder })) byName.set(nameOf(path), path)
  const chosen = new Map<string, Module>()
  const builtIn = (await readFile(join(folder, 'modules.builtin'), 'utf8')).split('\n')
  let wanted = seeds([...byName.values()], builtIn, await readFile(PATTERNS, 'utf8'))
  while (wanted.length > 0) {
    await decompress(wanted, folder, unpacked, tools)
    for (const path of wanted) chosen.set(nameOf(path), await readModule(path, unpacked))
    const next = [...chosen.values()].flatMap(({ depends }) => depends).filter((name) => !chosen.has(name))
    wanted = [...new Set(next)].flatMap((name) => byName.get(name) ?? []) // what is built in has no file
  }
  const modules = [...chosen.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1))
  return {
    release,
    modules: modules.map((module) => ({ ...module, depends: module.depends.filter((name) => chosen.has(name)) })),
  }
}

/** @throws Error naming a pattern that nothing matches: the next kernel may have renamed a driver */
function seeds(paths: readonly string[], builtIn: readonly string[], patterns: string): string[] {
  const found = new Set<string>()
  for (const line of patterns.split('\n')) {
    const [pattern = '', isOptional] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (pattern === '') continue
    const shape = new RegExp(`^kernel/${pattern.replaceAll('**', '.+').replaceAll(/(?<!\.)[*]/g, '[^/]*')}\\.ko$`)
    const matches = paths.filter((path) => shape.test(plain(path)))
    const isMissing = matches.length === 0 && isOptional === undefined && !builtIn.some((path) => shape.test(path))
    if (isMissing) throw new Error(`images/appliance/modules: the kernel has no ${pattern}`)
    for (const path of matches) found.add(path)
  }
  return [...found]
}

async function decompress(paths: readonly string[], from: string, to: string, tools: Tools): Promise<void> {
  const missing = paths.filter((path) => !existsSync(join(to, plain(path))))
  if (missing.length === 0) return
  const part = `${to}.${process.pid}`
  await mkdir(part, { recursive: true })
  await Promise.all(missing.map((path) => copyFile(join(from, path), join(part, basename(path)))))
  await tools.run('xz', '-dq', '--', ...missing.map((path) => join(part, basename(path))))
  for (const path of missing) {
    await mkdir(dirname(join(to, path)), { recursive: true })
    await rename(join(part, basename(plain(path))), join(to, plain(path)))
  }
  await rm(part, { recursive: true })
}

async function readModule(compressed: string, folder: string): Promise<Module> {
  const path = plain(compressed)
  const file = join(folder, path)
  const info = section(await readFile(file), '.modinfo')
    .toString('latin1')
    .split('\0')
  const all = (key: string): string[] =>
    info.flatMap((text) => (text.startsWith(`${key}=`) ? [text.slice(key.length + 1)] : []))
  const soft = all('softdep').flatMap((text) =>
    [...text.matchAll(/(?<=pre:[^:]*)\b[\w-]+(?=\s|$)/g)].map(([name]) => name),
  )
  const hard = all('depends')
    .flatMap((text) => text.split(','))
    .filter((name) => name !== '')
  return {
    name: nameOf(path),
    path,
    file,
    depends: [...new Set([...hard, ...soft].map((name) => name.replaceAll('-', '_')))],
    aliases: all('alias'),
    firmware: all('firmware'),
  }
}

function plain(path: string): string {
  return path.replace(/\.xz$/, '')
}

function nameOf(path: string): string {
  return basename(path)
    .replace(/\.ko(\.xz)?$/, '')
    .replaceAll('-', '_')
}

/** modules.dep: each module with all that it needs, what is needed first last. */
export function dependencyTable({ modules }: ChosenModules): string {
  const byName = new Map(modules.map((module) => [module.name, module]))
  const needs = (name: string, seen: Set<string>): Set<string> => {
    for (const dependency of byName.get(name)!.depends) {
      if (dependency === name) continue
      // What two of them need has to come after both.
      seen.delete(dependency)
      seen.add(dependency)
      needs(dependency, seen)
    }
    return seen
  }
  const line = ({ name, path }: Module): string => {
    const dependencies = [...needs(name, new Set())].map((other) => byName.get(other)!.path)
    return `${path}:${dependencies.map((other) => ` ${other}`).join('')}\n`
  }
  return modules.map(line).join('')
}

/** modules.alias: which module drives what a device says it is. */
export function aliasTable({ modules }: ChosenModules): string {
  return modules.flatMap(({ name, aliases }) => aliases.map((alias) => `alias ${alias} ${name}\n`)).join('')
}
