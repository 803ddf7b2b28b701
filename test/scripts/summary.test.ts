/**
 * The end of scripts/test: its last line and exit status are right, whatever became of vitest.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { temporaryFolder } from '../support/site.ts'

const SUMMARY = join(import.meta.dirname, '../../scripts/lib/summary.ts')

const good = { status: 'passed', fullName: 'a rule holds', meta: {} }
const bad = { status: 'failed', fullName: 'a rule breaks', meta: {} }
const skipped = { status: 'skipped', fullName: 'a machine boots', meta: { skipReason: 'needs\n  the package qemu' } }
const file = (...assertionResults: object[]) => ({
  name: 'x.test.ts',
  status: assertionResults.includes(bad) ? 'failed' : 'passed',
  message: '',
  assertionResults,
})
const unloadable = { ...file(), status: 'failed', message: 'cannot import y' }

interface Case {
  readonly name: string
  /** Files of the report, or the text of a report that is none; nothing when vitest left no report. */
  readonly report?: readonly object[] | string
  readonly vitest: number
  readonly steps?: readonly [passed: number, failed: number]
  readonly lines: readonly string[]
  readonly status: number
}

const cases: readonly Case[] = [
  { name: 'all passed', report: [file(good, good)], vitest: 0, lines: ['6 passed, 0 failed, 0 skipped'], status: 0 },
  {
    name: 'a skipped test is told with its reason in one line',
    report: [file(good, skipped)],
    vitest: 0,
    lines: ['skipped: x.test.ts: a machine boots: needs; the package qemu', '5 passed, 0 failed, 1 skipped'],
    status: 0,
  },
  {
    name: 'a skipped test without a reason',
    report: [file(good, { ...skipped, meta: {} })],
    vitest: 0,
    lines: ['skipped: x.test.ts: a machine boots: no reason given', '5 passed, 0 failed, 1 skipped'],
    status: 0,
  },
  { name: 'a failed test', report: [file(good, bad)], vitest: 1, lines: ['5 passed, 1 failed, 0 skipped'], status: 1 },
  {
    name: 'a failed step before it',
    report: [file(good)],
    vitest: 0,
    steps: [3, 1],
    lines: ['4 passed, 1 failed, 0 skipped'],
    status: 1,
  },
  {
    name: 'a file that could not be loaded',
    report: [file(good), unloadable],
    vitest: 1,
    lines: ['failed: x.test.ts: cannot import y', '5 passed, 1 failed, 0 skipped'],
    status: 1,
  },
  {
    name: 'an error outside of all tests',
    report: [file(good)],
    vitest: 1,
    lines: ['failed: vitest itself, with exit status 1 after 1 tests', '5 passed, 1 failed, 0 skipped'],
    status: 1,
  },
  {
    name: 'no report',
    vitest: 137,
    lines: ['failed: vitest itself, with exit status 137 after 0 tests', '4 passed, 1 failed, 0 skipped'],
    status: 1,
  },
  {
    name: 'half a report',
    report: '{"testRes',
    vitest: 0,
    lines: ['failed: vitest itself, with exit status 0 after 0 tests', '4 passed, 1 failed, 0 skipped'],
    status: 1,
  },
  {
    name: 'a report without tests',
    report: [],
    vitest: 0,
    lines: ['failed: vitest itself, with exit status 0 after 0 tests', '4 passed, 1 failed, 0 skipped'],
    status: 1,
  },
]

for (const { name, report, vitest, steps = [4, 0], lines, status } of cases) {
  test(`${name}: ${lines.at(-1)!}, status ${status}`, () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'report.json')
    if (report !== undefined)
      writeFileSync(path, typeof report === 'string' ? report : JSON.stringify({ testResults: report }))
    const run = spawnSync(process.execPath, [SUMMARY, path, ...[vitest, ...steps].map(String)], { encoding: 'utf8' })
    expect(run.stdout.trimEnd().split('\n')).toEqual(lines)
    expect(run.status).toBe(status)
  })
}
