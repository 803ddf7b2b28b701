/**
 * A hundred thousand machines: every one gets its own answer, also while the whole site is read anew.
 */
import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { writeSite } from '../../scripts/lib/large-site.ts'
import { siteFlags, startServer } from '../support/server.ts'
import { temporaryFolder } from '../support/site.ts'

const MACHINES = 100_000

function labelsOf(machine: number): string {
  const hex = machine.toString(16).padStart(12, '0')
  return `uuid=16e7d8a7-bfa9-428b-9117-${hex}&mac=52-54-00-${hex.slice(6).match(/../g)!.join('-')}`
}

function megabytesAtThePeak(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
}

test('every machine of 100,000 gets its own config, also during a reload', { timeout: 300_000 }, async () => {
  using folder = temporaryFolder()
  writeSite(folder.path, MACHINES)
  await using server = await startServer(siteFlags(folder.path))
  expect(megabytesAtThePeak(server.process.pid!)).toBeLessThan(800)

  const loads = () => server.log.filter((line) => line.event === 'store.loaded').length
  server.process.kill('SIGHUP')
  let asked = 0
  while (loads() < 2 || asked < 5000) {
    const machines = Array.from({ length: 20 }, (_, n) => ((asked + n) * 7919) % MACHINES)
    asked += machines.length
    await Promise.all(
      machines.map(async (machine) => {
        const answer = await fetch(`${server.url}/ignition?${labelsOf(machine)}`)
        expect(answer.status).toBe(200)
        expect(await answer.text()).toContain(`ETCD_NAME=node${machine}\\n`)
      }),
    )
  }
})
