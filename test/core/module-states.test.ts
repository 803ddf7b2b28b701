import { expect, test } from 'vitest'

import { isReady, moduleStates } from '../../src/core/module-states.ts'
import type { Running } from '../../src/core/module.ts'

function room(name: string, about: Partial<Running> = {}): Running {
  return { name, failed: new Promise<never>(() => {}), stop: async () => {}, ...about }
}

const WANTED = [{ name: 'http' }, { name: 'tftp' }, { name: 'dhcp', off: '-dhcp off' }]
const http = room('http', { url: 'http://localhost:8080' })

//  name, rooms that have started, states, ready
const cases: [string, Running[], string[], boolean][] = [
  ['what has not started is starting', [http], ['running', 'starting', 'off'], false],
  ['what is off is not waited for', [http, room('tftp')], ['running', 'running', 'off'], true],
  [
    'what has troubles is not ready',
    [http, room('tftp', { troubles: () => ['eth0: port 69 is held'] })],
    ['running', 'failed', 'off'],
    false,
  ],
  ['what had troubles is ready', [http, room('tftp', { troubles: () => [] })], ['running', 'running', 'off'], true],
]
for (const [name, rooms, states, ready] of cases) {
  test(name, () => {
    const told = moduleStates(WANTED, rooms)
    expect(told.map(({ state }) => state)).toEqual(states)
    expect(isReady(told)).toBe(ready)
  })
}

test('each says where it is reached, what is wrong, or why it is off', () => {
  const tftp = room('tftp', { troubles: () => ['eth0: port 69 is held', 'eth1: no'] })
  expect(moduleStates(WANTED, [tftp, http]).map(({ detail }) => detail)).toEqual([
    'http://localhost:8080',
    'eth0: port 69 is held; eth1: no',
    '-dhcp off',
  ])
})
