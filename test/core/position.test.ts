import { expect, test } from 'vitest'

import { positionAt } from '../../src/core/position.ts'

//  text            offset  line  column
const cases: [string, number, number, number][] = [
  ['', 0, 1, 1],
  ['abc', 2, 1, 3],
  ['abc', 3, 1, 4],
  ['a\nbc', 1, 1, 2],
  ['a\nbc', 2, 2, 1],
  ['a\r\nbc', 4, 2, 2],
  ['\n\n\nx', 3, 4, 1],
  ['é😀x', 3, 1, 3],
]

for (const [text, offset, line, column] of cases) {
  test(`offset ${offset} of ${JSON.stringify(text)} is line ${line}, column ${column}`, () => {
    expect(positionAt(text, offset)).toEqual({ line, column })
  })
}
