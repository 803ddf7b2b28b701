/**
 * The filters of liquidjs, each paying for what it reads, and ours where liquidjs's would lose bytes, digits or sameness.
 *
 * A template gives the same text every time: its signature is fetched in a second request. So `sample` is missing and
 * `date` knows no `now`.
 */
import { createHash, createHmac } from 'node:crypto'

import { Drop, filters as liquidFilters, toValue, type FilterImplOptions } from 'liquidjs'

import { decodeUtf8, encodeUtf8 } from '../../utf8.ts'
import { MachineContext } from './context.ts'
import { Failure } from './failure.ts'
import type { Meter } from './meter.ts'

declare global {
  interface JSON {
    /** JSON text that `stringify` copies as it is (ES2026). */
    rawJSON(text: string): object
  }
}

/** What liquidjs hands a filter as `this`: the context of the rendering among others. */
export type FilterThis = ThisParameterType<Extract<FilterImplOptions, (...args: never[]) => unknown>>
export type Handler = (this: FilterThis, value: unknown, ...args: unknown[]) => unknown

/** A call costs this much even when its arguments are small. */
const WORK_PER_CALL = 32
/** Each `%` of a date format may build a formatter of `Intl`. */
const WORK_PER_DATE_PART = 8192
/** Searching costs the product of the two lengths at worst; V8 skips at most 250 characters at a time. */
const SEARCH_SKIP = 64

/** These make a scope for each item, or evaluate an expression in one: so many items' worth of work. */
const ITEMS_PER_SCOPE = 3
const SCOPES = new Set(
  ['where', 'reject', 'find', 'find_index', 'has', 'group_by'].flatMap((name) => [name, `${name}_exp`]),
)

const SEARCHES = new Set(['split', 'replace', 'replace_first', 'replace_last', 'remove', 'remove_first', 'remove_last'])
const DATES = new Set(['date', 'date_to_xmlschema', 'date_to_rfc822', 'date_to_string', 'date_to_long_string'])

/** Every filter a template may use, by its name. */
export function paidFilters(): Map<string, Handler> {
  const all = new Map<string, Handler>()
  for (const [name, filter] of Object.entries(liquidFilters)) {
    if (name === 'sample') continue
    const handler: Handler = OWN[name] ?? (typeof filter === 'function' ? filter : filter.handler)
    all.set(name, paid(name, handler))
  }
  return all
}

function paid(name: string, handler: Handler): Handler {
  const isSearch = SEARCHES.has(name)
  const isDate = DATES.has(name)
  const isScope = SCOPES.has(name)
  return function (value, ...args) {
    const { meter } = MachineContext.of(this.context)
    meter.work(WORK_PER_CALL)
    meter.value(toValue(value))
    for (const arg of args) meter.value(toValue(arg))
    if (isSearch) paySearch(meter, value, args[0])
    if (isDate) payDate(meter, value, args[0])
    if (isScope) payScopes(meter, value)
    const result = handler.apply(this, [value, ...args])
    return isGenerator(result) ? checkLater(name, meter, result) : checked(name, meter, result)
  }
}

export function paySearch(meter: Meter, text: unknown, pattern: unknown): void {
  if (typeof text === 'string' && typeof pattern === 'string') meter.work((text.length * pattern.length) / SEARCH_SKIP)
}

function payDate(meter: Meter, value: unknown, format: unknown): void {
  const when = toValue(value)
  if (when === 'now' || when === 'today') {
    throw new Failure(`the date "${String(when)}" is not available: a template must give the same text every time`)
  }
  const parts = typeof format === 'string' ? format.split('%').length : 8
  meter.work(parts * WORK_PER_DATE_PART)
}

function payScopes(meter: Meter, value: unknown): void {
  const items = toValue(value)
  if (Array.isArray(items)) meter.items(items.length * ITEMS_PER_SCOPE)
}

/** What a filter made: no numbers that are none, and nothing larger than can be paid for. */
function checked(name: string, meter: Meter, result: unknown): unknown {
  if (typeof result === 'number' && !Number.isFinite(result)) throw new Failure(`${name} gives ${result}`)
  if (typeof result === 'string' || Array.isArray(result)) meter.value(result)
  return result
}

function* checkLater(name: string, meter: Meter, running: Iterator<unknown>): Generator<unknown, unknown, unknown> {
  return checked(name, meter, yield running)
}

function isGenerator(value: unknown): value is Iterator<unknown> {
  return typeof value === 'object' && value !== null && 'next' in value && typeof value.next === 'function'
}

/** Ours: bytes that are not UTF-8 survive (utf8.ts), and integers of any size are JSON. */
const OWN: Record<string, Handler | undefined> = {
  json,
  jsonify: json,
  inspect: json,
  base64_encode: (value) => encodeUtf8(textOf(value)).toString('base64'),
  base64_decode: (value) => decodeBase64(textOf(value)),
  sha256: (value) =>
    createHash('sha256')
      .update(encodeUtf8(textOf(value)))
      .digest('hex'),
  hmac_sha256: (value, key) =>
    createHmac('sha256', encodeUtf8(textOf(key)))
      .update(encodeUtf8(textOf(value)))
      .digest('hex'),
}

function json(this: FilterThis, value: unknown, indent?: unknown): unknown {
  const { meter } = MachineContext.of(this.context)
  const replace = (_key: string, part: unknown): unknown => {
    meter.items(1)
    if (typeof part === 'string') meter.text(part)
    return typeof part === 'bigint' ? JSON.rawJSON(String(part)) : part
  }
  return JSON.stringify(toValue(value), replace, typeof indent === 'number' ? indent : 0)
}

function decodeBase64(text: string): string {
  const packed = text.replaceAll(/[\t\n\f\r ]/g, '')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) throw new Failure('base64_decode: not base64')
  return decodeUtf8(Buffer.from(packed, 'base64'))
}

/** A value as `{{ }}` prints it. Lists print their items one after the other; a map has no text. */
export function textOf(value: unknown): string {
  const plain = toValue(value)
  if (typeof plain === 'string') return plain
  if (plain === null || plain === undefined) return ''
  if (Array.isArray(plain)) return plain.map(textOf).join('')
  if (typeof plain === 'number' || typeof plain === 'boolean' || typeof plain === 'bigint') return String(plain)
  if (plain instanceof Drop) return ''
  throw new Failure('a map cannot be printed; name one of its keys, or use the json filter')
}
