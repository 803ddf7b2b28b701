/** Scripts of the box, outside of it: what they leave, and what they take from a program without rights. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { temporaryFolder, writeFiles } from '../support/site.ts'

const SCRIPTS = join(import.meta.dirname, '../../images/appliance/root/lib/box')
const LIB = join(SCRIPTS, 'lib')

test('what a script writes is for nobody else to change, whoever runs it', () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'flags')
  execFileSync('sh', ['-c', `umask 0; . "$0"; echo x | write "$1"`, LIB, file])
  expect((statSync(file).mode & 0o777).toString(8)).toBe('644')
})

test('a lock of one that was killed is nobody’s', () => {
  using folder = temporaryFolder()
  const lib = readFileSync(LIB, 'utf8').replaceAll('/run/lock', join(folder.path, 'lock'))
  const noProcess = 2 ** 22 + 1
  const script = `${lib}\nln -s ${noProcess} ${folder.path}/lock.x\nlock x\nreadlink ${folder.path}/lock.x; echo $$`
  const [holder, own] = execFileSync('sh', ['-c', script], { encoding: 'utf8', timeout: 10_000 }).split('\n')
  expect(holder).toBe(own)
  expect(readdirSync(folder.path)).toEqual([])
})

/** The script `plan` in a folder, with a program that leaves these files, then does something else. */
function planned(folder: string, files: Record<string, string>, afterwards = ':') {
  const [own, run, made] = ['own', 'run', 'made'].map((name) => join(folder, name)) as [string, string, string]
  mkdirSync(join(run, 'problems'), { recursive: true })
  writeFiles(made, files)
  writeFileSync(
    join(folder, 'lib'),
    `. ${LIB}
RUN=${run}
say() { :; }
chown() { :; }
without_rights() { if [ "$1" = node ]; then cp -R ${made}/. ${own}; ${afterwards}; else "$@"; fi; }
`,
  )
  const script = readFileSync(join(SCRIPTS, 'plan'), 'utf8')
  const changed = script.replace('/lib/box/lib', join(folder, 'lib')).replace('OWN=/run/plan', `OWN=${own}`)
  execFileSync('sh', ['-c', changed.replace('SECONDS_MAX=30', 'SECONDS_MAX=1')], { stdio: 'ignore' })
  return (name: string) => (existsSync(join(run, name)) ? readFileSync(join(run, name), 'utf8') : undefined)
}

const PLAN = 'hostname boot1\naddress eth0 dhcp\n'

test('the plan, the flags and what is wrong are taken over', () => {
  using folder = temporaryFolder()
  const text = planned(folder.path, {
    plan: PLAN,
    flags: `-config=${folder.path}/own/no-groups.yaml\n-assets-path=\n`,
    'no-groups.yaml': 'groups: []\n',
    'problems/data-directory': 'config.yaml cannot be used\n',
  })
  expect(text('plan')).toBe(PLAN)
  expect(text('flags')).toBe(`-config=${folder.path}/run/no-groups.yaml\n-assets-path=\n`)
  expect(text('no-groups.yaml')).toBe('groups: []\n')
  expect(text('problems/data-directory')).toBe('config.yaml cannot be used\n')
  expect(text('problems/plan')).toBeUndefined()
})

test('a program that comes to no end is ended, and what it has written until then holds', () => {
  using folder = temporaryFolder()
  const text = planned(folder.path, { plan: PLAN, flags: '-tftp=on\n' }, 'while :; do :; done')
  expect(text('plan')).toBe(PLAN)
  expect(text('flags')).toBe('-tftp=on\n')
  expect(text('problems/plan')).toContain('took too much time or memory')
})

const HOSTILE: [what: string, files: Record<string, string>][] = [
  ['a word of a shell', { plan: 'hostname $(reboot)\n', flags: '-tftp=on\n' }],
  ['a flag in two lines', { plan: PLAN, flags: '-tftp=on\n-user\n0:0\n' }],
  ['a flag with two hyphens', { plan: PLAN, flags: '--user=0:0\n' }],
  ['nothing', {}],
]
for (const [what, files] of HOSTILE) {
  test(`of a program that writes ${what} nothing is taken, and the defaults hold`, () => {
    using folder = temporaryFolder()
    const text = planned(folder.path, files)
    expect(text('plan')).toMatch(/^hostname bootcfg\n/)
    expect(text('flags')).toMatch(/^-address=/)
    expect(text('problems/plan')).toContain('the defaults hold')
  })
}
