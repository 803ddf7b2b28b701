/**
 * A part of this system in which a program may think that it is the system: first of its processes, with mounts of its
 * own, in a host of the lab. For daemons that expect a whole machine, such as systemd and libvirtd.
 *
 *   const cell = await startCell(host, 'mount -t tmpfs tmpfs /run; libvirtd & wait')
 *   await cell.run('virsh', 'version')
 *
 * All that it ever started ends with it. It sees this system's files and can write to them, but for what it mounts over.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Host, Program } from './lab.ts'
import type { Requirement } from './requirements.ts'

export const CELL_REQUIREMENTS: readonly Requirement[] = [
  ['unshare', 'util-linux'],
  ['nsenter', 'util-linux'],
]

export interface Cell extends AsyncDisposable {
  /** What it writes is here. */
  readonly program: Program
  /** Run a program inside to its end. Rejects with what it said unless its exit status is 0. */
  run(program: string, ...args: readonly string[]): Promise<string>
  /** Run it again and again until it succeeds; rejects with what it said last. */
  runUntilDone(program: string, ...args: readonly string[]): Promise<string>
}

const WAIT_MAX_MS = 20_000

const KINDS = ['--mount', '--pid', '--ipc', '--uts', '--cgroup']
const CGROUPS = '/sys/fs/cgroup'

/**
 * @param setup - lines for `sh`. Its `wait` takes care of orphans, for a daemon that has some and leaves them to the system;
 *   one that is the system itself comes by `exec`
 */
export async function startCell(host: Host, setup: string): Promise<Cell> {
  const unshare = ['unshare', ...KINDS, '--propagation=private', '--mount-proc', '--fork', '--kill-child']
  // A control group of its own, where there is that, for what makes more of them.
  const group = `${CGROUPS}/${host.name}-cell`
  const enter = `{ mount -t cgroup2 cgroup2 ${CGROUPS} && mkdir ${group} && echo $$ >${group}/cgroup.procs; } 2>/dev/null
    umount ${CGROUPS}; exec "$@"`
  const program = host.start('sh', '-c', enter, 'sh', ...unshare, 'sh', '-euc', setup)
  const first = await firstProcess(program)
  const run: Cell['run'] = async (name, ...args) => {
    const { stdout } = await host.run('nsenter', `--target=${first}`, ...KINDS, '--wd=/', name, ...args)
    return stdout
  }
  return {
    program,
    run,
    async runUntilDone(name, ...args) {
      for (const deadline = Date.now() + WAIT_MAX_MS; ; await sleep(100)) {
        try {
          return await run(name, ...args)
        } catch (error) {
          if (Date.now() > deadline || program.process.exitCode !== null) throw error
        }
      }
    },
    async [Symbol.asyncDispose]() {
      await program.stop('SIGKILL')
      // Until the last process is gone, it cannot be removed.
      const leave = `{ mount -t cgroup2 cgroup2 ${CGROUPS}
        while [ -d ${group} ] && ! find ${group} -depth -type d -exec rmdir {} +; do sleep 0.1; done; } 2>/dev/null`
      await host.run('timeout', '10', 'sh', '-c', leave)
    },
  }
}

/** As this system counts processes. */
async function firstProcess({ process: unshare, output }: Program): Promise<string> {
  const { pid } = unshare
  for (const deadline = Date.now() + WAIT_MAX_MS; ; await sleep(10)) {
    const hasEntered = readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'unshare'
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    if (hasEntered && children !== '') return children
    if (Date.now() > deadline || unshare.exitCode !== null) throw new Error(`unshare starts nothing: ${output()}`)
  }
}
