import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { ReadBuffers } from '../../src/http/read-buffers.ts'

const limits = { largeBytes: 64, smallBytes: 8, largeMax: 3, spareSmallMax: 4 }

test('who wants much gets a large buffer while there are any, then a small one', () => {
  const buffers = new ReadBuffers(limits)
  const taken = Array.from({ length: 5 }, () => buffers.take(1000))
  expect(taken.map((buffer) => buffer.length)).toEqual([64, 64, 64, 8, 8])
  buffers.give(taken[1]!, true)
  expect(buffers.take(1000).length).toBe(64)
})

test('who wants little takes no large one', () => {
  const buffers = new ReadBuffers(limits)
  expect(buffers.take(8).length).toBe(8)
  expect(buffers.take(9).length).toBe(64)
})

test('a buffer is used again once it is idle, never while the kernel may still read it', () => {
  for (const wanted of [8, 1000]) {
    const buffers = new ReadBuffers(limits)
    const buffer = buffers.take(wanted)
    buffers.give(buffer, true)
    expect(buffers.take(wanted)).toBe(buffer)
    buffers.give(buffer, false)
    expect(buffers.take(wanted)).not.toBe(buffer)
  }
})

test('nobody holds what another holds, no more large ones than there are, and no more in reserve than allowed', () => {
  const step = fc.record({ wanted: fc.nat(16), ends: fc.nat(2), isIdle: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const buffers = new ReadBuffers(limits)
      const seen = new Set<Uint8Array>()
      const held: Uint8Array[] = []
      for (const { wanted, ends, isIdle } of steps) {
        held.push(buffers.take(wanted))
        for (const ended of held.splice(0, ends)) buffers.give(ended, isIdle)
        for (const buffer of held) seen.add(buffer)
        expect(new Set(held).size).toBe(held.length)
        expect(held.filter((buffer) => buffer.length === 64).length).toBeLessThanOrEqual(limits.largeMax)
      }
      for (const buffer of held) buffers.give(buffer, true)
      const again = Array.from({ length: 50 }, (_, at) => buffers.take(at < 25 ? 1 : 64))
      const reused = again.filter((buffer) => seen.has(buffer)).map((buffer) => buffer.length)
      expect(reused.filter((length) => length === 64).length).toBeLessThanOrEqual(limits.largeMax)
      expect(reused.filter((length) => length === 8).length).toBeLessThanOrEqual(limits.spareSmallMax)
      expect(again.filter((buffer) => buffer.length === 64).length).toBe(limits.largeMax)
    }),
  )
})
