import { expect, test } from 'vitest'

import { formatValue, sprint, sprintln } from '../../../../../src/core/template/go/format/value.ts'
import { Uint64, ValueMap } from '../../../../../src/core/value.ts'
import type { Value } from '../../../../../src/core/value.ts'

const cases: [value: Value, text: string][] = [
  [null, '<nil>'],
  [true, 'true'],
  ['a b\n', 'a b\n'],
  [-7n, '-7'],
  [new Uint64(2n ** 63n), '9223372036854775808'],
  [1, '1'],
  [0.1, '0.1'],
  [1_000_000, '1e+06'],
  [999_999, '999999'],
  [21e20, '2.1e+21'],
  [Number.NaN, 'NaN'],
  [-Infinity, '-Inf'],
  [[], '[]'],
  [['a', ['b', null]], '[a [b <nil>]]'],
  [
    ValueMap.from('any', [
      ['b', 1n],
      ['a', ValueMap.from('any', [])],
    ]),
    'map[a:map[] b:1]',
  ],
]
test.each(cases)('%s prints as %s', (value, text) => {
  expect(formatValue(value)).toBe(text)
})

test('print sets a space between two operands of which neither is a string', () => {
  expect(sprint([1n, 2n, 'a', 'b', 3n, null, undefined], 100)).toBe('1 2ab3 <nil> <nil>')
  expect(sprint([], 100)).toBe('')
})

test('println sets one between any two', () => {
  expect(sprintln(['a', 1n, 'b'], 100)).toBe('a 1 b\n')
  expect(sprintln([], 100)).toBe('\n')
})
