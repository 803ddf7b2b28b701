/**
 * The events of a text, also of one that libyaml reads and js-yaml, which keeps to YAML 1.2, does not:
 *
 * - a line inside `{…}`, `[…]` or quotes that is indented no more than the block around it, above all a closing bracket
 *   on a line of its own;
 * - a tab between the parts of such a collection;
 * - `\'` in double quotes.
 *
 * There the line means the same when it is indented more, the tab when it is a space, the quote without its backslash.
 * So the text is edited where js-yaml stopped, and read again. A text that js-yaml reads is read once, as it is.
 */
import { EVENT_ID, type Event, SCALAR_STYLE, type ScalarEvent, YAMLException, parseEvents } from 'js-yaml'

import { NESTING_MAX } from './aliases.ts'
import { Edited, type Edits } from './edited.ts'
import { yamlError } from './node.ts'

export interface Events {
  readonly events: readonly Event[]
  /** Offsets of the events count in its `text`. */
  readonly edited: Edited
}

/** A text is read again until this many characters were read; but a few times in any case, and never more often than this. */
const ATTEMPTS_LENGTH = 32 << 20
const ATTEMPTS_MIN = 3
const ATTEMPTS_MAX = 500

/** @throws {ConfigError} `yaml` */
export function eventsOf(source: string): Events {
  return attempt(source, true)
}

function attempt(source: string, allClosers: boolean): Events {
  const edits: Edits = new Map()
  const inBlocks = new Set<number>()
  for (let left = attemptsFor(source); ; left--) {
    const edited = new Edited(source, edits)
    try {
      const events = parseEvents(edited.text, { maxDepth: NESTING_MAX })
      if (edits.size === 0 || !undoInBlocks(events, edited, edits, inBlocks)) return { events, edited }
      if (left <= 0) return attempt(source, false)
    } catch (error) {
      if (!(error instanceof YAMLException)) throw error
      const at = edited.place(error.mark?.position ?? 0)
      if (left > 0 && remedy(error.reason, source, at, edits, allClosers ? inBlocks : undefined)) continue
      if (allClosers && edits.size > 0) return attempt(source, false)
      throw yamlError(error.reason, at, source)
    }
  }
}

function attemptsFor(source: string): number {
  return Math.min(Math.max(ATTEMPTS_MIN, ATTEMPTS_LENGTH / source.length), ATTEMPTS_MAX)
}

/** Adds the edits that may get js-yaml past an error; false when there are none. */
function remedy(
  reason: string,
  source: string,
  at: number,
  edits: Edits,
  closersBut: ReadonlySet<number> | undefined,
): boolean {
  if (reason === 'unknown escape sequence' && source[at] === "'") {
    unescapeQuotes(source, at - 1, edits)
    return true
  }
  if (reason !== 'deficient indentation') return false
  const lineStart = Math.max(source.lastIndexOf('\n', at - 1), source.lastIndexOf('\r', at - 1)) + 1
  const tab = lastTab(source, lineStart, at, edits)
  if (tab >= 0) edits.set(tab, { remove: 1, insert: ' ' })
  else {
    indent(edits, lineStart)
    if (closersBut !== undefined) indentClosers(source, at, edits, closersBut)
  }
  return true
}

/** Takes the backslash from the `\'` at `from`, and from those that follow in the same double quotes. */
function unescapeQuotes(source: string, from: number, edits: Edits): void {
  for (let at = from; at < source.length && source[at] !== '"'; at++) {
    if (source[at] !== '\\') continue
    if (source[at + 1] === "'") edits.set(at, { remove: 1, insert: '' })
    at += 1
  }
}

function lastTab(source: string, from: number, to: number, edits: Edits): number {
  let at = source.lastIndexOf('\t', to - 1)
  while (at >= from && edits.has(at)) at = source.lastIndexOf('\t', at - 1)
  return at >= from && to > 0 ? at : -1
}

function indent(edits: Edits, lineStart: number): void {
  const before = edits.get(lineStart)?.insert ?? ''
  edits.set(lineStart, { remove: 0, insert: before + ' '.repeat(64) })
}

const CLOSER = /^ *[\]}]/gm

/** Who writes one closing bracket like that writes many, so all that follow are indented at once. */
function indentClosers(source: string, from: number, edits: Edits, but: ReadonlySet<number>): void {
  CLOSER.lastIndex = from
  for (let match = CLOSER.exec(source); match !== null; match = CLOSER.exec(source)) {
    if (!edits.has(match.index) && !but.has(match.index)) indent(edits, match.index)
  }
}

/** Only in a block scalar does an indented line mean something else. True when there were such. */
function undoInBlocks(events: readonly Event[], edited: Edited, edits: Edits, inBlocks: Set<number>): boolean {
  const before = inBlocks.size
  for (const event of events) {
    if (event.type !== EVENT_ID.SCALAR || !isBlock(event)) continue
    const start = edited.place(event.valueStart)
    const end = edited.place(event.valueEnd)
    if (end - start === event.valueEnd - event.valueStart) continue
    for (const at of edits.keys()) if (at >= start && at < end) inBlocks.add(at)
  }
  for (const at of inBlocks) edits.delete(at)
  return inBlocks.size > before
}

export function isBlock(event: ScalarEvent): boolean {
  return event.style === SCALAR_STYLE.LITERAL_BLOCK || event.style === SCALAR_STYLE.FOLDED_BLOCK
}
