/**
 * The groups file: YAML text to groups.
 *
 * A file of a hundred thousand groups must neither hold up the machines that are being served while it is read nor cost
 * ten times its size in memory. So a long block sequence under `groups:` is cut at its items into pieces that are parsed
 * one by one, with a pause for others in between. The cut is only ever a short cut: whatever it does not understand
 * (flow style, an alias into another piece, an error at a cut) is parsed again as a whole, and that result counts.
 */
import { ConfigError } from '../errors.ts'
import type { Group, Requirement } from '../groups.ts'
import { isMacKey } from '../labels.ts'
import { normalizeMac } from '../mac.ts'
import { ownText } from '../own-text.ts'
import { NO_PAUSE, type Pause } from '../turns.ts'
import { compareBytes } from '../utf8.ts'
import { ValueMap } from '../value.ts'
import type { YamlMapping, YamlNode } from '../yaml/node.ts'
import { parseYaml } from '../yaml/parse.ts'
import { entriesOf, isNull, sourceText, toValue } from '../yaml/value.ts'

const API_VERSION = 'v1alpha1'

/** Shorter texts are parsed at once. */
const PIECES_FROM = 1 << 20
const PIECE_LENGTH = 256 << 10

export interface GroupsFile {
  readonly groups: readonly Group[]
  /** All that keeps the file from being used, in the order of the file. */
  readonly problems: readonly ConfigError[]
}

/**
 * Read a groups file as far as it can be read.
 *
 * @param pause - lets others have a turn; a long text is read in many of them
 * @throws {ConfigError} `yaml` where the text as a whole is no YAML; everything else is in `problems`
 */
export async function parseGroups(text: string, pause: Pause = NO_PAUSE): Promise<GroupsFile> {
  if (text.length < PIECES_FROM) return parseWhole(text)
  await pause()
  const pieces = cutAtItems(text, PIECE_LENGTH)
  return (pieces && (await parsePieces(pieces, pause))) ?? parseWhole(text)
}

/** The reference: the whole text at once. */
export function parseWhole(text: string): GroupsFile {
  const reader = new Reader()
  reader.enter(text, 1)
  const root = parseYaml(text)
  if (root?.kind !== 'mapping') {
    reader.problem('expected a mapping with api_version and groups', root?.offset ?? 0)
    return reader.file()
  }
  reader.version(root)
  reader.groups(lastValue(root, 'groups'))
  return reader.file()
}

/**
 * The pieces one after the other; undefined where only the whole text can tell.
 *
 * @throws {ConfigError} `yaml` where a piece is no YAML for a reason that the whole text has too
 */
export async function parsePieces({ rest, pieces }: Pieces, pause: Pause = NO_PAUSE): Promise<GroupsFile | undefined> {
  const reader = new Reader()
  reader.enter(rest, 1)
  const root = parsed(rest)
  if (root instanceof ConfigError || root?.kind !== 'mapping') return undefined
  const [groups, ...again] = root.values.filter((_, at) => fieldName(root.keys[at]!) === 'groups')
  if (groups === undefined || again.length > 0 || !isNull(groups)) return undefined
  reader.version(root)
  if (reader.file().problems.length > 0) return undefined // its line is that of the whole text
  for (const [at, piece] of pieces.entries()) {
    await pause()
    const items = parsed(piece.text)
    if (items instanceof ConfigError) return surely(piece, pieces[at + 1])
    if (items?.kind !== 'sequence') return undefined
    reader.enter(piece.text, piece.line)
    reader.groups(items)
  }
  return reader.file()
}

function parsed(text: string): YamlNode | ConfigError | undefined {
  try {
    return parseYaml(text)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
}

/**
 * The error of a piece, if it is none of the cut: with the next piece behind it, it is still the same.
 *
 * @throws {ConfigError} that error, with its line in the file
 */
function surely(piece: Piece, next: Piece | undefined): undefined {
  // In its place below a key: at the top of a text some errors read differently.
  const error = parsed(`groups:\n${piece.text}`)
  const again = parsed(`groups:\n${piece.text}${next?.text ?? ''}`)
  if (!(error instanceof ConfigError && again instanceof ConfigError) || error.line === undefined) return undefined
  if (next === undefined || again.message !== error.message) return undefined
  if (again.line !== error.line || again.column !== error.column) return undefined
  throw new ConfigError(error.code, error.message, { line: piece.line + error.line - 2, column: error.column })
}

export interface Pieces {
  /** The file with nothing under `groups:`. */
  readonly rest: string
  /** Items, each piece a block sequence of its own, with the line of the file on which it starts. */
  readonly pieces: readonly Piece[]
}

interface Piece {
  readonly text: string
  /** Of the file, from 1. */
  readonly line: number
}

const GROUPS_LINE = /^groups:[ \t]*(?:#.*)?\r?\n/m
/** What may be an alias. An anchor may be set again later and then counts everywhere, so no piece stands for itself. */
const MAYBE_ALIAS = /[\s[{,:]\*\S/

/**
 * Cut a file at the items of its block sequence of groups, into pieces of about `length`.
 *
 * @returns undefined where the text is not of that form
 */
export function cutAtItems(text: string, length: number): Pieces | undefined {
  const header = GROUPS_LINE.exec(text)
  if (header === null || MAYBE_ALIAS.test(text)) return undefined
  const start = header.index + header[0].length
  const indent = /^(?:[ \t]*(?:#.*)?\r?\n)*( *)- /.exec(text.slice(start, start + PIECE_LENGTH))?.[1]
  if (indent === undefined) return undefined
  const end = endOfBlock(text, start, indent)
  const pieces: { text: string; line: number }[] = []
  const item = `\n${indent}- `
  let line = lineCount(text, 0, start) + 1
  for (let from = start; from < end;) {
    const next = text.indexOf(item, from + length)
    const to = next < 0 || next + 1 > end ? end : next + 1
    pieces.push({ text: text.slice(from, to), line })
    line += lineCount(text, from, to)
    from = to
  }
  return { rest: text.slice(0, start) + text.slice(end), pieces }
}

/** The block ends before the first line that is indented less than its items, or as much and is no item. */
function endOfBlock(text: string, start: number, indent: string): number {
  const outside = new RegExp(`^(?! {${indent.length + 1}}|[ \\t]*(?:#|\\r?$)|${indent}- |${indent}-\\r?$)`, 'gm')
  outside.lastIndex = start
  return outside.exec(text)?.index ?? text.length
}

function lineCount(text: string, from: number, to: number): number {
  let lines = 0
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) lines += 1
  return lines
}

/** Collects groups and problems from nodes; counts lines as it goes forward. */
class Reader {
  readonly #groups: Group[] = []
  readonly #problems: ConfigError[] = []
  #text = ''
  #firstLine = 1
  readonly #keys = new Map<string, string>()
  /** A place behind which the lines are counted: nodes come in the order of the text. */
  #counted = { offset: 0, line: 1 }

  enter(text: string, firstLine: number): void {
    this.#text = text
    this.#firstLine = firstLine
    this.#counted = { offset: 0, line: firstLine }
  }

  file(): GroupsFile {
    return { groups: this.#groups, problems: this.#problems }
  }

  problem(message: string, offset: number): void {
    this.#problems.push(new ConfigError('groups', message, { line: this.#line(offset) }))
  }

  version(root: YamlMapping): void {
    const node = lastValue(root, 'api_version')
    const version = node?.kind === 'scalar' ? sourceText(node) : ''
    if (version === API_VERSION) return
    this.problem(`api_version must be ${API_VERSION}, not ${JSON.stringify(version)}`, node?.offset ?? root.offset)
  }

  groups(list: YamlNode | undefined): void {
    if (list === undefined || isNull(list)) return
    if (list.kind === 'sequence') for (const item of list.items) this.#group(item)
    else this.problem('groups must be a list', list.offset)
  }

  #group(node: YamlNode): void {
    const line = this.#line(node.offset)
    if (isNull(node)) return
    if (node.kind !== 'mapping')
      return this.problem('a group must be a mapping of name, spec, require and metadata', node.offset)
    let name = ''
    let spec = ''
    let require: readonly Requirement[] = []
    let metadata = NO_METADATA
    for (const [key, value] of entriesOf(node, this.#text)) {
      switch (fieldName(key)) {
        case 'name':
          name = this.#scalar('name', value)
          break
        case 'spec':
          spec = this.#intern(this.#scalar('spec', value))
          break
        case 'require':
          require = this.#requirements(value)
          break
        case 'metadata':
          metadata = this.#metadata(value)
          break
        default: // unknown keys say nothing, as in the old program
      }
    }
    this.#groups.push({ name, spec, require, metadata, line, sound: undefined })
  }

  #scalar(field: string, node: YamlNode): string {
    if (node.kind === 'scalar') return ownText(sourceText(node, this.#text))
    this.problem(`${field} must be text, not a ${node.kind}`, node.offset)
    return ''
  }

  #requirements(node: YamlNode): Requirement[] {
    const requirements = new Map<string, string>()
    for (const [key, value] of this.#pairs('require', node)) {
      const text = this.#scalar(`require.${key}`, value)
      requirements.set(key, text)
      if (isMacKey(key)) this.#checkMac(key, text, value.offset)
    }
    return [...requirements]
      .map(([key, value]) => ({ key, value }))
      .toSorted((a, b) => compareBytes(`${a.key}=${a.value}`, `${b.key}=${b.value}`))
  }

  #checkMac(key: string, text: string, offset: number): void {
    const normal = normalizeMac(text)
    if (normal === text) return
    this.problem(
      normal === undefined
        ? `require.${key} is no MAC address: ${JSON.stringify(text)}`
        : `require.${key} must be written ${JSON.stringify(normal)}, not ${JSON.stringify(text)}`,
      offset,
    )
  }

  #metadata(node: YamlNode): ValueMap {
    const pairs = this.#pairs('metadata', node)
    if (pairs.length === 0) return NO_METADATA
    return ValueMap.from(
      'string',
      pairs.map(([key, value]) => [key, toValue(value, this.#text)]),
    )
  }

  /** The entries of a map whose keys are text. */
  #pairs(field: string, node: YamlNode): [string, YamlNode][] {
    if (isNull(node)) return []
    if (node.kind !== 'mapping') {
      this.problem(`${field} must be a mapping, not ${node.kind === 'scalar' ? 'text' : 'a list'}`, node.offset)
      return []
    }
    return entriesOf(node, this.#text).map(([key, value]) => [
      this.#intern(this.#scalar(`a key of ${field}`, key)),
      value,
    ])
  }

  /** The same few keys come in every group: one copy of each is enough, and cut from the text it would keep that alive. */
  #intern(key: string): string {
    const known = this.#keys.get(key)
    if (known !== undefined) return known
    if (this.#keys.size < KEYS_MAX) this.#keys.set(key, key)
    return key
  }

  #line(offset: number): number {
    if (offset < this.#counted.offset) this.#counted = { offset: 0, line: this.#firstLine }
    const { offset: from, line } = this.#counted
    this.#counted = { offset, line: line + lineCount(this.#text, from, offset) }
    return this.#counted.line
  }
}

const KEYS_MAX = 10_000
const NO_METADATA = ValueMap.from('string', [])

function fieldName(key: YamlNode): string {
  return key.kind === 'scalar' ? key.text : ''
}

/** Of repeated keys the last one counts, as in yaml.v2. */
function lastValue(mapping: YamlMapping, field: string): YamlNode | undefined {
  return mapping.values[mapping.keys.findLastIndex((key) => fieldName(key) === field)]
}
