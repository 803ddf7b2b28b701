/**
 * The program as a process: flags, fatal errors, signals.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

import { describe, expect, test, type TestContext } from 'vitest'

import { require, skip } from './support/requirements.ts'
import { runBootcfg, siteFlags, startServer } from './support/server.ts'
import { temporaryFolder, writeFiles } from './support/site.ts'

const FIXTURES = join(import.meta.dirname, 'fixtures/bootcfg')
const SITE = [
  '-config',
  join(FIXTURES, 'data/config.yaml'),
  '-data-path',
  join(FIXTURES, 'data'),
  '-assets-path',
  join(FIXTURES, 'assets'),
]

describe('the command line', () => {
  test('-version prints the version', async () => {
    expect(await runBootcfg(['-version'])).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^bootcfg \d+\.\d+\.\d+\n$/),
      stderr: '',
    })
  })
  test('-help prints the flags', async () => {
    const { status, stdout } = await runBootcfg(['--help'])
    expect([status, stdout]).toEqual([0, expect.stringContaining('-assets-path')])
  })
  test('wrong usage is status 2 with the reason', async () => {
    expect(await runBootcfg(['-nonsense'])).toEqual({
      status: 2,
      stdout: '',
      stderr: 'flag provided but not defined: -nonsense\nbootcfg -help lists the flags\n',
    })
  })
  test('it runs from any folder, and through a symbolic link', () => {
    using folder = temporaryFolder()
    symlinkSync(join(import.meta.dirname, '../bin/bootcfg'), join(folder.path, 'bc'))
    expect(execFileSync('./bc', ['-version'], { cwd: folder.path, encoding: 'utf8' })).toMatch(/^bootcfg /)
  })
})

test('a second start compiles nothing anew', async () => {
  using folder = temporaryFolder()
  const compiled = async () => {
    const server = await startServer(SITE, { NODE_COMPILE_CACHE: folder.path })
    await server.stop()
    const files = readdirSync(folder.path, { recursive: true, encoding: 'utf8' })
    return files.map((file) => `${file} ${statSync(join(folder.path, file), { bigint: true }).mtimeNs}`)
  }
  const first = await compiled()
  expect(first.length).toBeGreaterThan(100)
  expect(await compiled()).toEqual(first)
})

describe('at start, what is missing is fatal in one line', () => {
  const cases: [rule: string, flags: string[], reason: string | RegExp][] = [
    [
      'the groups file',
      ['-config', '/nowhere/c.yaml'],
      'groups file (-config) /nowhere/c.yaml: cannot be read: no such file or directory',
    ],
    ['the data directory', ['-data-path', '/nowhere'], '-data-path /nowhere: no such file or directory'],
    ['a data directory that is a file', ['-data-path', '/etc/passwd'], '-data-path /etc/passwd: not a directory'],
    [
      'the assets directory, which can be switched off',
      ['-assets-path', '/nowhere'],
      "-assets-path /nowhere: no such file or directory; -assets-path '' serves no assets",
    ],
    [
      'the key ring',
      ['-key-ring-path', '/nowhere'],
      /^key ring \(-key-ring-path\) \/nowhere: .*no such file or directory/,
    ],
    [
      'a groups file that is not usable',
      ['-config', join(FIXTURES, 'data/ignition/bad-yaml.yaml')],
      /^groups file \(-config\) .*bad-yaml\.yaml:\d+/,
    ],
  ]
  for (const [rule, flags, reason] of cases) {
    test(rule, async () => {
      const { status, stdout } = await runBootcfg(['-address', '127.0.0.1:0', ...SITE, ...flags])
      expect(status).toBe(1)
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
      const fatal = lines.filter((line) => line['level'] === 'critical')
      expect(fatal).toEqual([
        expect.objectContaining({
          event: 'fatal',
          reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
        }),
      ])
    })
  }
  test('a data directory with too much in it', async () => {
    using folder = temporaryFolder()
    writeFiles(folder.path, { 'config.yaml': 'api_version: v1alpha1\n', [`cloud/${'d/'.repeat(20)}f`]: '' })
    const flags = siteFlags(folder.path)
    const { status, stdout } = await runBootcfg(['-address', '127.0.0.1:0', ...flags])
    expect([status, stdout]).toEqual([
      1,
      expect.stringMatching(
        /"reason":"data directory \(-data-path\) \S+: cloud\/d\S+ is nested deeper than 16 folders"/,
      ),
    ])
  })
  test('a broken file of the data directory is not fatal', async () => {
    await using server = await startServer(SITE)
    expect((await fetch(`${server.url}/cloud?hostname=half`)).status).toBe(500)
  })
})

describe('signals', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal} ends it with status 0 within 5 s, also with downloads open`, async () => {
      using folder = temporaryFolder()
      writeFileSync(join(folder.path, 'big'), '')
      truncateSync(join(folder.path, 'big'), 1 << 30)
      const server = await startServer([...SITE, '-assets-path', folder.path])
      const sockets = Array.from({ length: 5 }, () => {
        const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
        socket.on('error', () => {})
        socket.write('GET /assets/big HTTP/1.1\r\nHost: x\r\n\r\n')
        return socket
      })
      await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('readable', resolve))))
      const started = performance.now()
      server.process.kill(signal)
      expect(await server.exited).toBe(0)
      expect(performance.now() - started).toBeLessThan(5000)
      expect(server.log.map((line) => line.event)).toContain('stopped')
      for (const socket of sockets) socket.destroy()
    })
  }

  test('a stop while a long groups file is read, at start or later, is a stop', async () => {
    using folder = temporaryFolder()
    const flags = siteFlags(folder.path)
    const group = '- spec: s\n  metadata: {a: [1, 2, 3], b: {c: d}, e: "some text that makes it longer"}\n'
    const long = `api_version: v1alpha1\ngroups:\n${group.repeat(400_000)}` // takes seconds

    writeFiles(folder.path, { 'config.yaml': 'api_version: v1alpha1\n' })
    const server = await startServer(flags)
    writeFiles(folder.path, { 'config.yaml': long })
    for (let n = 0; n < 5; n++) server.process.kill('SIGHUP')
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect((await fetch(`${server.url}/boot.ipxe`)).status).toBe(200)
    expect(await server.stop()).toBe(0)
    expect(server.log.map((line) => line.event)).toContain('stopped')
    expect(server.log.filter((line) => line.event === 'store.loaded')).toHaveLength(1)

    const bootcfg = join(import.meta.dirname, '../bin/bootcfg')
    const starting = spawn(bootcfg, ['-address', '127.0.0.1:0', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    starting.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const ended = new Promise((resolve) => starting.on('close', resolve))
    await expect.poll(() => catchesSignals(starting.pid!), { timeout: 10_000 }).toBe(true) // and begins to read
    starting.kill('SIGHUP')
    starting.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(said).toContain('"event":"stopped"')
    expect(said).not.toContain('"event":"ready"')
  }, 40_000)

  test('as pid 1 it ends too', async (context) => {
    require(context, [['pgrep', 'procps']])
    const unshare = ['--fork', '--pid', '--mount-proc', '--kill-child']
    if (process.getuid?.() !== 0) unshare.push('--map-root-user')
    if (spawnSync('unshare', [...unshare, 'true']).status !== 0) skip(context, 'pid namespaces are not allowed here')
    const bootcfg = join(import.meta.dirname, '../bin/bootcfg')
    const child = spawn('unshare', [...unshare, bootcfg, '-address', '127.0.0.1:0', ...SITE], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise((resolve) => child.on('close', resolve))
    await new Promise<void>((resolve) =>
      child.stdout.on('data', (chunk: Buffer) => chunk.includes('"ready"') && resolve()),
    )
    const [inner] = execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' }).split('\n')
    process.kill(Number(inner), 'SIGTERM')
    expect(await ended).toBe(0)
  })

  test('SIGHUP reads everything again', async () => {
    using folder = temporaryFolder()
    writeFiles(folder.path, { 'config.yaml': 'api_version: v1alpha1\n' })
    await using server = await startServer(siteFlags(folder.path))
    const loads = () => server.log.filter((line) => line.event === 'store.loaded').length
    const before = loads()
    server.process.kill('SIGHUP')
    await server.waitFor('store.loaded', () => loads() > before)
    expect((await fetch(`${server.url}/metadata`)).status).toBe(404)
  })
})

test('what its user may not read is broken, not fatal', async (context) => {
  using folder = temporaryFolder()
  writeFiles(folder.path, {
    'config.yaml': 'api_version: v1alpha1\ngroups: [{spec: s}, {spec: p, require: {x: "1"}}]\n',
    'specs/s/spec.json': '{"id": "s", "cloud_id": "secret"}',
    'specs/p/spec.json': '{"id": "p", "cloud_id": "private/c"}',
    'cloud/secret': '#!/bin/sh\n',
    'cloud/private/c': '#!/bin/sh\n',
  })
  chmodSync(folder.path, 0o755)
  chmodSync(join(folder.path, 'cloud/secret'), 0)
  chmodSync(join(folder.path, 'cloud/private'), 0)
  await using server = await startServer(siteFlags(folder.path), {}, asNobody(context))
  const answer = await fetch(`${server.url}/cloud`)
  expect([answer.status, await answer.text()]).toEqual([500, 'cloud/secret: cannot be read: permission denied\n'])
  expect((await fetch(`${server.url}/cloud?x=1`)).status).toBe(404)
  const problems = server.log.filter((line) => line.event === 'store.problem')
  expect(Object.fromEntries(problems.map(({ file, reason }) => [file, reason]))).toEqual({
    'cloud/private': 'cannot be read: permission denied',
    'cloud/secret': 'cannot be read: permission denied',
  })
  chmodSync(join(folder.path, 'cloud/private'), 0o755)
  await server.waitFor('store.loaded', (line) => line['errors'] === 1)
  expect((await fetch(`${server.url}/cloud?x=1`)).status).toBe(200)
})

/** What starts a program as a user for whom permissions count; root may read everything. */
function asNobody(context: TestContext): string[] {
  if (process.getuid?.() !== 0) return []
  const setpriv = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  const program = join(import.meta.dirname, '../bin/bootcfg')
  const { status } = spawnSync(setpriv[0]!, [...setpriv.slice(1), program, '-version'])
  if (status !== 0) skip(context, 'needs setpriv, and that nobody may read this clone')
  return setpriv
}

test('a change on disk is served within 2 s', async () => {
  using folder = temporaryFolder()
  const groups = (word: string) => `api_version: v1alpha1\ngroups: [{metadata: {word: ${word}}}]\n`
  writeFiles(folder.path, { 'config.yaml': groups('one') })
  await using server = await startServer(siteFlags(folder.path))
  for (const word of ['two', 'three', 'four']) {
    writeFiles(folder.path, { 'config.yaml': groups(word) })
    const deadline = performance.now() + 2000
    let body = ''
    while (body !== `WORD=${word}\n` && performance.now() < deadline) {
      body = await (await fetch(`${server.url}/metadata`)).text()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(body).toBe(`WORD=${word}\n`)
  }
})

describe('-user', () => {
  const asRoot = (context: TestContext): void => {
    if (process.getuid!() !== 0) skip(context, 'only root can become another user')
  }
  test('root goes on as somebody else, without any right, and serves', async (context) => {
    asRoot(context)
    await using server = await startServer([...SITE, '-user', '65534:65534'])
    const status = readFileSync(`/proc/${server.process.pid}/status`, 'utf8')
    expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m)
    expect(status).toMatch(/^Gid:\t65534\t65534\t65534\t65534$/m)
    expect(status).toMatch(/^Groups:\t *$/m)
    expect(status).toMatch(/^CapEff:\t0+$/m)
    expect(status).toMatch(/^CapPrm:\t0+$/m)
    expect((await fetch(`${server.url}/assets/hello.txt`)).status).toBe(200)
  })
  test('a user that is not there is fatal, in one line', async (context) => {
    asRoot(context)
    const { status, stdout } = await runBootcfg(['-address', '127.0.0.1:0', ...SITE, '-user', 'nobody-of-that-name'])
    expect(status).toBe(1)
    expect(stdout).toContain('-user nobody-of-that-name: ')
  })
  test('for who is not root it is fatal, in one line', async (context) => {
    require(context, [['setpriv', 'util-linux']])
    const wrapper = process.getuid!() === 0 ? ['setpriv', '--reuid', '65534', '--clear-groups'] : []
    await expect(startServer([...SITE, '-user', '0:0'], {}, wrapper)).rejects.toThrow(
      'only root can become another user',
    )
  })
})

/** Whether a process has handlers of its own for SIGHUP and SIGTERM (proc_pid_status(5)). */
function catchesSignals(pid: number): boolean {
  const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  const wanted = (1n << 0n) | (1n << 14n)
  return (BigInt(`0x${mask ?? '0'}`) & wanted) === wanted
}
