/**
 * From a scan of the disk to a snapshot. What has not changed since the last time is taken over as it was compiled.
 */
import { join } from 'node:path'
import { setImmediate as others } from 'node:timers/promises'

import { ipxeScript } from '../boot-script.ts'
import type { ConfigFile } from '../configs.ts'
import { ConfigError } from '../errors.ts'
import { GroupIndex } from '../find-group.ts'
import type { Group } from '../groups.ts'
import { parseSpec } from '../specs.ts'
import { compile, isLiquid } from '../template/compile.ts'
import type { TemplateLimits } from '../template/template.ts'
import type { Pause } from '../turns.ts'
import { decodeUtf8 } from '../utf8.ts'
import { type GroupsFile, parseGroups } from './groups-file.ts'
import { readFile } from './read-file.ts'
import type { Snapshot, SpecFile } from './snapshot.ts'
import { type Scan, unreadable } from './tree.ts'

export interface Sources {
  /** The groups file. */
  readonly groupsPath: string
  readonly dataPath: string
  readonly fileBytesMax: number
  readonly templateLimits: TemplateLimits
  /** Files may have been edited on Windows: a byte order mark is left out, line ends become those of Unix. */
  readonly editedOnWindows?: boolean
}

/** What the disk looked like: two equal views give equal snapshots. */
export interface View {
  /** Stamp of the groups file. */
  readonly groups: string
  readonly data: Scan
}

export interface Loaded {
  readonly view: View
  readonly snapshot: Snapshot
  readonly parts: Parts
}

/**
 * @param previous - the last load, whose unchanged parts are used again
 * @param signal - gives the load up
 * @throws {ConfigError} when the groups file cannot be used; a broken file of the data directory is part of the snapshot
 */
export async function load(sources: Sources, view: View, previous?: Loaded, signal?: AbortSignal): Promise<Loaded> {
  const pause = (): Promise<void> => others(undefined, signal === undefined ? {} : { signal })
  const kept = previous?.view.groups === view.groups ? previous.snapshot.groups : undefined
  const groups = kept ?? (await GroupIndex.build(await usableGroups(sources, pause), pause))
  const parts = await loadParts(sources, view.data, previous?.parts, pause)
  return { view, snapshot: { groups, ...parts.content }, parts }
}

/** @throws {ConfigError} when the file cannot be read or is no YAML */
export async function readGroups(sources: Sources, pause?: Pause): Promise<GroupsFile> {
  return parseGroups(decodeUtf8(await readFile(sources.groupsPath, sources.fileBytesMax)), pause)
}

async function usableGroups(sources: Sources, pause: Pause): Promise<readonly Group[]> {
  const { groups, problems } = await readGroups(sources, pause)
  const [first, ...further] = problems
  if (first === undefined) return groups
  const more = further.length === 0 ? '' : ` (and ${further.length} more; bootcfg check lists them)`
  throw new ConfigError(first.code, `${first.message}${more}`, first)
}

/** The files of a data directory, compiled. */
export interface Parts {
  readonly scan: Scan
  readonly content: Omit<Snapshot, 'groups'>
  /** Sources of the Liquid partials, by path below `templates/`. */
  readonly partials: ReadonlyMap<string, string>
  /** Files that cannot be used, by path below the data directory. */
  readonly broken: ReadonlyMap<string, ConfigError>
}

const SPEC_PATH = /^specs\/(.+)\/spec\.json$/
const PARTIALS = 'templates/'

/** Never fails: what cannot be used is broken. */
export async function loadParts(sources: Sources, data: Scan, previous?: Parts, pause?: Pause): Promise<Parts> {
  const broken = new Map<string, ConfigError>()
  const specs = new Map<string, SpecFile>()
  const configs = { ignition: new Map<string, ConfigFile>(), cloud: new Map<string, ConfigFile>() }
  const partials = await readPartials(sources, data, broken)
  const samePartials = previous !== undefined && sameMap(partials, previous.partials)

  for (const [path, stamp] of data) {
    const forbidden = unreadable(stamp)
    if (forbidden !== undefined) {
      broken.set(path, new ConfigError('unreadable', `cannot be read: ${forbidden}`))
      continue
    }
    await pause?.()
    const isUnchanged = previous?.scan.get(path) === stamp && (samePartials || !isLiquid(path))
    const specId = SPEC_PATH.exec(path)?.[1]
    if (specId !== undefined) {
      const known = isUnchanged ? previous?.content.specs.get(specId) : undefined
      const file = known ?? (await readSpec(sources, path, specId))
      specs.set(specId, file)
      if (file.spec instanceof ConfigError) broken.set(path, file.spec)
      continue
    }
    const [, folder, id] = /^(ignition|cloud)\/(.+)$/.exec(path) ?? []
    if (id === undefined || (folder !== 'ignition' && folder !== 'cloud')) continue
    const known = isUnchanged ? previous?.content[folder].get(id) : undefined
    const file = known ?? (await readConfig(sources, path, partials))
    configs[folder].set(id, file)
    if (file.template instanceof ConfigError) broken.set(path, file.template)
  }
  return { scan: data, content: { specs, ...configs }, partials, broken }
}

async function readSpec(sources: Sources, path: string, id: string): Promise<SpecFile> {
  const read = await attempt(sources, path, (text) => {
    const spec = parseSpec(id, text)
    return { spec, script: spec.boot === null ? '' : ipxeScript(spec.boot) }
  })
  return read instanceof ConfigError ? { path, spec: read, script: '' } : { path, ...read }
}

/** Few and small: read every time. */
async function readPartials(
  sources: Sources,
  data: Scan,
  broken: Map<string, ConfigError>,
): Promise<Map<string, string>> {
  const partials = new Map<string, string>()
  for (const [path, stamp] of data) {
    if (!path.startsWith(PARTIALS) || unreadable(stamp) !== undefined) continue
    const source = await attempt(sources, path, (text) => text)
    if (source instanceof ConfigError) broken.set(path, source)
    else partials.set(path.slice(PARTIALS.length), source)
  }
  return partials
}

async function readConfig(sources: Sources, path: string, partials: ReadonlyMap<string, string>): Promise<ConfigFile> {
  const read = await attempt(sources, path, (text) => ({
    template: compile(path, text, partials, sources.templateLimits),
    literal: !/\{[{%]/.test(text),
  }))
  return read instanceof ConfigError ? { path, template: read, literal: false } : { path, ...read }
}

/** What the text of a file makes, or the error that keeps it from being anything. */
async function attempt<T>(sources: Sources, path: string, make: (text: string) => T): Promise<T | ConfigError> {
  try {
    return make(textOf(await readFile(join(sources.dataPath, path), sources.fileBytesMax), sources))
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
}

function textOf(bytes: Uint8Array, { editedOnWindows = false }: Sources): string {
  const text = decodeUtf8(bytes)
  return editedOnWindows ? text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n') : text
}

function sameMap(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)
}
