import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type ByteRange, parseRange } from '../../src/http/range.ts'

describe('Range of a file of 1000 bytes', () => {
  const cases: [header: string | undefined, asked: ByteRange | 'unsatisfiable' | undefined][] = [
    ['bytes=0-499', { start: 0, end: 499 }],
    ['bytes=500-999', { start: 500, end: 999 }],
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=999-', { start: 999, end: 999 }],
    ['bytes=500-', { start: 500, end: 999 }],
    ['bytes=-200', { start: 800, end: 999 }],
    ['bytes=-1000', { start: 0, end: 999 }],
    ['bytes=-5000', { start: 0, end: 999 }],
    ['bytes=900-5000', { start: 900, end: 999 }],
    ['bytes=0-99999999999999999999999', { start: 0, end: 999 }],
    ['BYTES=1-2', { start: 1, end: 2 }],
    ['bytes= 1-2 ', { start: 1, end: 2 }],

    ['bytes=1000-', 'unsatisfiable'],
    ['bytes=1000-1001', 'unsatisfiable'],
    ['bytes=99999999999999999999999-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],

    // The whole file: none, several, another unit, none that is well formed
    [undefined, undefined],
    ['', undefined],
    ['bytes=0-1,3-4', undefined],
    ['bytes=0-1,', undefined],
    ['bytes=2-1', undefined],
    ['bytes=-', undefined],
    ['bytes=', undefined],
    ['bytes=a-b', undefined],
    ['bytes=0x1-2', undefined],
    ['bytes=+1-2', undefined],
    ['bytes=1-2-3', undefined],
    ['bytes=--2', undefined],
    ['bytes 0-1', undefined],
    ['lines=0-1', undefined],
    ['bytes=1 - 2', undefined],
  ]
  for (const [header, asked] of cases) test(header ?? '(none)', () => expect(parseRange(header, 1000)).toEqual(asked))
})

test('an empty file has no ranges: it is answered as a whole', () => {
  for (const header of ['bytes=0-', 'bytes=0-0', 'bytes=-1', 'bytes=-0']) expect(parseRange(header, 0)).toBe(undefined)
})

test('beyond 4 GiB no byte is lost', () => {
  const size = 6 * 2 ** 30
  expect(parseRange('bytes=4294967295-4294967297', size)).toEqual({ start: 4294967295, end: 4294967297 })
  expect(parseRange('bytes=-1', size)).toEqual({ start: size - 1, end: size - 1 })
})

test('a range that is answered lies in the file and is what was asked for, as far as the file goes', () => {
  const number = fc.oneof(fc.nat(20), fc.maxSafeNat())
  fc.assert(
    fc.property(number, number, fc.nat(20), (first, last, size) => {
      const range = parseRange(`bytes=${first}-${last}`, size)
      if (size === 0 || last < first) expect(range).toBe(undefined)
      else if (first >= size) expect(range).toBe('unsatisfiable')
      else expect(range).toEqual({ start: first, end: Math.min(last, size - 1) })
    }),
  )
})

test('any text is answered, never thrown at', () => {
  fc.assert(fc.property(fc.string(), fc.nat(), (text, size) => void parseRange(text, size)))
})
