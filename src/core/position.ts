/**
 * From an offset in a text to the line and column that people count. Texts are parsed with offsets, which cost nothing;
 * lines are counted once there is something to say about one.
 */

/** Line and column of an offset in UTF-16 units, both from 1; columns count characters. */
export function positionAt(text: string, offset: number): { line: number; column: number } {
  let line = 1
  let lineStart = 0
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', lineStart)) {
    line += 1
    lineStart = at + 1
  }
  const before = text.slice(lineStart, offset)
  return { line, column: before.length - (before.match(PAIR)?.length ?? 0) + 1 }
}

/** Characters of two units. */
const PAIR = /[\uD800-\uDBFF][\uDC00-\uDFFF]/g
