/**
 * YAML text to nodes, on the event stream of js-yaml, with the manners of Go's yaml.v2 of 2016 (a port of libyaml)
 * where the two differ in what a data directory may hold (`events.ts` has more of that):
 *
 * - only the first document is read, and a broken second one is not seen;
 * - repeated keys are fine; an anchor that is set twice means its last node everywhere, even before it;
 * - control characters and bytes that are not UTF-8 are refused anywhere, comments included.
 *
 * The limits are ours, so that no text of a few lines can cost the server its memory or its stack (`aliases.ts`).
 */
import { Builder } from './build.ts'
import { eventsOf } from './events.ts'
import { type YamlNode, yamlError } from './node.ts'

/**
 * The first document of a text, or undefined when the text is empty or only comments.
 *
 * @param source - bytes that are not UTF-8 as in utf8.ts (and refused here); a byte order mark and CRLF are fine
 * @throws {ConfigError} `yaml`, with line and column
 */
export function parseYaml(source: string): YamlNode | undefined {
  const text = firstDocument(source)
  refuseUnprintable(text)
  const { events, edited } = eventsOf(text)
  const builder = new Builder(edited)
  for (const event of events) builder.take(event)
  return builder.finish()
}

/** The first line that is neither blank, nor a comment, nor a directive. */
const CONTENT = /^(?![ \t]*(?:#|$)|%)/m
const MARKER = /^---(?=[ \t\r\n]|$)/gm

/** The text up to the marker that starts a second document. No scalar can hold such a line, so a search is enough. */
function firstDocument(source: string): string {
  if (!source.includes('\n---')) return source
  const content = source.startsWith('\uFEFF') ? 1 : 0
  const start = content + source.slice(content).search(CONTENT)
  MARKER.lastIndex = start
  const own = MARKER.exec(source)
  const second = own?.index === start ? MARKER.exec(source) : own
  return second === null ? source : source.slice(0, second.index)
}

const UNPRINTABLE = /[\0-\x08\x0B\x0C\x0E-\x1F\x7F-\x84\x86-\x9F\uFFFE\uFFFF]/
const LONE_SURROGATE = /\p{Surrogate}/u

function refuseUnprintable(text: string): void {
  const at = text.search(UNPRINTABLE)
  if (at >= 0) throw yamlError('control characters are not allowed', at, text)
  if (!text.isWellFormed()) throw yamlError('invalid UTF-8', text.search(LONE_SURROGATE), text)
}
