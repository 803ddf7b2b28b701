/**
 * What a request says that routes may look at: its path, its query, and the labels in it.
 */
import { type Labels, parseLabels } from '../core/labels.ts'

export interface Ask {
  /** As it came, percent-encoded. */
  readonly path: string
  /** Raw, without the question mark. */
  readonly query: string
  readonly labels: Labels
  /** Host, and port if there is one, as the client named this server; absent when it is no plain name or address. */
  readonly authority: string | undefined
}

const AUTHORITY = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/

/**
 * @param target - of the request: path, and query if there is one
 * @param rawHeaders - names and values in turn
 */
export function parseAsk(target: string, rawHeaders: readonly string[] = []): Ask {
  const url = target.startsWith('/') ? target : originForm(target)
  const mark = url.indexOf('?')
  const query = mark < 0 ? '' : url.slice(mark + 1)
  return {
    path: mark < 0 ? url : url.slice(0, mark),
    query,
    labels: parseLabels(query),
    authority: authorityOf(rawHeaders),
  }
}

/** `/path?query` of a target that names the server too, as a proxy is sent it (RFC 9112 section 3.2.2). */
function originForm(target: string): string {
  const [, path] = /^https?:\/\/[^/?#]*(\/.*)$/is.exec(target) ?? []
  return path ?? target
}

/** Found by hand, since it is wanted of each request and node makes an object of all headers first. */
function authorityOf(rawHeaders: readonly string[]): string | undefined {
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]!.length !== 'host'.length || rawHeaders[at]!.toLowerCase() !== 'host') continue
    return AUTHORITY.test(rawHeaders[at + 1]!) ? rawHeaders[at + 1] : undefined
  }
  return undefined
}

/** The last segment, decoded, as Go's `path.Base`: slashes at the end do not count. */
export function lastSegment(path: string): string {
  const segment = baseName(path)
  if (!segment.includes('%')) return segment
  try {
    return baseName(decodeURIComponent(segment))
  } catch {
    return segment
  }
}

function baseName(path: string): string {
  const trimmed = path.replace(/\/+$/, '')
  return trimmed.slice(trimmed.lastIndexOf('/') + 1)
}
