/**
 * scripts/start: what it says to try is true, and what it installs is installed once.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, utimesSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { createProject, LOCK, NODE_PACKAGE, type Project } from './project.ts'

const SERVED = '<-config><examples/config.yaml><-data-path><examples><-assets-path><assets>'

const addresses: readonly (readonly [args: readonly string[], variable: string, url: string])[] = [
  [[], '127.0.0.1:18', 'http://127.0.0.1:18'],
  [['-address', '127.0.0.1:19'], '127.0.0.1:18', 'http://127.0.0.1:19'],
  [['--address=127.0.0.1:19'], '', 'http://127.0.0.1:19'],
  [['-address', '127.0.0.1:19', '-address=[::1]:20'], '', 'http://[::1]:20'],
  [['-address', ':19'], '', 'http://127.0.0.1:19'],
  [['-address', '127.0.0.1:0'], '', 'http://127.0.0.1:PORT'],
]
for (const [args, variable, url] of addresses) {
  test(`${args.join(' ')} with BOOTCFG_ADDRESS='${variable}': to try on ${url}`, () => {
    using project = installed()
    const { stdout, status } = start(project, args, { BOOTCFG_ADDRESS: variable })
    expect([...stdout.matchAll(/curl '(.*?)\/(?:ipxe|metadata)\?/g)].map((match) => match[1])).toEqual([url, url])
    expect(stdout).toContain([SERVED, ...args.map((arg) => `<${arg}>`)].join(''))
    expect(status).toBe(0)
  })
}

for (const args of [['-version'], ['-config', 'my.yaml'], ['-data-path=mine'], ['-address', 'nonsense']]) {
  test(`${args.join(' ')}: nothing to try, the answer is the program's`, () => {
    using project = installed()
    expect(start(project, args).stdout).toBe([SERVED, ...args.map((arg) => `<${arg}>`)].join(''))
  })
}

test('a port that is taken: nothing to try, the program says why', async () => {
  using project = installed()
  await using other = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => other.once('listening', resolve))
  const address = other.address()
  if (address === null || typeof address === 'string') throw new TypeError('not listening on a port')
  const { stdout } = start(project, ['-address', `127.0.0.1:${address.port}`])
  expect(stdout).toBe(`${SERVED}<-address><127.0.0.1:${address.port}>`)
})

const INSTALLS = `mkdir -p ${NODE_PACKAGE}/bin && : >${NODE_PACKAGE}/bin/node && chmod +x ${NODE_PACKAGE}/bin/node
: >node_modules/.package-lock.json; echo "npm $*"`

test('npm installs what the lock file says once, and again after the lock file changed', () => {
  using project = createProject(FILES)
  project.program('bin/bootcfg', '')
  project.program('path/npm', INSTALLS)
  expect(start(project).stdout).toContain('npm ci')
  expect(start(project).stdout).not.toContain('npm ci')
  const later = Date.now() / 1000 + 10
  utimesSync(join(project.path, 'package-lock.json'), later, later)
  expect(start(project).stdout).toContain('npm ci')
})

test('an installation that failed is no start, and is not taken for one the next time', () => {
  using project = createProject(FILES)
  project.program('bin/bootcfg', 'echo started')
  project.program('path/npm', `${INSTALLS}\necho no space left >&2; exit 1`)
  for (const attempt of ['first', 'second']) {
    const { status, stdout, stderr } = start(project)
    expect([status, stdout.includes('started'), stderr], attempt).toEqual([
      1,
      false,
      'no space left\nnpm could not install the packages\n',
    ])
  }
  expect(existsSync(join(project.path, 'node_modules/.package-lock.json'))).toBe(false)
})

test('packages for one platform ask for no version of Node in the lock file', () => {
  // npm leaves such a package out, without a word, when the Node that runs npm (Debian 12 has 18) is not what it asks for.
  // What it is for runs on the pinned Node. After a change of versions, delete these `engines` from package-lock.json.
  const platformPackages = Object.entries(LOCK.packages).filter(([, { optional }]) => optional)
  expect(platformPackages.length).toBeGreaterThan(2)
  expect(platformPackages.filter(([, { engines }]) => engines !== undefined).map(([path]) => path)).toEqual([])
})

const FILES = ['scripts/start', 'scripts/link-node', 'scripts/lib/setup.sh', 'package-lock.json']

/** A project where npm has nothing to do, and the program prints its arguments. */
function installed(): Project {
  const project = createProject(FILES)
  project.program('bin/bootcfg', `printf '<%s>' "$@"`)
  project.program('path/npm', INSTALLS)
  spawnSync(join(project.path, 'path/npm'), { cwd: project.path })
  const later = Date.now() / 1000 + 10
  utimesSync(join(project.path, 'node_modules/.package-lock.json'), later, later)
  return project
}

function start(project: Project, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  return spawnSync(join(project.path, 'scripts/start'), args, {
    cwd: '/',
    encoding: 'utf8',
    env: { ...process.env, BOOTCFG_ADDRESS: '', ...env, PATH: `${project.path}/path:${process.env['PATH']}` },
  })
}
