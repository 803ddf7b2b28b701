/**
 * What is told of the host is so, and looking at it holds nobody up.
 */
import { createRequire } from 'node:module'
import { availableParallelism, hostname, totalmem } from 'node:os'

import { beforeAll, expect, test } from 'vitest'

import { createHost } from '../../../src/http/api/host.ts'

type Facts = Awaited<ReturnType<ReturnType<typeof createHost>>>

const host = createHost('1.2.3')
let first: Facts
beforeAll(async () => {
  first = await host()
})

test('the facts are those of this computer and of this process', () => {
  expect(first).toMatchObject({ hostname: hostname(), processors: availableParallelism() })
  expect(Math.abs(first.memory.totalBytes - totalmem())).toBeLessThan(1 << 20)
  expect(first.memory.availableBytes).toBeLessThan(first.memory.totalBytes)
  expect(first.process).toMatchObject({ version: '1.2.3' })
  expect(first.process.memoryBytes).toBeGreaterThan(10 << 20)
})
test('who asks within seconds gets the same, without another measurement', async () => {
  const [second, third] = await Promise.all([host(), host()])
  expect([second, third]).toEqual([first, first])
})
test('what starts programs and waits for them is not loaded into the process that answers machines', () => {
  const loaded = Object.keys(createRequire(import.meta.url).cache)
  expect(loaded.filter((path) => path.includes('systeminformation'))).toEqual([])
})
