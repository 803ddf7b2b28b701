/**
 * Labels: what a machine says of itself in the query of a request, in normal form.
 */
import { normalizeMac } from './mac.ts'
import { decodeUtf8 } from './utf8.ts'

/** Every key of the query with its first value. Keys are case-sensitive. */
export type Labels = ReadonlyMap<string, string>

/**
 * The labels of a raw query string, without its question mark.
 *
 * As Go's `url.ParseQuery`, leniently: a pair that cannot be decoded or that contains `;` is dropped and the rest
 * counts. A key spelled `mac` in any case has its value in normal form, and is dropped when that is no MAC address.
 */
export function parseLabels(query: string): Labels {
  const labels = new Map<string, string>()
  const isPlain = !ESCAPES.test(query)
  for (let start = 0, end = 0; start < query.length; start = end + 1) {
    end = query.indexOf('&', start)
    if (end < 0) end = query.length
    const pair = query.slice(start, end)
    if (pair === '' || pair.includes(';')) continue
    const equals = pair.indexOf('=')
    const writtenKey = equals < 0 ? pair : pair.slice(0, equals)
    const writtenValue = equals < 0 ? '' : pair.slice(equals + 1)
    const key = isPlain ? usual(writtenKey) : unescape(writtenKey)
    const value = isPlain ? writtenValue : unescape(writtenValue)
    if (key !== undefined && value !== undefined && !labels.has(key)) labels.set(key, value)
  }
  for (const key of labels.keys()) if (isMacKey(key)) normalizeLabel(labels, key)
  return labels
}

const ESCAPES = /[%+]/

/** That our own script has iPXE say (`boot-script.ts`). */
const USUAL = ['uuid', 'mac', 'domain', 'hostname', 'serial']

/** The same text, for a Map to look up: one cut out of a query would first be looked up among all texts that V8 knows. */
function usual(key: string): string {
  return USUAL.find((other) => other === key) ?? key
}

function normalizeLabel(labels: Map<string, string>, key: string): void {
  const mac = normalizeMac(labels.get(key)!)
  if (mac === undefined) labels.delete(key)
  else labels.set(key, mac)
}

export function isMacKey(key: string): boolean {
  return key === 'mac' || (key.length === 3 && key.toLowerCase() === 'mac')
}

/** Undo percent and plus; undefined for a `%` that two hexadecimal digits do not follow. */
function unescape(text: string): string | undefined {
  const spaced = text.replaceAll('+', ' ')
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return unescapeBytes(spaced)
  }
}

/** The slow way round, for escapes that together are not UTF-8: Go keeps their bytes. */
function unescapeBytes(text: string): string | undefined {
  if (/%(?![0-9a-f]{2})/i.test(text)) return undefined
  const latin1 = Buffer.from(text, 'utf8').toString('latin1')
  const bytes = latin1.replaceAll(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
  return decodeUtf8(Buffer.from(bytes, 'latin1'))
}
