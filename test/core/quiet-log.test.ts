import { expect, test } from 'vitest'

import type { EventName, Fields } from '../../src/core/log.ts'
import { quietLog } from '../../src/core/quiet-log.ts'

function setUp() {
  const lines: [EventName, Fields | undefined][] = []
  const log = Object.assign((event: EventName, fields?: Fields) => void lines.push([event, fields]), {
    flush: () => {},
  })
  let nowMs = 0
  const say = quietLog(log, () => nowMs)
  return { lines, say, wait: (ms: number) => (nowMs += ms) }
}

test('a rack of machines is told line by line', () => {
  const { lines, say } = setUp()
  for (let index = 0; index < 1000; index++) say('dhcp.offer', { mac: String(index) })
  expect(lines).toHaveLength(1000)
})

test('of a flood a few lines a second are left, and each says how many are missing before it', () => {
  const { lines, say, wait } = setUp()
  for (let index = 0; index < 1000; index++) say('dhcp.offer', {})
  for (let second = 0; second < 10; second++) {
    for (let index = 0; index < 1000; index++) {
      wait(1)
      say('dhcp.offer', {})
    }
  }
  const later = lines.slice(1000)
  expect(later.length).toBeGreaterThan(150)
  expect(later.length).toBeLessThan(250)
  const omitted = later.map(([, fields]) => fields?.omitted ?? 0)
  expect(Math.max(...omitted)).toBeLessThan(100)
  expect(later.length + omitted.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(9900)
})

test('another event has lines of its own', () => {
  const { lines, say } = setUp()
  for (let index = 0; index < 2000; index++) say('dhcp.offer', {})
  say('dhcp.loop', { count: 3 })
  expect(lines.at(-1)).toEqual(['dhcp.loop', { count: 3 }])
})
