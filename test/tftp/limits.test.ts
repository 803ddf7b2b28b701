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

const [HERE, THERE] = ['10.0.0.1', '10.0.0.2']

test('an address that acknowledges nothing gets three first packets, and after a minute three more', () => {
  const callers = new Callers()
  const wanted = [0, 10, 20, 30, 59_000, 60_000, 60_001, 60_002, 60_003]
  const sent = wanted.filter((nowMs) => {
    if (callers.isMute(HERE, nowMs)) return false
    callers.sentFirst(HERE, nowMs)
    return true
  })
  expect(sent).toEqual([0, 10, 20, 60_000, 60_001, 60_002])
  expect(callers.isMute(THERE, 30)).toBe(false)
})

test('an address that has acknowledged something is not counted for ten minutes: it may be a site behind one router', () => {
  const callers = new Callers()
  for (let times = 0; times < 3; times++) callers.sentFirst(HERE, 0)
  callers.answered(HERE, 5)
  const isMuteAfter = (nowMs: number): boolean => {
    for (let times = 0; times < 200; times++) callers.sentFirst(HERE, nowMs)
    return callers.isMute(HERE, nowMs)
  }
  expect(isMuteAfter(6)).toBe(false)
  expect(isMuteAfter(600_000)).toBe(false)
  expect(isMuteAfter(600_006)).toBe(true)
})

test('a first packet that did not leave is not counted', () => {
  const callers = new Callers()
  for (let times = 0; times < 10; times++) {
    callers.sentFirst(HERE, 0)
    callers.unsentFirst(HERE)
  }
  expect(callers.isMute(HERE, 0)).toBe(false)
})

test('a flood of addresses is remembered only so far', () => {
  const callers = new Callers()
  for (let times = 0; times < 3; times++) callers.sentFirst(HERE, 0)
  expect(callers.isMute(HERE, 0)).toBe(true)
  for (let at = 0; at < 20_000; at++) callers.sentFirst(`10.1.${at >> 8}.${at & 255}`, 0)
  expect(callers.isMute(HERE, 0)).toBe(false)
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
