/**
 * The Range header, one range of bytes (RFC 9110 section 14). Pure.
 *
 * More than one range, another unit, or what is no range at all is answered with the whole file, as section 14.2 allows:
 * boot firmware and download tools ask for one.
 */

/** First and last byte, both included, counted from 0, as in `Content-Range`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

const SINGLE = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i

/**
 * Which bytes a Range header asks for.
 *
 * @param size - of the file in bytes
 * @returns undefined for the whole file, with status 200; `unsatisfiable` for 416. An empty file has no ranges, so that
 *   clients that ask for `bytes=0-` of everything get its nothing with 200 (as Go's http.ServeContent)
 */
export function parseRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const found = header === undefined ? null : SINGLE.exec(header)
  if (found === null || size === 0) return undefined
  const [, first = '', last = ''] = found
  if (first === '') return last === '' ? undefined : suffix(Number(last), size)
  // Numbers beyond 2^53 lose their last digits, but no file is that long.
  const [start, end] = [Number(first), last === '' ? Infinity : Number(last)]
  if (end < start) return undefined
  return start >= size ? 'unsatisfiable' : { start, end: Math.min(end, size - 1) }
}

function suffix(length: number, size: number): ByteRange | 'unsatisfiable' {
  return length === 0 ? 'unsatisfiable' : { start: Math.max(0, size - length), end: size - 1 }
}
