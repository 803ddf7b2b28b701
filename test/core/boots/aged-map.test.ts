import fc from 'fast-check'
import { expect, test } from 'vitest'

import { AgedMap } from '../../../src/core/boots/aged-map.ts'

test('the entry that was set first leaves first; one that is renewed is the newest', () => {
  const map = new AgedMap<string, number>()
  map.set('a', 1).set('b', 2).set('c', 3)
  map.renew('a', 4)
  expect([map.removeOldest(), map.removeOldest(), map.removeOldest()]).toEqual([
    ['b', 2],
    ['c', 3],
    ['a', 4],
  ])
  expect(map.removeOldest()).toBeUndefined()
})

test('it goes on when it was empty, and when an entry left otherwise', () => {
  const map = new AgedMap<string, number>()
  map.set('a', 1)
  map.removeOldest()
  map.set('b', 2).set('c', 3)
  map.delete('b')
  expect(map.removeOldest()).toEqual(['c', 3])
})

const step = fc.tuple(fc.constantFrom('set', 'renew', 'delete', 'leave', 'leave'), fc.nat(9))

test('whatever comes and goes, the oldest is the first in the order of the map', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const map = new AgedMap<number, number>()
      for (const [act, key] of steps) {
        if (act === 'set') map.set(key, key)
        if (act === 'renew') map.renew(key, key)
        if (act === 'delete') map.delete(key)
        const [first] = map
        if (act === 'leave') expect(map.removeOldest()).toEqual(first)
      }
    }),
  )
})
