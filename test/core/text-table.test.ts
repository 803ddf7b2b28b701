/** A hash table does what a Map does. */
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { TextTable } from '../../src/core/text-table.ts'

test('it holds what a Map holds, whatever is put in', () => {
  const texts = fc.oneof(
    fc.string({ maxLength: 2 }),
    fc.string({ unit: 'binary', maxLength: 3 }),
    fc.integer().map(String),
  )
  fc.assert(
    fc.property(fc.array(texts), fc.array(texts), (put, asked) => {
      const table = new TextTable<{ text: string; number: number }>()
      const map = new Map<string, number>()
      for (const [number, text] of put.entries()) {
        table.set({ text, number })
        map.set(text, number)
      }
      expect(table.size).toBe(map.size)
      for (const text of [...put, ...asked]) expect(table.get(text)?.number).toBe(map.get(text))
    }),
  )
})

test('texts that all begin or end alike find their places', () => {
  const table = new TextTable<{ text: string }>()
  const texts = Array.from({ length: 50_000 }, (_, n) => `52:54:00:${n.toString(16).padStart(6, '0')}:00`)
  for (const text of texts) table.set({ text })
  expect(table.size).toBe(texts.length)
  expect(texts.every((text) => table.get(text)?.text === text)).toBe(true)
  expect(table.get('52:54:00:none')).toBeUndefined()
})
