import { expect, test } from 'vitest'

import { ByteReader } from '../../src/core/bytes.ts'
import { DecodeError } from '../../src/core/decode-error.ts'

test('fields come one after the other, big endian', () => {
  const r = new ByteReader(Uint8Array.of(1, 2, 3, 0xff, 0xfe, 0xfd, 0xfc, 9, 8, 0x61, 0, 7))
  expect(r.u8('a')).toBe(1)
  expect(r.u16('b')).toBe(0x0203)
  expect(r.u32('c')).toBe(0xfffefdfc)
  expect([r.at, r.left]).toEqual([7, 5])
  expect(r.take(2, 'd')).toEqual(Uint8Array.of(9, 8))
  expect(r.untilNul('e')).toEqual(Uint8Array.of(0x61))
  expect(r.rest()).toEqual(Uint8Array.of(7))
  expect(r.left).toBe(0)
  expect(r.rest()).toHaveLength(0)
})

test('a view that starts inside its buffer is read from its own start', () => {
  const view = Uint8Array.of(0, 0, 0, 0x12, 0x34, 0).subarray(3, 5)
  const r = new ByteReader(view)
  expect(r.u16('a')).toBe(0x1234)
  expect(r.left).toBe(0)
})

const short: [name: string, read: (r: ByteReader) => unknown, offset: number][] = [
  ['u8', (r) => r.u8('file'), 2],
  ['u16', (r) => r.u16('file'), 2],
  ['u32', (r) => r.u32('file'), 2],
  ['take', (r) => r.take(1, 'file'), 2],
  ['untilNul', (r) => r.untilNul('file'), 2],
]
for (const [name, read, offset] of short) {
  test(`${name} past the end says which field, and where`, () => {
    const r = new ByteReader(Uint8Array.of(1, 2))
    r.u16('op')
    const error = catchError(() => read(r))
    expect(error).toBeInstanceOf(DecodeError)
    expect(error).toMatchObject({ code: 'truncated', offset })
    expect((error as Error).message).toContain('file')
    expect(r.at).toBe(2) // nothing was taken
  })
}

function catchError(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}
