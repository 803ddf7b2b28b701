/**
 * The store over a real folder: what is taken up, what is refused, and what a machine gets meanwhile.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import type { Store } from '../../../src/core/store/store.ts'
import { openStore } from '../../../src/core/store/store.ts'
import { buildApp, TIMEOUTS } from '../../../src/http/app.ts'
import { appOn, memoryLog, sourcesIn, temporaryFolder, writeFiles } from '../../support/site.ts'

const GROUPS = 'api_version: v1alpha1\ngroups:\n  - spec: s\n    metadata: {word: one}\n'
const FILES = {
  'config.yaml': GROUPS,
  'specs/s/spec.json': '{"cloud_id": "c", "ignition_id": "i.json"}',
  'cloud/c': '#!/bin/sh\necho {{.word}}\n',
  'ignition/i.json': '{"ignition": {"version": "3.3.0"}}',
}
const RHYTHM = { lookMs: 30, stillMs: 20, looksMax: 5 }

let folder: ReturnType<typeof temporaryFolder>
let log: ReturnType<typeof memoryLog>
let store: Store
beforeEach(async () => {
  folder = temporaryFolder()
  writeFiles(folder.path, FILES)
  log = memoryLog()
  store = await openStore(sourcesIn(folder.path), log, RHYTHM)
})
afterEach(async () => {
  await store.stop()
  folder[Symbol.dispose]()
})

async function get(url: string): Promise<string> {
  const app = appOn(store.current())
  const answer = await app.inject(url)
  await app.close()
  return `${answer.statusCode} ${answer.body}`
}

async function becomes(url: string, answer: string | RegExp): Promise<void> {
  await vi.waitFor(async () => expect(await get(url)).toMatch(answer), { timeout: 5000, interval: 20 })
}

function events(name: string) {
  return log.lines.filter((line) => line.event === name)
}

describe('a change on disk is taken up', () => {
  test('when a file is written in place', async () => {
    writeFiles(folder.path, { 'cloud/c': '#!/bin/sh\necho changed\n' })
    await becomes('/cloud', 'echo changed')
  })
  test('when an editor writes another file and renames it', async () => {
    writeFiles(folder.path, { 'cloud/.c.swp': '#!/bin/sh\necho renamed\n' })
    renameSync(join(folder.path, 'cloud/.c.swp'), join(folder.path, 'cloud/c'))
    await becomes('/cloud', 'echo renamed')
  })
  test('when the groups file changes', async () => {
    writeFiles(folder.path, { 'config.yaml': GROUPS.replace('one', 'two') })
    await becomes('/cloud', 'echo two')
  })
  test('when a spec comes and goes', async () => {
    writeFiles(folder.path, { 'specs/t/spec.json': '{}' })
    await becomes('/spec/t', /^200/)
    rmSync(join(folder.path, 'specs/t'), { recursive: true })
    await becomes('/spec/t', /^404/)
  })
  test('when a folder is swapped behind a symbolic link, as Kubernetes does', async () => {
    cpSync(join(folder.path, 'cloud'), join(folder.path, 'v1'), { recursive: true })
    rmSync(join(folder.path, 'cloud'), { recursive: true })
    symlinkSync('v1', join(folder.path, 'cloud'))
    await becomes('/cloud', 'echo one')
    writeFiles(folder.path, { 'v2/c': '#!/bin/sh\necho v2\n' })
    symlinkSync('v2', join(folder.path, 'next'))
    renameSync(join(folder.path, 'next'), join(folder.path, 'cloud'))
    await becomes('/cloud', 'echo v2')
  })
  test('when git checks out another commit of the whole tree', async () => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', folder.path, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args])
    git('init', '-q')
    git('add', '-A')
    git('commit', '-qm', 'one')
    writeFiles(folder.path, {
      'config.yaml': GROUPS.replace('spec: s', 'spec: new'),
      'specs/new/spec.json': '{"cloud_id": "new"}',
      'cloud/new': '#!/bin/sh\necho new {{.word}}\n',
    })
    rmSync(join(folder.path, 'specs/s'), { recursive: true })
    git('add', '-A')
    git('commit', '-qm', 'two')
    await becomes('/cloud', 'echo new one')
    git('checkout', '-q', 'HEAD~1')
    await becomes('/cloud', /echo one/)
    git('checkout', '-q', '-')
    await becomes('/cloud', 'echo new one')
  })
  test('when a partial of a Liquid template changes', async () => {
    writeFiles(folder.path, {
      'specs/s/spec.json': '{"cloud_id": "l.liquid"}',
      'cloud/l.liquid': '#!/bin/sh\n{% render "part" %}\n',
      'templates/part.liquid': 'echo first',
    })
    await becomes('/cloud', 'echo first')
    writeFiles(folder.path, { 'templates/part.liquid': 'echo second' })
    await becomes('/cloud', 'echo second')
  })
})

describe('a groups file that cannot be used', () => {
  test('is refused with file, line and reason, and the last good data goes on serving', async () => {
    writeFiles(folder.path, { 'config.yaml': GROUPS.replace('v1alpha1', 'v9'), 'cloud/c': '#!/bin/sh\necho not yet\n' })
    await vi.waitFor(() => expect(events('store.refused')).toHaveLength(1))
    expect(events('store.refused')[0]).toMatchObject({
      level: 'error',
      file: join(folder.path, 'config.yaml'),
      line: 1,
      reason: 'api_version must be v1alpha1, not "v9"',
    })
    expect(await get('/cloud')).toContain('echo one')
    writeFiles(folder.path, { 'config.yaml': GROUPS })
    await becomes('/cloud', 'echo not yet')
  })
  test('is refused when it is gone', async () => {
    unlinkSync(join(folder.path, 'config.yaml'))
    await vi.waitFor(() => expect(events('store.refused')).toHaveLength(1))
    expect(await get('/cloud')).toContain('echo one')
  })
})

describe('a broken file swaps in with the rest', () => {
  test('only its own answers are 500 with the reason, and the log names it', async () => {
    writeFiles(folder.path, {
      'cloud/c': '#!/bin/sh\n{{if}}\n',
      'ignition/i.json': '{"ignition": {"version": "3.4.0"}}',
    })
    await becomes('/cloud', /^500 cloud\/c:2:\d+: missing value for if\n$/)
    await becomes('/ignition', /^200 .*3\.4\.0/)
    expect(events('store.problem')[0]).toMatchObject({ file: 'cloud/c', line: 2 })
  })
  test('a broken spec is 500 where it is asked for', async () => {
    writeFiles(folder.path, { 'specs/s/spec.json': '{"cloud_id": \n]' })
    await becomes('/cloud', /^500 specs\/s\/spec\.json:2/)
    await becomes('/ipxe', /^500 specs\/s\/spec\.json:2/)
    expect(await get('/metadata')).toBe('200 WORD=one\n')
  })
})

test('a data directory that goes away is reported once, and taken up when it is back', async () => {
  renameSync(folder.path, `${folder.path}.away`)
  await vi.waitFor(() => expect(events('store.scan-failed').length).toBeGreaterThan(0))
  expect(await get('/cloud')).toContain('echo one')
  writeFileSync(join(`${folder.path}.away`, 'cloud/c'), '#!/bin/sh\necho back\n')
  renameSync(`${folder.path}.away`, folder.path)
  await becomes('/cloud', 'echo back')
  expect(events('store.scan-failed')).toHaveLength(1)
})

test('reload() reads everything again, even what looks the same', async () => {
  const before = store.current()
  await store.reload()
  expect(store.current()).not.toBe(before)
  expect(await get('/cloud')).toContain('echo one')
})

test('what did not change is not compiled again', async () => {
  const before = store.current()
  writeFiles(folder.path, { 'config.yaml': GROUPS.replace('one', 'two') })
  await becomes('/cloud', 'echo two')
  expect(store.current().cloud.get('c')).toBe(before.cloud.get('c'))
})

test('a request that holds a snapshot is answered from it whatever happens on disk', async () => {
  const app = appOn(store.current())
  rmSync(join(folder.path, 'cloud'), { recursive: true })
  await becomes('/cloud', /^404/)
  expect((await app.inject('/cloud')).body).toContain('echo one')
  await app.close()
})

test('a swap under load yields neither a mixed nor a failed answer', async () => {
  const app = buildApp(
    { headerBytesMax: 16_384, connectionsMax: 100, ...TIMEOUTS },
    { snapshot: store.current, log: memoryLog() },
  )
  // Every commit of the data writes the same word into the metadata and into the template.
  const commit = (word: string) =>
    writeFiles(folder.path, {
      'config.yaml': GROUPS.replace('one', word),
      'cloud/c': `#!/bin/sh\necho {{.word}} ${word}\n`,
    })
  commit('w0')
  await vi.waitFor(async () => expect((await app.inject('/cloud')).body).toContain('w0 w0'))
  const seen = new Set<string>()
  const commits = { going: true }
  const load = (async () => {
    while (commits.going) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => app.inject('/cloud')))
      for (const answer of answers) seen.add(`${answer.statusCode} ${answer.body}`)
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  for (let round = 1; round <= 8; round++) {
    commit(`w${round}`)
    await vi.waitFor(async () => expect((await app.inject('/cloud')).body).toContain(`w${round} w${round}`), {
      timeout: 5000,
    })
  }
  commits.going = false
  await load
  await app.close()
  expect(seen.size).toBeGreaterThanOrEqual(8)
  for (const answer of seen) expect(answer).toMatch(/^200 #!\/bin\/sh\necho (w\d) \1\n$/)
})

test('nothing of the data directory is read while a machine waits', async () => {
  const app = appOn(store.current())
  await store.stop()
  rmSync(folder.path, { recursive: true })
  for (const url of ['/cloud', '/ignition', '/metadata', '/spec/s'])
    expect((await app.inject(url)).statusCode).toBe(200)
  await app.close()
})
