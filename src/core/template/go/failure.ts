/**
 * Errors of a template, in Go's words and with a place in its source.
 *
 * Go counts columns in bytes from 0 and names them only while executing; that is what the message says. `column` of the
 * error is for people and editors: characters, from 1, always.
 */
import { ConfigError } from '../../errors.ts'
import type { ConfigErrorCode } from '../../errors.ts'
import { positionAt } from '../../position.ts'
import { byteLength } from '../../utf8.ts'
import { nodeText } from './ast.ts'
import type { Node } from './ast.ts'
import { quote } from './format/quote.ts'

/** Parts of a message that come from data or source are cut to this many UTF-16 units. */
const QUOTED_MAX = 1000

/** A function was called with arguments that it cannot work with. Whoever called it knows where. */
export class CallError extends Error {}

/** `template: name:3: message`. */
export function parseFailure(
  name: string,
  source: string,
  at: { pos: number; line: number },
  message: string,
): ConfigError {
  const { column } = positionAt(source, at.pos)
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
  const place = positionAt(source, node.pos)
  const before = source.slice(0, node.pos)
  const byteColumn = byteLength(before.slice(before.lastIndexOf('\n') + 1))
  const context = `template: ${name}:${place.line}:${byteColumn}: executing ${quote(template)} at <${clip(nodeText(node))}>`
  return new ConfigError(code, `${context}: ${clip(message)}`, place)
}

/** Short enough for a log line, and without the surrogates that stand for bytes. */
function clip(text: string): string {
  return (text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}…` : text).toWellFormed()
}
