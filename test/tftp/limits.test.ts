import { expect, test } from 'vitest'

import { Callers, TokenBucket } from '../../src/tftp/limits.ts'
import { Slots } from '../../src/tftp/slots.ts'

test('a token bucket lets a burst through, then so many a second, and never saves up more than a burst', () => {
  const bucket = new TokenBucket(3, 10, 0)
  expect([1, 2, 3, 4].map(() => bucket.take(0))).toEqual([true, true, true, false])
  expect(bucket.take(50)).toBe(false)
  expect(bucket.take(150)).toBe(true)
  expect([1, 2, 3, 4].map(() => bucket.take(60_000))).toEqual([true, true, true, false])
})

test('the error replies of one address do not use up those of another', () => {
  const callers = new Callers()
  let replies = 0
  for (let at = 0; at < 1000; at++) if (callers.mayReply('10.0.0.1', 0)) replies += 1
  expect(replies).toBeLessThan(100)
  expect(callers.mayReply('10.0.0.2', 0)).toBe(true)
})

test('an address is mute after two repetitions of a first packet, until it acknowledges something', () => {
  const callers = new Callers()
  expect(callers.isMute('10.0.0.1')).toBe(false)
  callers.repeated('10.0.0.1')
  callers.repeated('10.0.0.1')
  expect(callers.isMute('10.0.0.1')).toBe(true)
  expect(callers.isMute('10.0.0.2')).toBe(false)
  callers.acknowledged('10.0.0.1')
  expect(callers.isMute('10.0.0.1')).toBe(false)
})

test('an address that acknowledged nothing gets three first blocks, and after ten seconds another', () => {
  const callers = new Callers()
  const begun = [0, 0, 0, 1, 9000].map((nowMs) => callers.mayBeginWithBlock('10.0.0.1', nowMs))
  expect(begun).toEqual([true, true, true, false, false])
  expect(callers.mayBeginWithBlock('10.0.0.2', 1)).toBe(true)
  expect(callers.mayBeginWithBlock('10.0.0.1', 11_000)).toBe(true)
  callers.acknowledged('10.0.0.1')
  expect([1, 2, 3].map(() => callers.mayBeginWithBlock('10.0.0.1', 11_000))).toEqual([true, true, true])
})

test('a flood of addresses is remembered only so far', () => {
  const callers = new Callers()
  callers.repeated('10.0.0.1')
  callers.repeated('10.0.0.1')
  for (let at = 0; at < 5000; at++) callers.repeated(`10.1.${at >> 8}.${at & 255}`)
  expect(callers.isMute('10.0.0.1')).toBe(false)
})

test('there are so many slots in all, and so many for an address; one that is given back can be had again', () => {
  const slots = new Slots<string>(3, 2)
  expect(slots.add('a1', 'a', '1')).toBeUndefined()
  expect(slots.add('a2', 'a', '2')).toBeUndefined()
  expect(slots.add('a3', 'a', '3')).toMatch(/for this address/)
  expect(slots.add('b1', 'b', '1')).toBeUndefined()
  expect(slots.add('c1', 'c', '1')).toMatch(/in all/)
  slots.remove('a1', 'a', '1')
  slots.remove('a1', 'a', '1')
  expect(slots.add('a3', 'a', '3')).toBeUndefined()
  expect(slots.add('a4', 'a', '4')).toMatch(/for this address/)
  expect([...slots.values()]).toEqual(['2', '1', '3'])
})
