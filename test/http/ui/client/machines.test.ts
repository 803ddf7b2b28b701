/** The machines of the status page while they are read and change. */
import { expect, test, vi } from 'vitest'

import { Api } from '../../../../src/http/ui/client/api.js'
import { Machines } from '../../../../src/http/ui/client/machines.js'
import { machineOf } from '../../api/site.ts'

const nothing = (): void => {}
const named = (...names: string[]) => names.map((name) => machineOf(name))

test('a machine that is heard of while pages are read, and so moves to one that was read, stays', async (context) => {
  vi.useFakeTimers()
  context.onTestFinished(() => void vi.useRealTimers())
  const api = new Api(nothing)
  const machines = new Machines(api, nothing)
  const pages = vi.spyOn(api, 'machines')
  pages.mockResolvedValueOnce({ machines: named('a', 'b', 'gone'), total: 3 })
  await machines.load()

  pages.mockImplementationOnce(() => {
    machines.update(machineOf('b'))
    vi.runAllTimers()
    return Promise.resolve({ machines: named('a'), total: 2 })
  })
  pages.mockResolvedValueOnce({ machines: [], total: 2 })
  const loading = machines.load()
  await vi.runAllTimersAsync()
  await loading
  expect([...machines.byMac.keys()]).toEqual(['a', 'b'])
})

test('of many machines the first are shown at once, and then all: no number is shown in between', async (context) => {
  vi.useFakeTimers()
  context.onTestFinished(() => void vi.useRealTimers())
  const api = new Api(nothing)
  const shown: [count: number, isComplete: boolean][] = []
  const machines = new Machines(api, () => shown.push([machines.byMac.size, machines.isComplete]))
  const all = named(...Array.from({ length: 3500 }, (_, number) => `m${number}`))
  vi.spyOn(api, 'machines').mockImplementation((offset, limit) =>
    Promise.resolve({ machines: all.slice(offset, offset + limit), total: all.length }),
  )
  const loading = machines.load()
  await vi.runAllTimersAsync()
  await loading
  expect(shown).toEqual([
    [40, false],
    [3500, true],
  ])
})

test('what was asked for before another load is shown while there is nothing else', async () => {
  const api = new Api(nothing)
  const machines = new Machines(api, nothing)
  const early = Promise.withResolvers<{ machines: ReturnType<typeof named>; total: number }>()
  const late = Promise.withResolvers<{ machines: ReturnType<typeof named>; total: number }>()
  vi.spyOn(api, 'machines').mockReturnValueOnce(early.promise).mockReturnValueOnce(late.promise)
  const [first, second] = [machines.load(), machines.load()]
  early.resolve({ machines: named('a', 'gone'), total: 2 })
  await first
  expect([machines.byMac.size, machines.isComplete]).toEqual([2, false])
  late.resolve({ machines: named('a'), total: 1 })
  await second
  expect([[...machines.byMac.keys()], machines.isComplete]).toEqual([['a'], true])
})
