/**
 * Conditional requests (RFC 9110 section 13): what the client has, against what the file is. Pure.
 *
 * The entity tag is `"size-mtime"`, both in hexadecimal, mtime in nanoseconds: it changes when a file is written or
 * replaced, and is the same on two servers whose files were copied with their times (`rsync -t`).
 */
import type { IncomingHttpHeaders } from 'node:http'

/** What tells one version of a file from another. */
export interface Version {
  readonly etag: string
  /** `Last-Modified`; undefined for a file without a date (1970, as images made reproducibly have). */
  readonly lastModified: string | undefined
}

export function versionOf(size: bigint, mtimeNs: bigint): Version {
  const seconds = Number(mtimeNs / 1_000_000_000n)
  return {
    etag: `"${size.toString(16)}-${mtimeNs.toString(16)}"`,
    lastModified: seconds > 0 ? new Date(seconds * 1000).toUTCString() : undefined,
  }
}

export type Precondition = 'serve' | 'not-modified' | 'failed'

/** Whether to serve a GET or HEAD, in the order of RFC 9110 section 13.2.2. */
export function checkConditions(headers: IncomingHttpHeaders, version: Version): Precondition {
  const ifMatch = headers['if-match']
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, version.etag, 'strong')) return 'failed'
  } else if (isOlder(headers['if-unmodified-since'], version)) {
    return 'failed'
  }
  const ifNoneMatch = headers['if-none-match']
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, version.etag, 'weak') ? 'not-modified' : 'serve'
  const since = parseHttpDate(headers['if-modified-since'])
  const modified = parseHttpDate(version.lastModified)
  return since !== undefined && modified !== undefined && modified <= since ? 'not-modified' : 'serve'
}

/** Whether a Range header counts: without If-Range it does, else only for the very version that the client has. */
export function rangeCounts(headers: IncomingHttpHeaders, version: Version): boolean {
  const validator = headers['if-range']?.toString().trim()
  if (validator === undefined) return true
  if (validator.startsWith('"') || validator.startsWith('W/')) return validator === version.etag
  const date = parseHttpDate(validator)
  return date !== undefined && date === parseHttpDate(version.lastModified)
}

function isOlder(date: string | undefined, version: Version): boolean {
  const unmodifiedSince = parseHttpDate(date)
  const modified = parseHttpDate(version.lastModified)
  return unmodifiedSince !== undefined && modified !== undefined && modified > unmodifiedSince
}

/** `*` or a list of entity tags. Section 8.8.3.2: a weak tag never matches strongly; ours is strong. */
function matches(list: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (list.trim() === '*') return true
  for (const [tag, weak] of list.matchAll(/(W\/)?"[^"]*"/g)) {
    if (weak === undefined ? tag === etag : comparison === 'weak' && tag.slice(2) === etag) return true
  }
  return false
}

/** The three forms of a date that section 5.6.7 has; a program still sends the second now and then. */
const DATES = [
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
]

/** Milliseconds since 1970; undefined for what is no date, which counts as not sent. */
function parseHttpDate(text: string | undefined): number | undefined {
  if (text === undefined || !DATES.some((form) => form.test(text))) return undefined
  const ms = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
  return Number.isNaN(ms) ? undefined : ms
}
