/**
 * The store over a real folder: what is taken up, what is refused, and what a machine gets meanwhile.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import type { Store } from '../../../src/core/store/store.ts'
import { openStore } from '../../../src/core/store/store.ts'
import { TEMPLATE_LIMITS } from '../../../src/core/template/template.ts'
import { buildApp, TIMEOUTS } from '../../../src/http/app.ts'
import { skip } from '../../support/requirements.ts'
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
    const { loadedAtMs } = store.state()
    writeFiles(folder.path, { 'config.yaml': GROUPS.replace('v1alpha1', 'v9'), 'cloud/c': '#!/bin/sh\necho not yet\n' })
    await vi.waitFor(() => expect(events('store.refused')).toHaveLength(1))
    expect(store.state().loadedAtMs).toBe(loadedAtMs)
    expect(events('store.refused')[0]).toMatchObject({
      level: 'error',
      file: join(folder.path, 'config.yaml'),
      line: 1,
      reason: 'api_version must be v1alpha1, not "v9"',
    })
    expect(await get('/cloud')).toContain('echo one')
    writeFiles(folder.path, { 'config.yaml': GROUPS })
    await becomes('/cloud', 'echo not yet')
    expect(store.state().loadedAtMs).toBeGreaterThan(loadedAtMs)
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
    expect(events('store.problem')).toEqual([
      expect.objectContaining({ file: 'cloud/c', line: 2, reason: 'missing value for if' }),
    ])
  })
  test('is told once, not at every load', async () => {
    writeFiles(folder.path, { 'cloud/c': '#!/bin/sh\n{{if}}\n', 'templates/other': '' })
    execFileSync('mkfifo', [join(folder.path, 'templates/part')])
    await becomes('/cloud', /^500/)
    writeFiles(folder.path, { 'config.yaml': GROUPS.replace('one', 'two') })
    await becomes('/metadata', 'WORD=two')
    const told = events('store.problem').map((line) => line.file)
    expect(told.toSorted((a, b) => (a! < b! ? -1 : 1))).toEqual(['cloud/c', 'templates/part'])
  })
  test('a spec that can be read but not written out is broken like others', async () => {
    const deep = `${'['.repeat(400)}${']'.repeat(400)}`
    writeFiles(folder.path, { 'specs/s/spec.json': `{"boot": {"kernel": "k", "cmdline": {"a": ${deep}}}}` })
    await becomes('/ipxe', /^500 specs\/s\/spec\.json: value nested deeper than 250 levels\n$/)
    expect(events('store.refused')).toEqual([])
  })
  test('a broken spec is 500 where it is asked for', async () => {
    writeFiles(folder.path, { 'specs/s/spec.json': '{"cloud_id": \n]' })
    await becomes('/cloud', /^500 specs\/s\/spec\.json:2/)
    await becomes('/ipxe', /^500 specs\/s\/spec\.json:2/)
    expect(await get('/metadata')).toBe('200 WORD=one\n')
  })
})

describe('what is no plain file', () => {
  test('a folder in the place of a file is 404, as if nothing were there', async () => {
    rmSync(join(folder.path, 'cloud/c'))
    writeFiles(folder.path, { 'cloud/c/inside': '#!/bin/sh\n' })
    await becomes('/cloud', /^404 .*\n.*cloud\/c, which does not exist/)
    rmSync(join(folder.path, 'cloud/c'), { recursive: true })
    writeFiles(folder.path, { 'cloud/c': '#!/bin/sh\necho back\n' })
    await becomes('/cloud', 'echo back')
  })
  test('a FIFO that nobody writes to holds up nothing, and is 500 where it is asked for', async () => {
    rmSync(join(folder.path, 'cloud/c'))
    execFileSync('mkfifo', [join(folder.path, 'cloud/c')])
    await becomes('/cloud', /^500 cloud\/c: not a regular file\n$/)
    writeFiles(folder.path, { 'config.yaml': GROUPS.replace('one', 'two') })
    await becomes('/metadata', 'WORD=two')
  })
  test('a link to itself is not there', async () => {
    rmSync(join(folder.path, 'cloud/c'))
    symlinkSync('c', join(folder.path, 'cloud/c'))
    await becomes('/cloud', /^404/)
  })
  test('a link that leads back up is followed nowhere', async () => {
    symlinkSync('..', join(folder.path, 'cloud/up'))
    symlinkSync('.', join(folder.path, 'ignition/here'))
    symlinkSync('.', join(folder.path, 'ignition/there'))
    writeFiles(folder.path, { 'cloud/c': '#!/bin/sh\necho round\n' })
    await becomes('/cloud', 'echo round')
    expect([...store.current().ignition.keys()]).toEqual(['i.json'])
    expect(events('store.scan-failed')).toEqual([])
  })
})

test('ten thousand files are taken up, and one more among them', async () => {
  const many = Array.from({ length: 10_000 }, (_, n): [string, string] => [`cloud/many/${n}`, `#!/bin/sh\necho ${n}\n`])
  writeFiles(folder.path, Object.fromEntries(many))
  await vi.waitFor(() => expect(store.current().cloud.size).toBe(10_001), { timeout: 20_000, interval: 50 })
  writeFiles(folder.path, { 'cloud/c': '#!/bin/sh\necho and one\n' })
  await becomes('/cloud', 'echo and one')
}, 40_000)

test('a groups file that is empty for a moment, as some editors leave it, changes nothing', async () => {
  for (const word of ['w1', 'w2', 'w3', 'w4']) {
    truncateSync(join(folder.path, 'config.yaml'))
    await new Promise((resolve) => setTimeout(resolve, RHYTHM.lookMs * 1.5))
    expect(await get('/metadata')).toMatch(/^200 WORD=/)
    writeFiles(folder.path, { 'config.yaml': GROUPS.replace('one', word) })
    await becomes('/metadata', `200 WORD=${word}`)
  }
})

test('an edit of the same length within the second is taken up where times count whole seconds', async (context) => {
  const [image, mount] = [join(folder.path, 'image'), join(folder.path, 'mnt')]
  mkdirSync(mount)
  writeFileSync(image, '')
  truncateSync(image, 4 << 20)
  try {
    execFileSync('mke2fs', ['-q', '-F', '-t', 'ext2', '-I', '128', image], { stdio: 'ignore' })
    execFileSync('mount', ['-o', 'loop', image, mount], { stdio: 'ignore' })
  } catch {
    skip(context, 'needs root, e2fsprogs and a loop device')
  }
  try {
    writeFiles(mount, FILES)
    const coarse = await openStore(sourcesIn(mount), memoryLog(), RHYTHM)
    try {
      for (let n = 10; n < 40; n++) {
        writeFiles(mount, { 'cloud/c': `#!/bin/sh\necho edit ${n}\n` })
        await vi.waitFor(
          async () => {
            const app = appOn(coarse.current())
            expect((await app.inject('/cloud')).body).toContain(`edit ${n}`)
            await app.close()
          },
          { timeout: 3000, interval: 10 },
        )
      }
    } finally {
      await coarse.stop()
    }
  } finally {
    execFileSync('umount', [mount])
  }
}, 60_000)

test('a data directory that goes away is reported once, and taken up when it is back', async () => {
  renameSync(folder.path, `${folder.path}.away`)
  await vi.waitFor(() => expect(events('store.scan-failed').length).toBeGreaterThan(0))
  expect(await get('/cloud')).toContain('echo one')
  writeFileSync(join(`${folder.path}.away`, 'cloud/c'), '#!/bin/sh\necho back\n')
  renameSync(`${folder.path}.away`, folder.path)
  await becomes('/cloud', 'echo back')
  expect(events('store.scan-failed')).toHaveLength(1)
})

test('a fault of the program while it reads a change leaves the last good data serving', async () => {
  const state = { isFaulty: false }
  const sources = {
    ...sourcesIn(folder.path),
    get templateLimits() {
      if (state.isFaulty) throw new TypeError('a fault')
      return TEMPLATE_LIMITS
    },
  }
  const own = await openStore(sources, log, RHYTHM)
  state.isFaulty = true
  writeFiles(folder.path, { 'cloud/c': '#!/bin/sh\necho new\n' })
  await vi.waitFor(() => expect(events('store.failed')).toHaveLength(1), { timeout: 5000 })
  expect(events('store.failed')[0]).toMatchObject({ level: 'error', stack: expect.stringContaining('a fault') })
  expect(own.current().cloud.has('c')).toBe(true)
  state.isFaulty = false
  await own.reload()
  expect((await appOn(own.current()).inject('/cloud')).body).toContain('echo new')
  await own.stop()
})

test('reload() reads everything again, even what looks the same', async () => {
  const before = store.current()
  await store.reload()
  expect(store.current()).not.toBe(before)
  expect(await get('/cloud')).toContain('echo one')
})

test('whoever asks for a reload while one is waiting for its turn is served by that one', async () => {
  const before = events('store.loaded').length
  await Promise.all(Array.from({ length: 50 }, () => store.reload()))
  expect(events('store.loaded').length - before).toBeLessThanOrEqual(2)
})

test('stopping ends a load that is under way, and the reloads that wait for it', async () => {
  const group = '- spec: s\n  metadata: {a: [1, 2, 3], b: {c: d}}\n'
  writeFiles(folder.path, { 'config.yaml': `api_version: v1alpha1\ngroups:\n${group.repeat(60_000)}` })
  const died = vi.fn()
  store.failed.catch(died)
  const [first, second] = [store.reload(), store.reload()]
  await new Promise((resolve) => setTimeout(resolve, 20))
  const before = store.current()
  await store.stop()
  await Promise.all([first, second, store.reload()])
  expect(store.current()).toBe(before)
  expect(before.groups.groups).toHaveLength(1)
  await new Promise((resolve) => setTimeout(resolve, 0))
  expect(died).not.toHaveBeenCalled()
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
