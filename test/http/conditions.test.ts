import { describe, expect, test } from 'vitest'

import { checkConditions, type Precondition, rangeCounts, versionOf } from '../../src/http/conditions.ts'

const MTIME = 1_455_033_600_123_456_789n // Tue, 09 Feb 2016 16:00:00.123456789 UTC
const version = versionOf(6n, MTIME)
const { etag } = version
const AT = 'Tue, 09 Feb 2016 16:00:00 GMT'
const BEFORE = 'Tue, 09 Feb 2016 15:59:59 GMT'
const AFTER = 'Tue, 09 Feb 2016 16:00:01 GMT'

test('a version is a strong tag of size and mtime in nanoseconds, and the date in seconds', () => {
  expect(version).toEqual({ etag: '"6-14315159a79dcd15"', lastModified: AT })
  expect(versionOf(7n, MTIME).etag).not.toBe(etag)
  expect(versionOf(6n, MTIME + 1n).etag).not.toBe(etag)
})

test('a file of 1970 has no date', () => {
  expect(versionOf(6n, 0n).lastModified).toBe(undefined)
  expect(versionOf(6n, 999_999_999n).lastModified).toBe(undefined)
})

describe('preconditions', () => {
  const cases: [name: string, headers: Record<string, string>, Precondition][] = [
    ['none', {}, 'serve'],

    ['If-None-Match: this tag', { 'if-none-match': etag }, 'not-modified'],
    ['If-None-Match: this tag, weak', { 'if-none-match': `W/${etag}` }, 'not-modified'],
    ['If-None-Match: in a list', { 'if-none-match': `"a", W/"b,c" ,${etag}` }, 'not-modified'],
    ['If-None-Match: *', { 'if-none-match': ' * ' }, 'not-modified'],
    ['If-None-Match: another', { 'if-none-match': '"a", "b"' }, 'serve'],
    ['If-None-Match: without quotes', { 'if-none-match': etag.slice(1, -1) }, 'serve'],
    ['If-None-Match: empty', { 'if-none-match': '' }, 'serve'],
    ['If-None-Match: half a tag', { 'if-none-match': etag.slice(0, -1) }, 'serve'],

    ['If-Modified-Since: its date', { 'if-modified-since': AT }, 'not-modified'],
    ['If-Modified-Since: later', { 'if-modified-since': AFTER }, 'not-modified'],
    ['If-Modified-Since: earlier', { 'if-modified-since': BEFORE }, 'serve'],
    [
      'If-Modified-Since: the form of RFC 850',
      { 'if-modified-since': 'Tuesday, 09-Feb-16 16:00:00 GMT' },
      'not-modified',
    ],
    ['If-Modified-Since: the form of asctime', { 'if-modified-since': 'Tue Feb  9 16:00:00 2016' }, 'not-modified'],
    ['If-Modified-Since: the form of asctime, earlier', { 'if-modified-since': 'Tue Feb  9 15:59:59 2016' }, 'serve'],
    ['If-Modified-Since: no date', { 'if-modified-since': '2030-01-01' }, 'serve'],
    ['If-Modified-Since: an impossible date', { 'if-modified-since': 'Tue, 99 Feb 2016 16:00:00 GMT' }, 'serve'],
    [
      'If-Modified-Since does not count beside If-None-Match',
      { 'if-none-match': '"a"', 'if-modified-since': AFTER },
      'serve',
    ],

    ['If-Match: this tag', { 'if-match': `"a", ${etag}` }, 'serve'],
    ['If-Match: *', { 'if-match': '*' }, 'serve'],
    ['If-Match: another', { 'if-match': '"a"' }, 'failed'],
    ['If-Match: this tag, weak', { 'if-match': `W/${etag}` }, 'failed'],
    ['If-Match and If-None-Match', { 'if-match': etag, 'if-none-match': etag }, 'not-modified'],

    ['If-Unmodified-Since: its date', { 'if-unmodified-since': AT }, 'serve'],
    ['If-Unmodified-Since: earlier', { 'if-unmodified-since': BEFORE }, 'failed'],
    [
      'If-Unmodified-Since does not count beside If-Match',
      { 'if-match': etag, 'if-unmodified-since': BEFORE },
      'serve',
    ],
  ]
  for (const [name, headers, outcome] of cases) {
    test(`${name}: ${outcome}`, () => expect(checkConditions(headers, version)).toBe(outcome))
  }

  test('a file without a date is always modified', () => {
    expect(checkConditions({ 'if-modified-since': AFTER }, versionOf(6n, 0n))).toBe('serve')
  })
})

describe('If-Range', () => {
  const cases: [name: string, header: string | undefined, boolean][] = [
    ['none: the range counts', undefined, true],
    ['this tag', etag, true],
    ['this tag, weak: never', `W/${etag}`, false],
    ['another tag', '"a"', false],
    ['its date', AT, true],
    ['a later date is another version', AFTER, false],
    ['an earlier date', BEFORE, false],
    ['neither', 'yes', false],
  ]
  for (const [name, header, counts] of cases) {
    test(name, () => expect(rangeCounts(header === undefined ? {} : { 'if-range': header }, version)).toBe(counts))
  }

  test('no date is the date of a file without one', () => {
    expect(rangeCounts({ 'if-range': 'x' }, versionOf(6n, 0n))).toBe(false)
  })
})
