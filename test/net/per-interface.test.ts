import { expect, onTestFinished, test } from 'vitest'

import type { EventName, Fields } from '../../src/core/log.ts'
import type { Interfaces, NetInterface } from '../../src/net/interfaces.ts'
import { openPerInterface } from '../../src/net/per-interface.ts'

function iface(name: string, address = '10.9.0.2'): NetInterface {
  return { name, index: 1, address, netmask: '255.255.255.0', mac: '52:54:00:00:00:01' }
}

/** Interfaces that come and go as the test says, and something that is opened on them. */
function site(...first: NetInterface[]) {
  const current = new Map(first.map((it) => [it.name, it]))
  const listeners = new Set<Parameters<Interfaces['listen']>[0]>()
  const interfaces: Interfaces = {
    current,
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  const story: string[] = []
  /** Why it cannot be opened, if it cannot. */
  let refusal: string | undefined
  let die: (error: Error) => void = () => {}
  const log = Object.assign((event: EventName, fields?: Fields) => story.push(`${event} ${fields?.reason}`), {
    flush: () => {},
  })
  const open = async ({ name, address }: NetInterface, failed: (error: Error) => void) => {
    await Promise.resolve()
    if (refusal !== undefined) throw new Error(refusal)
    die = failed
    story.push(`open ${name} ${address}`)
    return { close: async () => void story.push(`close ${name} ${address}`) }
  }
  return {
    story,
    start: async () => {
      const running = await openPerInterface(interfaces, open, log, 5)
      onTestFinished(() => running.stop())
      return running
    },
    come: (it: NetInterface) => {
      current.set(it.name, it)
      for (const listener of listeners) listener({ came: it })
    },
    go: (it: NetInterface) => {
      current.delete(it.name)
      for (const listener of listeners) listener({ went: it })
    },
    refuse: (why: string | undefined) => (refusal = why),
    die: (why: string) => die(new Error(why)),
  }
}

const [a, b] = [iface('a'), iface('b', '10.8.0.2')]

test('it is open on every interface before the start is over, and closed at the end', async () => {
  const { story, start } = site(a, b)
  const running = await start()
  expect(story).toEqual(['open a 10.9.0.2', 'open b 10.8.0.2'])
  await running.stop()
  expect(story.slice(2)).toEqual(['close a 10.9.0.2', 'close b 10.8.0.2'])
})

test('what cannot be opened at the start ends it, and leaves nothing open', async () => {
  const { story, start, refuse } = site(a)
  refuse('held')
  await expect(start()).rejects.toThrow('held')
  expect(story).toEqual([])
})

test('it follows interfaces that come, go and change their address', async () => {
  const { story, start, come, go } = site(a)
  await start()
  come(b)
  go(a)
  const moved = iface('b', '10.8.0.3')
  go(b)
  come(moved)
  await expect.poll(() => story).toContain('open b 10.8.0.3')
  expect(story.filter((line) => line.startsWith('open')).length).toBe(
    story.filter((line) => line.startsWith('close')).length + 1,
  )
  expect(story.at(-1)).toBe('open b 10.8.0.3')
})

test('what cannot be opened later is one line, and is tried again until it can', async () => {
  const { story, start, come, refuse } = site()
  await start()
  refuse('held')
  come(a)
  await expect.poll(() => story).toEqual(['net.listen-failed held'])
  refuse(undefined)
  await expect.poll(() => story).toEqual(['net.listen-failed held', 'open a 10.9.0.2'])
})

test('what dies is closed, told once, and opened again', async () => {
  const { story, start, die } = site(a)
  await start()
  die('ENETDOWN')
  die('ENETDOWN')
  await expect
    .poll(() => story)
    .toEqual(['open a 10.9.0.2', 'close a 10.9.0.2', 'net.listen-failed ENETDOWN', 'open a 10.9.0.2'])
})

test('after the end nothing is opened any more', async () => {
  const { story, start, come } = site()
  const running = await start()
  await running.stop()
  come(a)
  await Promise.resolve()
  expect(story).toEqual([])
})
