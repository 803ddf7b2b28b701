/** A text of its own is the same text, and lets go of what it was cut out of. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { ownText } from '../../src/core/own-text.ts'

test('it is the same text, whatever is in it', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ minLength: 13 })), (text) => {
      expect(ownText(text)).toBe(text)
    }),
  )
  for (const text of ['a long text: \0 \u00ff', 'a long text: \u0100 \u{1f600}', 'a long text: \udc80 alone']) {
    expect(ownText(text)).toBe(text)
  }
})

test('what it was cut out of can be collected', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const heldBy = (cut: (text: string) => string): number => {
    collect()
    const before = process.memoryUsage().heapUsed
    const kept = Array.from({ length: 30 }, (_, n) => cut(`${n} ${'x'.repeat(1 << 20)}`))
    collect()
    const held = process.memoryUsage().heapUsed - before
    expect(kept.join('').length).toBeLessThan(1000)
    return held
  }
  expect(heldBy((text) => text.slice(0, 20))).toBeGreaterThan(20 << 20)
  expect(heldBy((text) => ownText(text.slice(0, 20)))).toBeLessThan(5 << 20)
})
