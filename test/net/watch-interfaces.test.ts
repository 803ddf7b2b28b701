import { expect, onTestFinished, test, vi } from 'vitest'

import type { EventName, Fields } from '../../src/core/log.ts'
import type { NetInterface } from '../../src/net/interfaces.ts'
import { type Sight, watchInterfaces } from '../../src/net/watch-interfaces.ts'

const USE: NetInterface = {
  name: 'eth0',
  index: 2,
  address: '10.9.0.2',
  netmask: '255.255.255.0',
  mac: '52:54:00:00:00:01',
}

function usable(change: Partial<NetInterface> = {}): Sight {
  return { at: 'usable', use: { ...USE, ...change } }
}
const down: Sight = { at: 'unusable', reason: 'it is down' }
const missing: Sight = { at: 'unusable', reason: 'not there' }
const noLink: Sight = { at: 'no-link', reason: 'no link' }

/** What is told and logged when an interface looks like this, then like that, and so on. */
function follow(sights: readonly Sight[]): string[] {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const story: string[] = []
  const log = Object.assign(
    (event: EventName, fields?: Fields) => story.push(`${event} ${fields?.address ?? fields?.reason}`),
    { flush: () => {} },
  )
  let step = 0
  const watch = watchInterfaces(['eth0'], log, () => sights[step]!)
  watch.listen((change) => story.push('came' in change ? `came ${change.came.address}` : `went ${change.went.address}`))
  for (step = 1; step < sights.length; step++) vi.advanceTimersByTime(1000)
  void watch.stop()
  return story
}

const CASES: [string, Sight[], string[]][] = [
  ['one that is there is used at once, and is no news', [usable(), usable()], ['net.usable 10.9.0.2']],
  ['one that is not is waited for, with one line', [down, down, down], ['net.waiting it is down']],
  ['another reason is another line', [missing, down], ['net.waiting not there', 'net.waiting it is down']],
  ['one that comes is told', [missing, usable()], ['net.waiting not there', 'net.usable 10.9.0.2', 'came 10.9.0.2']],
  [
    'one that goes is told, and why',
    [usable(), down, usable()],
    ['net.usable 10.9.0.2', 'went 10.9.0.2', 'net.waiting it is down', 'net.usable 10.9.0.2', 'came 10.9.0.2'],
  ],
  [
    'one that changes its address goes and comes',
    [usable(), usable({ address: '10.9.0.3' })],
    ['net.usable 10.9.0.2', 'went 10.9.0.2', 'net.usable 10.9.0.3', 'came 10.9.0.3'],
  ],
  [
    'one that is made anew goes and comes',
    [usable(), usable({ index: 7 })],
    ['net.usable 10.9.0.2', 'went 10.9.0.2', 'net.usable 10.9.0.2', 'came 10.9.0.2'],
  ],
  ['one whose cable is pulled stays in use', [usable(), noLink, usable()], ['net.usable 10.9.0.2']],
  [
    'one that has no cable yet is waited for',
    [noLink, usable()],
    ['net.waiting no link', 'net.usable 10.9.0.2', 'came 10.9.0.2'],
  ],
  [
    'a reason that comes back after it was used is a line again',
    [down, usable(), down],
    ['net.waiting it is down', 'net.usable 10.9.0.2', 'came 10.9.0.2', 'went 10.9.0.2', 'net.waiting it is down'],
  ],
]
test.each(CASES)('%s', (_, sights, story) => expect(follow(sights)).toEqual(story))

test('who no longer listens is not told', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  let sight: Sight = down
  const watch = watchInterfaces(
    ['eth0'],
    Object.assign(() => {}, { flush: () => {} }),
    () => sight,
  )
  const told = vi.fn()
  watch.listen(told)()
  sight = usable()
  vi.advanceTimersByTime(1000)
  expect(watch.current.get('eth0')).toEqual(USE)
  expect(told).not.toHaveBeenCalled()
  void watch.stop()
})

test('loopback is seen as the kernel has it', async () => {
  const watch = watchInterfaces(
    ['lo', 'nope0'],
    Object.assign(() => {}, { flush: () => {} }),
  )
  await watch.stop()
  expect([...watch.current.keys()]).toEqual(['lo'])
  expect(watch.current.get('lo')).toMatchObject({ index: 1, address: '127.0.0.1', netmask: '255.0.0.0' })
})
