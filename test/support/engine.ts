/**
 * Containers in a lab: runtimes and engines expect a machine that they own, which a cell is.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'

import type { TestContext } from 'vitest'

import type { Cell } from './cell.ts'
import { skip } from './requirements.ts'

/** Lines for `sh`: a control group of version 2 alone, or none; older systems mix both, which engines refuse. */
export const MOUNTS = 'mount -t cgroup2 cgroup2 /sys/fs/cgroup || mount -t tmpfs tmpfs /sys/fs/cgroup'

/** And a home for orphans: of each container one process stays to look after it. */
export const LASTING = `${MOUNTS}; sleep infinity & wait`

/** As /proc shows that no capability is in a set. */
export const NO_RIGHTS = '0'.repeat(16)

/** Of a process in the cell: `Uid`, `CapEff` and the like. */
export async function statusOf(cell: Cell, pid: string): Promise<Record<string, string>> {
  const text = await cell.run('cat', `/proc/${pid}/status`)
  return Object.fromEntries(text.split('\n').map((line) => line.split(/:\s*/, 2)))
}

/** Options of `podman run`: what it would else ask of a kernel, and may not have in a cell. */
export const MODESTY = '--cgroups=disabled --ulimit=nofile=1024:1024 --ulimit=nproc=1024:1024'

/**
 * Skips the running test where podman does not work.
 *
 * @param folder - for its images and containers
 * @returns runs podman; resolves with what it printed
 */
export async function openPodman(context: TestContext, cell: Cell, folder: string) {
  mkdirSync(folder)
  const folders = [`--root=${folder}/root`, `--runroot=${folder}/run`, `--tmpdir=${folder}/tmp`]
  const manner = ['--storage-driver=vfs', '--cgroup-manager=cgroupfs', '--runtime=crun']
  const podman = async (...args: string[]): Promise<string> =>
    (await cell.run('podman', ...folders, ...manner, ...args)).trim()
  await podman('info').catch((error: unknown) => skip(context, `podman does not run here: ${String(error)}`))
  return podman
}

interface RuntimeConfig {
  process: { terminal: boolean; capabilities?: object; noNewPrivileges: boolean; rlimits?: object }
  root: { readonly: boolean }
  mounts: { destination: string }[]
  linux: { namespaces: { type: string }[]; resources?: object }
}

/**
 * Has a bundle of umoci run read-only and without rights, in the network where it is started, with what the image has in
 * /data: umoci lays an empty folder over a volume, which engines fill.
 *
 * @see https://github.com/opencontainers/runtime-spec/blob/main/config.md
 */
export function restrict(path: string): void {
  const config: RuntimeConfig = JSON.parse(readFileSync(path, 'utf8'))
  config.process = { ...config.process, terminal: false, capabilities: {}, noNewPrivileges: true }
  delete config.process.rlimits
  config.root.readonly = true
  config.mounts = config.mounts.filter(({ destination }) => !['/sys/fs/cgroup', '/data'].includes(destination))
  config.linux.namespaces = config.linux.namespaces.filter(({ type }) => !['network', 'cgroup'].includes(type))
  delete config.linux.resources
  writeFileSync(path, JSON.stringify(config))
}
