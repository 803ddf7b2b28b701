/** A text of its own is the same text. */
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
