/**
 * What is told of the host is so, and looking at it holds nobody up.
 */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, hostname, totalmem } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { beforeAll, describe, expect, test } from 'vitest'

import { createHost } from '../../../src/http/api/host.ts'
import { temporaryFolder } from '../../support/site.ts'

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
describe('a measurement that fails', () => {
  const cases: [what: string, program: string, why: RegExp][] = [
    ['the process ends', 'process.exit(0)', /it was not measured/],
    [
      'the process is killed',
      "process.on('message', () => process.kill(process.pid, 'SIGKILL'))",
      /it was not measured/,
    ],
    ['it says why', "process.on('message', () => process.send({ problem: 'no such disk' }))", /^no such disk$/],
  ]
  for (const [what, program, why] of cases) {
    test(`${what}: who asked hears of it, and the next one has another try`, async () => {
      using folder = temporaryFolder()
      const path = join(folder.path, 'child.mjs')
      writeFileSync(path, program)
      const failing = createHost('1', path)
      await Promise.all([1, 2].map(() => expect(failing()).rejects.toThrow(why)))
      await expect(failing()).rejects.toThrow(why)
    })
  }
  test('the process cannot be started: out of file descriptors', async () => {
    const script = `
      import { openSync } from 'node:fs'
      import { createHost } from ${JSON.stringify(import.meta.resolve('../../../src/http/api/host.ts'))}
      const host = createHost('1')
      const open = []
      try { for (;;) open.push(openSync('/dev/null')) } catch {}
      await host().then(() => console.log('measured'), (error) => console.log(error.message))
      setTimeout(() => console.log('lives'), 50)`
    const command = 'ulimit -n 100; exec "$0" --disable-warning=ExperimentalWarning --input-type=module -e "$1"'
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', command, process.execPath, script])
    expect([stderr, stdout]).toEqual(['', expect.stringMatching(/EMFILE[^]*\nlives\n$/)])
  })
})
test('what starts programs and waits for them is not loaded into the process that answers machines', () => {
  const loaded = Object.keys(createRequire(import.meta.url).cache)
  expect(loaded.filter((path) => path.includes('systeminformation'))).toEqual([])
})
