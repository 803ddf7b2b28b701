/**
 * bin/bootcfg insists on the Node that the lock file pins, and says what to do when it is not there.
 */
import { spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { createProject, LOCK, NODE_PACKAGE, type Project } from './project.ts'

const PINNED = `v${LOCK.packages[NODE_PACKAGE]!.version}`

const cases: readonly (readonly [name: string, node: string | undefined, says: string])[] = [
  ['without node_modules', undefined, `${NODE_PACKAGE}/bin/node is missing: run 'npm ci' in `],
  ['with another Node', 'echo v25.0.0', `is v25.0.0, and package-lock.json pins ${PINNED}: run 'npm ci' in `],
  ['with a Node for another system', 'exit 127', 'does not run on this system'],
]

for (const [name, node, says] of cases) {
  test(`${name} it ends with status 1 and one line that says what to do`, () => {
    using project = projectWith(node)
    const { status, stdout, stderr } = spawnSync(join(project.path, 'bin/bootcfg'), { encoding: 'utf8' })
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^bootcfg: [^\n]*\n$/)
    expect(stderr).toContain(says)
  })
}

test('it runs from any folder, through a link, and hands its arguments on as they are', () => {
  using project = projectWith(`[ "$1" != --version ] || exec echo ${PINNED}\nprintf '<%s>' "$@"`)
  const link = join(project.path, 'link')
  symlinkSync(join(project.path, 'bin/bootcfg'), link)
  const { stdout } = spawnSync(link, ['-config', 'a b', ''], { cwd: '/', encoding: 'utf8' })
  expect(stdout).toContain(`<${project.path}/src/main.ts><-config><a b><>`)
})

function projectWith(node: string | undefined): Project {
  const project = createProject(['bin/bootcfg', 'package-lock.json'])
  if (node !== undefined) project.program(`${NODE_PACKAGE}/bin/node`, node)
  return project
}
