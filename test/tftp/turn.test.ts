import { expect, onTestFinished, test, vi } from 'vitest'

import { Turns } from '../../src/tftp/turn.ts'

/** A clock that moves by so much with each look. */
function clock(lookMs: number) {
  let nowMs = 1000
  const mocked = vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  onTestFinished(() => mocked.mockRestore())
  const pass = (ms: number): void => void (nowMs += ms)
  /** Takes a turn in which the looks find these, and nothing from then on. @returns what each was asked */
  const turn = (turns: Turns, ...found: readonly number[]): string[] => {
    const asked: string[] = []
    turns.take((waits) => {
      asked.push(waits ? 'wait' : 'look')
      pass(lookMs)
      return found[asked.length - 1] ?? 0
    })
    return asked
  }
  return { pass, turn }
}

test('now and then a datagram: it is read, and the turn is over', () => {
  const { pass, turn } = clock(0.01)
  const turns = new Turns(true)
  expect(turn(turns, 1)).toEqual(['look', 'look'])
  pass(50)
  expect(turn(turns, 1)).toEqual(['look', 'look'])
})

test('one client that answers at once is looked for again, and waited for when that was in vain', () => {
  const { turn } = clock(0.01)
  const turns = new Turns(true)
  const asked = turn(turns, 1, 1, 0, 0, 1)
  expect(asked.slice(0, 6)).toEqual(['look', 'look', 'look', 'look', 'look', 'look'])
  expect(asked.at(-1)).toBe('wait')
  expect(asked.length).toBeLessThan(20)
})

test('many clients at once leave the processor to each other: the kernel waits', () => {
  const { turn } = clock(0.01)
  const turns = new Turns(true)
  expect(turn(turns, 16, 16, 16, 0)).toEqual(['look', 'look', 'wait', 'wait'])
})

test('... where nothing can wait, they are looked for again, for a moment', () => {
  const { turn } = clock(0.01)
  const asked = turn(new Turns(false), 16, 16, 16)
  expect(new Set(asked)).toEqual(new Set(['look']))
  expect(asked.length).toBeGreaterThan(4)
  expect(asked.length).toBeLessThan(20)
})

test('a client that takes longer than it is looked for is looked for more and more seldom', () => {
  const { pass, turn } = clock(0.01)
  const turns = new Turns(false)
  const looks = Array.from({ length: 40 }, () => {
    pass(0.01)
    return turn(turns, 1).length
  })
  expect(looks.slice(0, 10).filter((count) => count > 2).length).toBeGreaterThan(1)
  expect(looks.slice(-10).filter((count) => count > 2).length).toBeLessThanOrEqual(1)
})

test('a flood has its turn of 4 ms, then others have theirs', () => {
  const { turn } = clock(0.1)
  expect(turn(new Turns(true), ...Array.from({ length: 1000 }, () => 64)).length).toBe(40)
})
