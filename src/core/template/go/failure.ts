/**
 * Errors of a template, in Go's words and with a place in its source.
 *
 * Go counts columns in bytes from 0 and names them only while executing; that is what the message says. `column` of the
 * error is for people and editors: characters, from 1, always.
 */
import { ConfigError } from '../../errors.ts'
import type { ConfigErrorCode } from '../../errors.ts'
import { byteLength } from '../../utf8.ts'
import { nodeText } from './ast.ts'
import type { Node } from './ast.ts'
import { quote } from './format/quote.ts'
import { runeCount } from './format/runes.ts'

/** Parts of a message that come from data or source are cut to this many UTF-16 units. */
const QUOTED_MAX = 1000

/** A function was called with arguments that it cannot work with. Whoever called it knows where. */
export class CallError extends Error {}

interface Place {
  readonly line: number
  readonly column: number
}

/** Line and column, both from 1, the column in characters. */
export function placeOf(source: string, pos: number): Place {
  const start = lineStart(source, pos)
  return { line: lineOf(source, start), column: 1 + runeCount(source.slice(start, pos)) }
}

function lineStart(source: string, pos: number): number {
  return pos === 0 ? 0 : source.lastIndexOf('\n', pos - 1) + 1
}

function lineOf(source: string, pos: number): number {
  let line = 1
  for (let at = source.indexOf('\n'); at >= 0 && at < pos; at = source.indexOf('\n', at + 1)) line += 1
  return line
}

/** `template: name:3: message`. */
export function parseFailure(
  name: string,
  source: string,
  at: { pos: number; line: number },
  message: string,
): ConfigError {
  const { column } = placeOf(source, at.pos)
  return new ConfigError('template-parse', `template: ${name}:${at.line}: ${clip(message)}`, { line: at.line, column })
}

/** Where a rendering was when it failed. */
interface Scene {
  /** The file, as it was named at compilation. */
  readonly name: string
  readonly source: string
  /** The template of the file that was being executed. */
  readonly template: string
  readonly node: Node
}

/** `template: name:3:12: executing "name" at <.x.y>: message`. */
export function execFailure(code: ConfigErrorCode, scene: Scene, message: string): ConfigError {
  const { name, source, template, node } = scene
  const place = placeOf(source, node.pos)
  const byteColumn = byteLength(source.slice(lineStart(source, node.pos), node.pos))
  const context = `template: ${name}:${place.line}:${byteColumn}: executing ${quote(template)} at <${clip(nodeText(node))}>`
  return new ConfigError(code, `${context}: ${clip(message)}`, place)
}

/** Short enough for a log line, and without the surrogates that stand for bytes. */
function clip(text: string): string {
  return (text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}…` : text).toWellFormed()
}
