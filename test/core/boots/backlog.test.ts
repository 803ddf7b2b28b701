import { expect, test } from 'vitest'

import { Backlog } from '../../../src/core/boots/backlog.ts'

/** A clock that goes on by so much with each event that is looked at. */
function worker(eventMs: number) {
  const taken: number[] = []
  let nowMs = 1000
  return {
    taken,
    pass: (ms: number) => (nowMs += ms),
    clock: () => nowMs,
    take: (event: number) => {
      taken.push(event)
      nowMs += eventMs
    },
  }
}

test('what waits is handed out in its order, each once', () => {
  const [backlog, { taken, clock, take }] = [new Backlog<number>((event) => event), worker(0)]
  for (let event = 0; event < 50; event++) backlog.add(event, event)
  backlog.work(take, clock)
  backlog.add(50, 50)
  backlog.work(take, clock)
  expect(taken).toEqual(Array.from({ length: 51 }, (_, event) => event))
  expect(backlog.isEmpty).toBe(true)
})

test('a flood takes a four-hundredth of the time, and not much more than that at once', () => {
  const [backlog, { taken, pass, clock, take }] = [new Backlog<number>((event) => event), worker(0.1)]
  const startMs = clock()
  for (let second = 0; second < 100; second++) {
    for (let event = 0; event < 20_000; event++) backlog.add(event, clock())
    for (let turn = 0; turn < 20; turn++) {
      const before = clock()
      backlog.work(take, clock)
      expect(clock() - before).toBeLessThan(7)
      pass(50)
    }
  }
  const workedMs = taken.length * 0.1
  expect(workedMs / (clock() - startMs)).toBeLessThan(0.004)
  expect(workedMs / (clock() - startMs)).toBeGreaterThan(0.002)
  expect(backlog.takeLeftOut()).toBeGreaterThan(1_000_000)
  expect(backlog.isFlooded).toBe(false)
})

test('what is kept is a copy, and nothing of what is left out is held', () => {
  let copies = 0
  const backlog = new Backlog<{ event: number }>((event) => {
    copies += 1
    return { ...event }
  })
  const told = { event: 1 }
  for (let count = 0; count < 10_000; count++) backlog.add(told, 0)
  const taken: object[] = []
  backlog.work(
    (event) => taken.push(event),
    () => 0,
    true,
  )
  expect(taken[0]).toEqual(told)
  expect(taken[0]).not.toBe(told)
  expect(copies).toBe(taken.length)
  expect(copies + backlog.takeLeftOut()).toBe(10_000)
})

test('who asks gets all that waits', () => {
  const [backlog, { taken, clock, take }] = [new Backlog<number>((event) => event), worker(1)]
  for (let event = 0; event < 1000; event++) backlog.add(event, 0)
  backlog.work(take, clock, true)
  expect(taken).toHaveLength(1000)
  for (let event = 0; event < 1000; event++) backlog.add(event, 0)
  backlog.work(take, clock)
  expect(taken).toHaveLength(1000) // that was on credit
})
