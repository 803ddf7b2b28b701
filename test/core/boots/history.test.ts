/** Attempts that are over, packed. */
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { History } from '../../../src/core/boots/history.ts'
import { Story } from './story.ts'

test('what goes in comes out, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (text) => {
      const history = new History(1e6)
      history.add('id', text)
      expect(history.get('id')).toBe(text)
    }),
  )
})

test('a boot takes less than a quarter of its JSON', () => {
  const text = new Story().untilKernel().wait(20).ask('ignition').saved.at(-1)
  const history = new History(1e6)
  history.add('id', text!)
  expect(history.bytes).toBeLessThan(text!.length / 4)
})

test('the oldest leave first, and all that was taken is given back', () => {
  const history = new History(1000)
  for (let count = 0; count < 50; count++) history.add(`id ${count}`, `text ${count}`)
  expect(history.bytes).toBeLessThanOrEqual(1000)
  expect(history.get('id 0')).toBeUndefined()
  expect(history.latest(2)).toEqual(['id 49', 'id 48'])
  for (const id of history.latest(100)) history.remove(id)
  expect(history.bytes).toBe(0)
})

test('one of the same id is in place of the other, and the latest', () => {
  const history = new History(1e6)
  for (const id of ['a', 'b', 'a']) history.add(id, `of ${id}`)
  expect(history.latest(10)).toEqual(['a', 'b'])
})
