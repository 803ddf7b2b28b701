import { expect, test } from 'vitest'

import { renderMetadata } from '../../src/core/metadata.ts'
import { type Value, ValueMap } from '../../src/core/value.ts'

function render(metadata: [string, Value][], labels: [string, string][] = []): string {
  return renderMetadata(ValueMap.from('string', metadata), new Map(labels))
}

test('metadata first, then labels, each in the order of the upper-cased keys', () => {
  const text = render(
    [
      ['b', 'x'],
      ['A', 'y'],
      ['a_c', 'z'],
    ],
    [
      ['uuid', '1'],
      ['mac', '2'],
    ],
  )
  expect(text).toBe('A=y\nA_C=z\nB=x\nMAC=2\nUUID=1\n')
})

const values: [value: Value, printed: string][] = [
  [1n, '1'],
  [1.5, '1.5'],
  [1e21, '1e+21'],
  [true, 'true'],
  [null, '<nil>'],
  ['', ''],
  ['two words', 'two words'],
  [['a', 1n], '[a 1]'],
  [
    ValueMap.from('any', [
      ['z', 1n],
      ['a', 'b'],
    ]),
    'map[a:b z:1]',
  ],
]
for (const [value, printed] of values) {
  test(`a value prints as Go prints it: ${printed}`, () => expect(render([['k', value]])).toBe(`K=${printed}\n`))
}

test('keys are put into upper case rune by rune, as Go does', () => {
  expect(
    render([
      ['straße', 'x'],
      ['éa', 'y'],
    ]),
  ).toBe('STRAßE=x\nÉA=y\n')
})

test('nothing at all is an empty document', () => {
  expect(render([])).toBe('')
})
