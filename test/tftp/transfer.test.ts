import { expect, test } from 'vitest'

import type { Effect, Event, Terms, Transfer } from '../../src/tftp/transfer-state.ts'
import { begin, isProven, step } from '../../src/tftp/transfer.ts'

/** Ten blocks, with an OACK. */
const lockstep: Terms = { blocks: 10, oack: true, window: 1, timeoutMs: undefined }
const window4: Terms = { ...lockstep, window: 4 }
const bare: Terms = { ...lockstep, oack: false }

const ack = (block: number, nowMs = 1): Event => ({ type: 'ack', block, nowMs })
const time = (nowMs: number): Event => ({ type: 'time', nowMs, mute: false })
const again = (nowMs: number): Event => ({ type: 'again', nowMs, mute: false })
const error = (code: number, text = ''): Event => ({ type: 'error', code, text })

/** `send 3-6`, `error 0`, `end`. */
function say(effect: Effect): string {
  if (effect.do === 'send')
    return effect.first === effect.last ? `send ${effect.first}` : `send ${effect.first}-${effect.last}`
  return effect.do === 'error' ? `error ${effect.code}` : 'end'
}

/** What is done about each event, one after the other. */
function play(terms: Terms, ...events: Event[]): { said: string[]; last: string[]; transfer: Transfer } {
  let [transfer, effects] = begin(terms, 0)
  const said = effects.map(say)
  for (const event of events) {
    ;[transfer, effects] = step(transfer, event, terms)
    said.push(...effects.map(say))
  }
  return { said, last: effects.map(say), transfer }
}

const upTo = (block: number): Event[] => Array.from({ length: block + 1 }, (_, at) => ack(at))

const rules: [rule: string, terms: Terms, events: Event[], effects: string[], at: Transfer['at']][] = [
  ['with options it begins with the OACK', lockstep, [], ['send 0'], 'sending'],
  ['without, it begins with block 1', bare, [], ['send 1'], 'sending'],
  ['ACK 0 of the OACK asks for block 1', lockstep, [ack(0)], ['send 1'], 'sending'],
  ['... or for a whole window', window4, [ack(0)], ['send 1-4'], 'sending'],
  ['ACK 0 means nothing without an OACK', bare, [ack(0)], [], 'sending'],
  ['the ACK of a block asks for the next one', bare, [ack(1)], ['send 2'], 'sending'],
  ['the ACK of a window asks for the next one', window4, [ack(0), ack(4)], ['send 5-8'], 'sending'],
  ['the last window is as long as what is left', window4, [ack(0), ack(4), ack(8)], ['send 9-10'], 'sending'],
  ['the ACK of the last block ends it', lockstep, upTo(10), ['end'], 'sent'],
  ['a repeated ACK in lock-step is never answered', lockstep, [ack(0), ack(1), ack(1)], [], 'sending'],
  ['an old ACK is ignored', lockstep, [ack(0), ack(1), ack(2), ack(1)], [], 'sending'],
  ['the ACK of a block that was not sent is ignored', lockstep, [ack(0), ack(2)], [], 'sending'],
  ['an ACK from within a window asks for what is behind it', window4, [ack(0), ack(2)], ['send 3-6'], 'sending'],
  ['a repeated ACK before a window asks for all of it', window4, [ack(0), ack(4), ack(4)], ['send 5-8'], 'sending'],
  ['... but only once', window4, [ack(0), ack(4), ack(4), ack(4)], [], 'sending'],
  ['a gap that was filled is not filled twice', window4, [ack(0), ack(2), ack(2), ack(2)], [], 'sending'],
  [
    'echoes of blocks that were sent twice are no loss in the next window',
    window4,
    [ack(0), ack(0), ack(4), ack(4), ack(4), ack(4)],
    [],
    'sending',
  ],
  [
    'after a repetition an ACK from within the window may be an echo: only what is new is sent',
    window4,
    [ack(0), time(5000), ack(3)],
    ['send 5-7'],
    'sending',
  ],
  ['nothing happens before the time is up', lockstep, [ack(0), time(50)], [], 'sending'],
  ['when it is, the block is sent again', lockstep, [ack(0), time(5000)], ['send 1'], 'sending'],
  ['... or all of the window', window4, [ack(0), ack(4), time(5000)], ['send 5-8'], 'sending'],
  ['a repeated request repeats the first packet', lockstep, [again(1)], ['send 0'], 'sending'],
  ['... and once something was acknowledged nothing', lockstep, [ack(0), again(1)], [], 'sending'],
  ['a probe for the size ends with error 8 of the client', lockstep, [error(8, 'User aborted')], ['end'], 'probed'],
  ['... or with error 0', lockstep, [ack(0), error(0)], ['end'], 'probed'],
  ['any other error has it fail', lockstep, [error(3)], ['end'], 'failed'],
  ['so does error 0 in the middle', lockstep, [ack(0), ack(1), error(0)], ['end'], 'failed'],
  ['an error is never answered', bare, [ack(1), error(999)], ['end'], 'failed'],
  ['a client that closed its port has it fail', lockstep, [ack(0), { type: 'gone' }], ['end'], 'failed'],
  ['... but not after the last block', lockstep, [...upTo(9), { type: 'gone' }], ['end'], 'sent'],
  ['what cannot be sent has it fail', lockstep, [{ type: 'broken', reason: 'EPERM' }], ['end'], 'failed'],
  [
    'a client that is known is told that the server stops',
    lockstep,
    [ack(0), { type: 'stop' }],
    ['error 0', 'end'],
    'failed',
  ],
  ['... one that may not exist is not', lockstep, [{ type: 'stop' }], ['end'], 'failed'],
]
test.each(rules)('%s', (_, terms, events, effects, at) => {
  const played = play(terms, ...events)
  expect(events.length === 0 ? played.said : played.last).toEqual(effects)
  expect(played.transfer.at).toBe(at)
})

test('what has ended answers nothing', () => {
  const { transfer } = play(lockstep, ...upTo(10))
  for (const event of [ack(0), time(1e9), again(1e9), error(0), { type: 'gone' }, { type: 'stop' }] as Event[]) {
    expect(step(transfer, event, lockstep)).toEqual([transfer, []])
  }
})

/** The times at which something is sent when nobody ever answers again, by a clock that looks every 25 ms. */
function sendsInSilence(terms: Terms, events: Event[], mute = false): { times: number[]; end: Transfer } {
  let { transfer } = play(terms, ...events)
  const times: number[] = []
  for (let nowMs = 0; transfer.at === 'sending' && nowMs < 1e6; nowMs += 25) {
    const [next, effects] = step(transfer, { type: 'time', nowMs, mute }, terms)
    if (effects.some((effect) => effect.do === 'send')) times.push(nowMs)
    expect(effects.filter((effect) => effect.do === 'error').length).toBe(
      next.at === 'failed' && isProven(transfer, terms) ? 1 : 0,
    )
    transfer = next
  }
  return { times, end: transfer }
}

test('who never acknowledges anything gets the first packet three times, and no farewell', () => {
  const { times, end } = sendsInSilence(lockstep, [])
  expect(times).toEqual([1000, 3000])
  expect(end).toMatchObject({ at: 'failed', reason: 'never acknowledged anything' })
})

test('... all repeated requests included', () => {
  const { said, transfer } = play(lockstep, again(1), again(2), again(3), again(4))
  expect(said).toEqual(['send 0', 'send 0', 'send 0'])
  expect(sendsInSilence(lockstep, [again(1), again(2), again(3)]).times).toEqual([])
  expect(transfer.at).toBe('sending')
})

test('... and only once when its address has had enough already', () => {
  expect(sendsInSilence(lockstep, [], true).times).toEqual([])
  const [begun] = begin(lockstep, 0)
  expect(step(begun, { type: 'again', nowMs: 1, mute: true }, lockstep)[1]).toEqual([])
})

test('pauses grow to a limit, and after half a minute without an answer the client is given up', () => {
  const { times, end } = sendsInSilence(lockstep, [ack(0, 200)])
  const pauses = times.map((at, index) => at - (times[index - 1] ?? 200))
  expect(pauses.length).toBe(8)
  expect(pauses.slice(0, 4).map((pause) => Math.round(pause / 100))).toEqual([6, 12, 24, 40])
  expect(Math.max(...pauses)).toBeLessThanOrEqual(4025)
  expect(times.at(-1)).toBeLessThan(40_000)
  expect(end).toMatchObject({ at: 'failed', reason: 'no answer any more' })
})

test('a client that runs what it got and never acknowledges the last block has got it', () => {
  const { end } = sendsInSilence(lockstep, upTo(9))
  expect(end.at).toBe('sent')
})

test('an answer begins the count anew', () => {
  let { transfer } = play(lockstep, ack(0, 0))
  for (let round = 0; round < 50; round++) {
    const nowMs = round * 10_000
    ;[transfer] = step(transfer, time(nowMs + 5000), lockstep)
    ;[transfer] = step(transfer, ack((round % 9) + 1, nowMs + 5100), lockstep)
    if (round % 9 === 8) ({ transfer } = play(lockstep, ack(0, nowMs + 5100)))
    expect(transfer).toMatchObject({ at: 'sending', tries: 0 })
  }
})

test('the pause that a client has negotiated lies behind the first packet, within reason', () => {
  const firstPause = (timeoutMs: number): number | undefined => sendsInSilence({ ...lockstep, timeoutMs }, []).times[0]
  expect(firstPause(2000)).toBe(2000)
  expect(firstPause(255_000)).toBe(4000)
})

test('... and no lost block costs as much, once a round trip is known', () => {
  expect(sendsInSilence({ ...lockstep, timeoutMs: 6000 }, [ack(0, 1)]).times[0]).toBeLessThan(150)
})

test('the first pause follows the round trip: three of them, never less than 100 ms', () => {
  const paused = (rttMs: number): number => {
    let transfer = play(lockstep).transfer
    for (let block = 0; block < 10; block++) [transfer] = step(transfer, ack(block, (block + 1) * rttMs), lockstep)
    return transfer.dueMs - 10 * rttMs
  }
  expect(paused(0.2)).toBeCloseTo(100)
  expect(paused(300)).toBeCloseTo(900)
})

test('a repetition tells nothing of the round trip', () => {
  const { transfer } = play(lockstep, ack(0, 10), time(5000), ack(1, 5001))
  expect(transfer.rttMs).toBe(10)
})

test('a pause that was doubled stays so until a round trip is measured again', () => {
  const pauseAfter = (...events: Event[]): number => {
    const { transfer } = play(lockstep, ack(0, 10), ...events)
    return transfer.dueMs - transfer.sentMs
  }
  const inVain = [time(1000), time(2000), ack(1, 2001)]
  expect(pauseAfter()).toBe(100)
  expect(pauseAfter(...inVain)).toBe(400)
  expect(pauseAfter(...inVain, ack(2, 2011))).toBe(100)
})

const wide: Terms = { blocks: 200_000, oack: true, window: 16, timeoutMs: undefined }

/** In the middle of a long transfer. */
function at(acked: number, sent = acked + 16): Transfer {
  return { ...begin(wide, 0)[0], acked, upTo: sent }
}

test('block numbers go on beyond 16 bits', () => {
  const [next, effects] = step(at(65_530), ack(65_546 - 65_536), wide)
  expect(next.acked).toBe(65_546)
  expect(effects.map(say)).toEqual(['send 65547-65562'])
})

test.each([
  ['from before the turn', 65_537, 65_520],
  ['from behind it', 65_530, 30],
  ['half way round', 65_536, 32_768],
])('a stale ACK around the turn of the numbers confuses nothing: %s', (_, acked, block) => {
  expect(step(at(acked), ack(block), wide)).toEqual([at(acked), []])
})
