/**
 * Ignition and cloud-config files, from their text to what a machine gets. The server and the check both come through here.
 */
import { checkCloudConfig } from './cloud-config.ts'
import { ConfigError, type Position } from './errors.ts'
import type { Group } from './groups.ts'
import { renderIgnition as toIgnition } from './ignition/render.ts'
import { nameWithoutDialect } from './template/compile.ts'
import type { Template, Watch } from './template/template.ts'

/** Folder of the data directory, and the name of the spec's key without `_id`. */
export type Folder = 'ignition' | 'cloud'

export interface ConfigFile {
  /** As people find it: `ignition/node.yaml`. */
  readonly path: string
  /** Compiled, or why it could not be. */
  readonly template: Template | ConfigError
  /** Nothing in it is for a template engine: what is rendered is the file. */
  readonly literal: boolean
}

/**
 * The Ignition config of a group's machine as JSON.
 *
 * @param query - the raw query string; templates see it as `query`, in place of a metadata key of that name
 * @throws {ConfigError} and nothing else
 */
export function renderIgnition(file: ConfigFile, group: Group, query: string, watch?: Watch): string {
  const template = usable(file)
  const number = numberOf(template)
  if (group.sound === number) return template.render(group.metadata, watch)
  const text = template.render(group.metadata.with('query', query), watch)
  const json = placed(file, () => toIgnition(nameWithoutDialect(file.path), text))
  // It gives the group the same text again, so that looking through it once is enough, unless that depends on the request.
  if (json === text && !template.mayRead('query')) group.sound = number
  return json
}

/** By which a group names a template without keeping it: a script may edit one every minute. */
function numberOf(template: Template): number {
  let number = numbers.get(template)
  if (number === undefined) numbers.set(template, (number = ++lastNumber))
  return number
}

const numbers = new WeakMap<Template, number>()
let lastNumber = 0

/**
 * The cloud-config or script of a group's machine.
 *
 * @throws {ConfigError} and nothing else
 */
export function renderCloud(file: ConfigFile, group: Group, watch?: Watch): string {
  const text = usable(file).render(group.metadata, watch)
  placed(file, () => checkCloudConfig(text))
  return text
}

/** In a literal file a position in the rendered text is one in the file. */
function placed<T>(file: ConfigFile, check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof ConfigError) || !error.inRendered || !file.literal) throw error
    throw new ConfigError(error.code, error.message, { line: error.line, column: error.column })
  }
}

function usable(file: ConfigFile): Template {
  if (file.template instanceof ConfigError) throw file.template
  return file.template
}

/** Where in the file an error is, and its message without the place; a position in rendered text is put in words. */
export function locate(path: string, error: ConfigError): { at: Position; message: string } {
  const reason = error.message.replace(`template: ${path}:`, '').replace(/^\d+(:\d+)?: /, '')
  if (!error.inRendered || error.line === undefined) return { at: error, message: reason }
  const column = error.column === undefined ? '' : `, column ${error.column}`
  return { at: {}, message: `line ${error.line}${column} of the rendered text: ${reason}` }
}

/** One line for people: `ignition/node.yaml:3:12: reason`. */
export function describe(path: string, error: ConfigError): string {
  const { at, message } = locate(path, error)
  return `${[path, at.line, at.column].filter((part) => part !== undefined).join(':')}: ${message}`
}
