import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { Uint64, ValueMap } from '../../src/core/value.ts'
import type { Value } from '../../src/core/value.ts'

/** Maps above a dozen keys look them up in another way. */
const fillers: [Value, Value][] = Array.from({ length: 20 }, (_, at) => [`filler ${at}`, true])

describe.each([
  ['small', []],
  ['large', fillers],
] as [string, [Value, Value][]][])('a %s map', (_size, others) => {
  const map = ValueMap.from('any', [
    ...others,
    ['a', 'string'],
    [1n, 'int'],
    [1.5, 'float'],
    [true, 'bool'],
    [null, 'nil'],
    [new Uint64(2n ** 63n), 'uint'],
    ['uint64 9223372036854775808', 'a text that looks like a key of the index'],
    [Number.NaN, 'NaN'],
  ])
  const cases: [key: Value, value: Value | undefined][] = [
    ['a', 'string'],
    [1n, 'int'],
    [1.5, 'float'],
    [true, 'bool'],
    [null, 'nil'],
    [new Uint64(2n ** 63n), 'uint'],
    ['uint64 9223372036854775808', 'a text that looks like a key of the index'],
    ['b', undefined],
    ['1', undefined],
    [1, undefined],
    [2n ** 63n, undefined],
    [new Uint64(2n ** 64n - 1n), undefined],
    [Number.NaN, undefined],
  ]
  test.each(cases)('at %s', (key, value) => {
    expect(map.get(key)).toBe(value)
    expect(map.has(key)).toBe(value !== undefined)
  })
})

describe('order', () => {
  test('keys of one type sort by value, strings by their bytes', () => {
    expect(
      ValueMap.from('any', [
        ['b', 1n],
        ['', 2n],
        ['B', 3n],
        ['é', 4n],
        ['10', 5n],
        ['9', 6n],
      ]).keys,
    ).toEqual(['', '10', '9', 'B', 'b', 'é'])
    expect(
      ValueMap.from('any', [
        [10n, 1n],
        [-1n, 2n],
        [9n, 3n],
      ]).keys,
    ).toEqual([-1n, 9n, 10n])
    expect(
      ValueMap.from('any', [
        [1.5, 1n],
        [Number.NaN, 2n],
        [-Infinity, 3n],
      ]).keys,
    ).toEqual([Number.NaN, -Infinity, 1.5])
    expect(
      ValueMap.from('any', [
        [true, 1n],
        [false, 2n],
      ]).keys,
    ).toEqual([false, true])
  })

  test('nil comes first, then bool, int, uint, float and string', () => {
    const big = new Uint64(2n ** 63n)
    const keys: Value[] = ['s', 1.5, big, 1n, true, null]
    expect(
      ValueMap.from(
        'any',
        keys.map((key) => [key, 0n]),
      ).keys,
    ).toEqual([null, true, 1n, big, 1.5, 's'])
  })

  test('the order of the entries does not matter, and the later of two wins', () => {
    const entries = fc.array(fc.tuple(fc.string({ maxLength: 2 }), fc.bigInt()))
    fc.assert(
      fc.property(entries, (all) => {
        const want = [...new Map(all)].toSorted(([a], [b]) => (a < b ? -1 : 1))
        expect([...ValueMap.from('string', all).entries()]).toEqual(want)
      }),
    )
  })
})

test('a map with one entry set is another map', () => {
  const map = ValueMap.from('string', [
    ['b', 1n],
    ['d', 2n],
  ])
  expect([...map.with('b', 9n).entries()]).toEqual([
    ['b', 9n],
    ['d', 2n],
  ])
  expect([...map.with('c', 9n).entries()]).toEqual([
    ['b', 1n],
    ['c', 9n],
    ['d', 2n],
  ])
  expect([...map.with('e', 9n).entries()]).toEqual([
    ['b', 1n],
    ['d', 2n],
    ['e', 9n],
  ])
  expect(map.size).toBe(2)
})

test('maps of the same keys have one list of them, and keys that only look the same do not', () => {
  const first = ValueMap.from('any', [
    ['a', 1n],
    [0, 'zero'],
  ])
  const alike = ValueMap.from('any', [
    [0, null],
    ['a', 2n],
  ])
  const other = ValueMap.from('any', [
    [-0, null],
    ['a', 2n],
  ])
  expect(alike.keys).toBe(first.keys)
  expect(Object.is(other.keys[0], -0)).toBe(true)
})
