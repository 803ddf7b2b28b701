import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { byteLength, canonical, compareBytes, decodeUtf8, encodeUtf8 } from '../../src/core/utf8.ts'

/** Bytes that are mostly UTF-8, with breaks in it. */
const bytes = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 4 }),
    ),
  )
  .map((parts) => Buffer.concat(parts))

const text = bytes.map((raw) => decodeUtf8(raw))

describe('bytes and text', () => {
  const cases: [name: string, bytes: number[], text: string][] = [
    ['ASCII is itself', [0x61, 0x0a], 'a\n'],
    ['UTF-8 is itself', [0xe6, 0x97, 0xa5], '日'],
    ['the byte order mark stays', [0xef, 0xbb, 0xbf, 0x61], '\ufeffa'],
    ['a byte that is not UTF-8 is a lone surrogate', [0x61, 0xff, 0x62], 'a\udcffb'],
    ['a sequence that is cut off is its bytes', [0xe6, 0x97], '\udce6\udc97'],
    ['an overlong sequence is its bytes', [0xc0, 0x80], '\udcc0\udc80'],
    ['an encoded surrogate is its bytes', [0xed, 0xa0, 0x80], '\udced\udca0\udc80'],
    ['a character whose second unit looks like an escape is a character', [0xf0, 0x9f, 0x92, 0x80], '\ud83d\udc80'],
  ]
  test.each(cases)('%s', (_name, raw, decoded) => {
    expect(decodeUtf8(Buffer.from(raw))).toBe(decoded)
    expect([...encodeUtf8(decoded)]).toEqual(raw)
  })

  test('every byte string comes back', () => {
    fc.assert(fc.property(bytes, (raw) => encodeUtf8(decodeUtf8(raw)).equals(raw)))
  })

  test('a surrogate that stands for no byte becomes U+FFFD', () => {
    expect(encodeUtf8('a\ud800b').toString()).toBe('a\ufffdb')
  })
})

test('the length of a text is that of its bytes', () => {
  fc.assert(fc.property(text, (value) => byteLength(value) === encodeUtf8(value).length))
})

describe('texts put together', () => {
  test('bytes that become a character are that character', () => {
    expect(canonical(['\udcc3', '\udca9'].join(''))).toBe('é')
  })

  test('two texts are the text of their bytes', () => {
    fc.assert(
      fc.property(
        bytes,
        bytes,
        (a, b) => canonical(decodeUtf8(a) + decodeUtf8(b)) === decodeUtf8(Buffer.concat([a, b])),
      ),
    )
  })
})

describe('order', () => {
  test('beyond the basic plane sorts after it, unlike in UTF-16', () => {
    expect(compareBytes('\uffee', '😀')).toBeLessThan(0)
  })

  test('texts sort as their bytes', () => {
    fc.assert(
      fc.property(text, text, (a, b) => Math.sign(compareBytes(a, b)) === Buffer.compare(encodeUtf8(a), encodeUtf8(b))),
    )
  })
})
