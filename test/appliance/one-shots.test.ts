/**
 * Root's tool as its scripts run it: what it prints, and how it ends.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { formatEnv } from '../../src/appliance/grub-env.ts'
import { bundleOf, contentsOf, makeBox, MIB as BYTES, type PaperBox, statusOf } from '../support/bundles.ts'
import { makeDataDisk, MIB, TOOLS } from '../support/data-disk.ts'
import { require } from '../support/requirements.ts'
import { temporaryFolder } from '../support/site.ts'

const MAIN = join(import.meta.dirname, '../../src/appliance/main.ts')

function box(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

function installArgs(files: PaperBox, cmdline: string): string[] {
  return [
    'install',
    `--bundle=${files.bundle}`,
    `--slot-device=${files.slotDevice}`,
    `--esp-env=${files.espEnv}`,
    `--slot=${files.slot}`,
    `--version=${files.version}`,
    `--arch=${files.arch}`,
    `--status=${files.status}`,
    `--key=${files.key}`,
    `--cmdline=${cmdline}`,
  ]
}

test('grow says what it did, and why it did not', (context) => {
  require(context, TOOLS)
  using folder = temporaryFolder()
  const disk = makeDataDisk(folder.path, 304)
  truncateSync(disk, 400 * MIB * 512)
  expect(box('grow', disk)).toEqual({ status: 0, stdout: 'DATA grew from 304 MiB to 398 MiB\n', stderr: '' })
  expect(box('grow', disk)).toMatchObject({ status: 0, stdout: 'DATA has 398 MiB, all that it can have\n' })
  writeFileSync(disk, Buffer.alloc(BYTES))
  expect(box('grow', disk)).toEqual({
    status: 1,
    stdout: '',
    stderr: "grow: no partition table's header in sector 1\n",
  })
})

test('install ends with 0, then with 3 and the reason when it refuses; keep then says what became of it', () => {
  using folder = temporaryFolder()
  const files = makeBox(folder.path, bundleOf(contentsOf(BYTES)))
  const cmdline = join(folder.path, 'cmdline')
  writeFileSync(cmdline, 'quiet bootcfg.slot=a\n')
  const bundle = readFileSync(files.bundle)
  expect(box(...installArgs(files, cmdline))).toEqual({ status: 0, stdout: '', stderr: '' })

  writeFileSync(files.bundle, bundle)
  writeFileSync(cmdline, 'bootcfg.slot=iso\n')
  const refused = box(...installArgs(files, cmdline))
  expect(refused).toMatchObject({
    status: 3,
    stderr: expect.stringMatching(/^refused: this system was started from iso/) as string,
  })

  const keep = ['keep', `--esp-env=${files.espEnv}`, `--status=${files.status}`]
  expect(box(...keep, '--slot=b')).toEqual({ status: 0, stdout: 'slot b is kept\n', stderr: '' })
  writeFileSync(
    files.espEnv,
    formatEnv(
      new Map([
        ['good', 'b'],
        ['try', 'a'],
        ['tries', '0'],
      ]),
    ),
  )
  const rolledBack = box(...keep, '--slot=b')
  expect(rolledBack.status).toBe(0)
  expect(rolledBack.stderr).toContain('the update in slot a did not start or did not answer')
  expect(statusOf(files)).toMatchObject({ state: 'failed', slot: 'a' })
})

test('plan --wait reads what is there when it is told, not what was there before', async () => {
  using folder = temporaryFolder()
  const [data, run] = ['data', 'run'].map((name) => join(folder.path, name)) as [string, string]
  mkdirSync(data)
  const waiting = spawn(process.execPath, [MAIN, 'plan', '--wait', data, run], { stdio: ['pipe', 'ignore', 'ignore'] })
  const ended = once(waiting, 'close')
  while (!readsStdin(waiting.pid!)) await sleep(20)
  expect(existsSync(run)).toBe(false)
  writeFileSync(join(data, 'appliance.yaml'), 'hostname: rack7\n')
  waiting.stdin.write('data\n')
  expect(await ended).toEqual([0, null])
  expect(readFileSync(join(run, 'plan'), 'utf8')).toMatch(/^hostname rack7$/m)
})

/** Whether it is in the system call `read` of descriptor 0, on x86-64 or arm64 (proc_pid_syscall(5)). */
function readsStdin(pid: number): boolean {
  return /^(?:0|63) 0x0 /.test(readFileSync(`/proc/${pid}/syscall`, 'utf8'))
}

test('what is missing on the command line is said', () => {
  expect(box('grow')).toMatchObject({ status: 1, stderr: 'grow: DISK is missing\n' })
  expect(box('keep', '--slot=b')).toMatchObject({ status: 1, stderr: 'keep: --esp-env is missing\n' })
  expect(box('keep', '--slot=c', '--esp-env=x')).toMatchObject({
    status: 1,
    stderr: 'keep: --slot is a or b, not "c"\n',
  })
  expect(box('install')).toMatchObject({ status: 1, stderr: 'install: --bundle is missing\n' })
})
