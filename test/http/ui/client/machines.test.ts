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
  await machines.load()
  expect([...machines.byMac.keys()]).toEqual(['a', 'b'])
})
