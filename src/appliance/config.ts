/**
 * The text of `appliance.yaml` to what it asks for, or to all that is wrong with it, each with its line. Pure.
 *
 * The YAML is read as the rest of the data is (`core/yaml`): CRLF and a byte order mark are fine, what expands without end is
 * refused. Scalars stay the text that was written: to YAML 1.1 `off` is false and `010` is eight, to a person they are not.
 */
import { z } from 'zod'

import { ConfigError } from '../core/errors.ts'
import { positionAt } from '../core/position.ts'
import type { YamlNode } from '../core/yaml/node.ts'
import { parseYaml } from '../core/yaml/parse.ts'
import { isNull } from '../core/yaml/value.ts'
import { nearest } from './nearest.ts'
import { type ApplianceConfig, applianceSchema, DEFAULTS, interfaceSchema, logSchema, modulesSchema } from './schema.ts'

export interface ReadConfig {
  /** The defaults where there is a problem: half of what somebody wanted is what nobody wanted. */
  readonly config: ApplianceConfig
  /** Each a sentence that begins with the line, in the order of the file. */
  readonly problems: readonly string[]
}

/** A file of comments is a tenth of it. More than this is no `appliance.yaml`. */
export const CONFIG_BYTES_MAX = 64 << 10
const PROBLEMS_MAX = 50
const SHOWN_MAX = 40

type Path = readonly PropertyKey[]

interface Problem {
  readonly offset: number
  readonly message: string
}

/** @param text - of the file, whole */
export function readConfig(text: string): ReadConfig {
  const found: Problem[] = []
  try {
    const root = parseYaml(text)
    if (root === undefined || isNull(root)) return { config: DEFAULTS, problems: [] }
    const plain = plainOf(root, found)
    const parsed = applianceSchema.safeParse(plain)
    if (parsed.success && found.length === 0) return { config: parsed.data, problems: [] }
    for (const issue of parsed.error?.issues ?? []) found.push(...problemsOf(issue, root))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { config: DEFAULTS, problems: [`line ${error.line ?? 1}: ${error.message}`] }
  }
  const said = found
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ offset, message }) => `line ${positionAt(text, offset).line}: ${message}`)
  const more = said.length > PROBLEMS_MAX ? [`and ${said.length - PROBLEMS_MAX} more problems`] : []
  return { config: DEFAULTS, problems: [...said.slice(0, PROBLEMS_MAX), ...more] }
}

/** Scalars as their text, what is null as if it were not there; a key that comes twice is a problem. */
function plainOf(node: YamlNode, found: Problem[]): unknown {
  if (isNull(node)) return undefined
  if (node.kind === 'scalar') return node.text
  if (node.kind === 'sequence') return node.items.map((item) => plainOf(item, found))
  const entries = new Map<string, unknown>()
  for (const [at, key] of node.keys.entries()) {
    const name = key.kind === 'scalar' ? key.text : '[...]'
    if (entries.has(name)) found.push({ offset: key.offset, message: `${shown(name)}: the key stands there twice` })
    entries.set(name, plainOf(node.values[at]!, found))
  }
  return Object.fromEntries(entries)
}

function problemsOf(issue: z.core.$ZodIssue, root: YamlNode): Problem[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, issue.path, root))
  const { offset, text } = placeOf(issue.path, root)
  const name = pathText(issue.path)
  const written = text !== undefined && issue.message.startsWith('expected') ? `, not ${shown(text)}` : ''
  return [{ offset, message: `${name === '' ? '' : `${name}: `}${issue.message}${written}` }]
}

function unknownKey(key: string, parent: Path, root: YamlNode): Problem {
  const path = [...parent, key]
  const near = nearest(key, knownKeys(parent))
  const hint = near === undefined ? '' : `, did you mean ${near}?`
  return { offset: placeOf(path, root).offset, message: `${pathText(path)}: there is no such key${hint}` }
}

/** Where a path leads as far as it can be followed: the offset of its last key or item, and what stands there if it is a scalar. */
function placeOf(path: Path, root: YamlNode): { offset: number; text: string | undefined } {
  let node = root
  let { offset } = root
  for (const step of path) {
    if (node.kind === 'sequence') {
      node = node.items[Number(step)] ?? node
      ;({ offset } = node)
    } else if (node.kind === 'mapping' && typeof step === 'string') {
      const at = node.keys.findLastIndex((key) => key.kind === 'scalar' && key.text === step)
      if (at < 0) break
      ;({ offset } = node.keys[at]!)
      node = node.values[at]!
    } // else one interface, which stands for a list of one
  }
  return { offset, text: node.kind === 'scalar' && !isNull(node) ? node.text : undefined }
}

function knownKeys(path: Path): string[] {
  const shapes: Readonly<Record<string, z.ZodRawShape>> = {
    '': applianceSchema.shape,
    network: interfaceSchema.shape,
    modules: modulesSchema.shape,
    'modules.http': modulesSchema.shape.http.unwrap().shape,
    log: logSchema.shape,
  }
  return Object.keys(shapes[path.filter((step) => typeof step === 'string').join('.')] ?? {})
}

/** `network[2].address`: counted from 1, as people do. */
function pathText(path: Path): string {
  const steps = path.map((step) => (typeof step === 'number' ? `[${step + 1}]` : `.${shown(String(step))}`))
  return steps.join('').replace(/^\./, '')
}

/** What somebody wrote, in one line and short. */
function shown(text: string): string {
  const line = text.replaceAll(/[\s\p{C}]+/gu, ' ')
  return line.length > SHOWN_MAX ? `${line.slice(0, SHOWN_MAX)}...` : line
}
