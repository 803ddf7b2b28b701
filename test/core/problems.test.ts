/**
 * Problems as they come and go while the server runs: what `bootcfg check` would print of the same files.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { checkDataDirectory } from '../../src/core/check-run.ts'
import { type Problems, watchProblems } from '../../src/core/problems.ts'
import { openStore, type Store } from '../../src/core/store/store.ts'
import { memoryLog, sourcesIn, temporaryFolder, writeFiles } from '../support/site.ts'

const GROUPS = `api_version: v1alpha1
groups:
  - {name: one, spec: node, require: {mac: "52:54:00:89:d8:10"}, metadata: {name: node1}}
`
const FILES = {
  'config.yaml': GROUPS,
  'specs/node/spec.json': '{"id": "node", "boot": {"kernel": "/assets/k", "initrd": []}, "cloud_id": "c"}',
  'cloud/c': '#!/bin/sh\necho {{.name}} {{.role}}\n',
  'assets/k': 'kernel',
}

let folder: ReturnType<typeof temporaryFolder>
let store: Store
let problems: Problems
const sources = () => sourcesIn(folder.path)
const assets = () => join(folder.path, 'assets')

beforeEach(async () => {
  folder = temporaryFolder()
  writeFiles(folder.path, FILES)
  store = await openStore(sources(), memoryLog(), { lookMs: 20, stillMs: 5, looksMax: 3 })
  problems = watchProblems(store, sources(), assets(), { startMs: 0, lookMs: 20 })
})
afterEach(async () => {
  await problems.stop()
  await store.stop()
  folder[Symbol.dispose]()
})

const codes = (): string[] => problems.current().problems.map(({ code }) => code)
const become = (expected: string[]) => vi.waitFor(() => expect(codes()).toEqual(expected), 5000)

describe('problems', () => {
  test('are found after the start, and are those of bootcfg check', async () => {
    expect(problems.current().atMs).toBeUndefined()
    await become(['missing-metadata'])
    expect(problems.current().problems).toEqual(await checkDataDirectory(sources(), assets()))
    expect(problems.current()).toMatchObject({ errors: 0, warnings: 1 })
  })
  test('follow a change of the data directory, and whoever listens is told', async () => {
    await become(['missing-metadata'])
    const listener = vi.fn<() => void>()
    const stop = problems.listen(listener)
    writeFiles(folder.path, { 'cloud/c': '#!/bin/sh\necho {{.name}\n' })
    await become(['template-parse'])
    expect(listener).toHaveBeenCalled()
    stop()
  })
  test('follow an asset that comes or goes, without a load', async () => {
    await become(['missing-metadata'])
    rmSync(join(assets(), 'k'))
    await become(['missing-metadata', 'missing-asset'])
    writeFiles(assets(), { k: 'kernel' })
    await become(['missing-metadata'])
    expect(store.state().loads.loaded).toBe(1)
  })
  test('of a groups file that is refused come all, with what else is wrong', async () => {
    await become(['missing-metadata'])
    writeFiles(folder.path, { 'config.yaml': `${GROUPS}  - {spec: {a: b}}\n  - {spec: [a]}\n` })
    await become(['groups', 'groups', 'missing-metadata'])
    expect(problems.current().behind).toMatch(/config\.yaml:4/)
    writeFiles(folder.path, { 'config.yaml': GROUPS })
    await become(['missing-metadata'])
    expect(problems.current().behind).toBeUndefined()
  })
})

test(
  'a large site is looked through in turns: others wait milliseconds, not seconds',
  { timeout: 60_000 },
  async () => {
    const groups = Array.from(
      { length: 20_000 },
      (_, at) => `  - {spec: node, require: {serial: "s${at}"}, metadata: {name: n${at}}}`,
    )
    writeFiles(folder.path, { 'config.yaml': `api_version: v1alpha1\ngroups:\n${groups.join('\n')}\n` })
    await vi.waitFor(() => expect(store.current().groups.groups).toHaveLength(20_000), 20_000)
    let turns = 0
    const ticking = setInterval(() => (turns += 1), 1)
    await vi.waitFor(() => expect(problems.current().problems[0]?.message).toMatch(/19999 more$/), 20_000)
    clearInterval(ticking)
    expect(turns).toBeGreaterThan(20)
  },
)

describe('the state of the store', () => {
  test('says what keeps the disk from serving until it serves, and counts loads', async () => {
    const states = vi.fn<() => void>()
    store.listen(states)
    writeFiles(folder.path, { 'config.yaml': 'a: [' })
    await vi.waitFor(() => expect(store.state().behind).toMatch(/config\.yaml/))
    expect(store.state().snapshot.groups.groups).toHaveLength(1)
    writeFiles(folder.path, { 'config.yaml': GROUPS })
    await vi.waitFor(() => expect(store.state().behind).toBeUndefined())
    expect(store.state().loads).toEqual({ loaded: 2, refused: 1, failed: 0 })
    expect(states).toHaveBeenCalledTimes(2)
  })
})
