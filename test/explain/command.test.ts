/**
 * `bootcfg explain` as a process: what it exits with, and where it says what.
 */
import { describe, expect, test } from 'vitest'

import type { Explanation } from '../../src/core/explanation.ts'
import { runBootcfg, siteFlags } from '../support/server.ts'
import { temporaryFolder, writeFiles } from '../support/site.ts'

const FILES = {
  'config.yaml': `api_version: v1alpha1
groups:
  - {spec: good, require: {os: good}}
  - {spec: bad, require: {os: bad}}
`,
  'specs/good/spec.json': '{"boot": {"kernel": "k"}}',
  'specs/bad/spec.json': '{"cloud_id": "absent"}',
}

async function run(...args: readonly string[]) {
  using folder = temporaryFolder()
  writeFiles(folder.path, FILES)
  const firmware = ['-firmware-path', folder.path]
  return await runBootcfg(['explain', ...siteFlags(folder.path), ...firmware, ...args]) // while the folder is there
}

describe('the exit status is', () => {
  const cases: [status: number, when: string, args: string[]][] = [
    [0, 'when all that is configured works', ['-label', 'os=good']],
    [1, 'when something that is configured fails', ['-label', 'os=bad']],
    [1, 'when no group matches', []],
    [1, 'when the data cannot be read', ['-label', 'os=good', '-config', '/nowhere']],
    [2, 'when a flag cannot be used', ['-mac', 'x']],
  ]
  for (const [status, when, args] of cases) {
    test(`${status} ${when}`, async () => {
      const ran = await run(...args)
      expect(ran.status).toBe(status)
      expect(ran.stdout === '' ? ran.stderr : ran.stdout).not.toBe('')
    })
  }
})

test('-json prints JSON and nothing else', async () => {
  const { stdout, stderr } = await run('-label', 'os=bad', '-json')
  const { group, problems } = JSON.parse(stdout) as Explanation
  expect([group?.spec, problems.length, stderr]).toEqual(['bad', 1, ''])
})

test('an interface of -net lends its address, and one that is not there has a stand-in', async () => {
  const args = ['-mac', '52:54:00:89:d8:10', '-label', 'os=good', '-arch', 'x64-uefi', '-json', '-net']
  const server = async (name: string) => (JSON.parse((await run(...args, name)).stdout) as Explanation).server
  expect(await server('lo')).toEqual({ url: 'http://127.0.0.1:8080', address: '127.0.0.1', assumed: false })
  expect(await server('nowhere0')).toEqual({ url: 'http://192.0.2.1:8080', address: '192.0.2.1', assumed: true })
})
