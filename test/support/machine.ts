/**
 * The Linux that test machines boot: Debian's kernel, and an initrd that asks bootcfg for this machine's files and shows
 * them on the console (machine/init).
 *
 *   packages --scripts/get-test-machine--> .cache/test-machine --here--> assets/machine/{vmlinuz, initrd.gz}
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'

import { type CpioEntry, encodeCpio, MODE } from '../../images/lib/cpio.ts'

const ROOT = join(import.meta.dirname, '../..')
const CACHE = join(ROOT, '.cache/test-machine')

/** The packages with kernel and busybox cannot be had on this system, or not now. */
export class MachineUnavailable extends Error {
  override readonly name = 'MachineUnavailable'
}

/** Exit status of scripts/get-test-machine for what is no fault of its own. */
const UNAVAILABLE = 3

/**
 * Puts kernel and initrd into an assets folder, as `machine/vmlinuz` and `machine/initrd.gz`.
 *
 * @throws {MachineUnavailable} with what scripts/get-test-machine says when the packages cannot be had
 */
export async function installMachine(assets: string): Promise<void> {
  await fetchPackages()
  const folder = join(assets, 'machine')
  await mkdir(folder, { recursive: true })
  await copyFile(join(CACHE, 'vmlinuz'), join(folder, 'vmlinuz'))
  await writeFile(join(folder, 'initrd.gz'), await buildInitrd())
}

async function fetchPackages(): Promise<void> {
  const script = spawn(join(ROOT, 'scripts/get-test-machine'), [CACHE], { stdio: ['ignore', 'ignore', 'pipe'] })
  const [said, [status]] = await Promise.all([text(script.stderr), once(script, 'close')])
  if (status === UNAVAILABLE) throw new MachineUnavailable(said.trim())
  if (status !== 0) throw new Error(`get-test-machine ended with status ${String(status)}: ${said}`)
}

async function buildInitrd(): Promise<Buffer> {
  const own = join(import.meta.dirname, 'machine')
  const modules = await readdir(join(CACHE, 'modules'))
  const entries: CpioEntry[] = [
    { path: 'dev', mode: MODE.folder },
    { path: 'dev/console', mode: MODE.characterDevice, device: [5, 1] },
    { path: 'bin', mode: MODE.folder },
    { path: 'bin/busybox', mode: MODE.program, bytes: await readFile(join(CACHE, 'busybox')) },
    { path: 'init', mode: MODE.program, bytes: await readFile(join(own, 'init')) },
    { path: 'udhcpc', mode: MODE.program, bytes: await readFile(join(own, 'udhcpc')) },
    { path: 'modules', mode: MODE.folder },
  ]
  for (const name of modules.toSorted()) {
    entries.push({ path: `modules/${name}`, mode: MODE.file, bytes: await readFile(join(CACHE, 'modules', name)) })
  }
  return gzipSync(encodeCpio(entries), { level: 9 })
}

/** What a machine whose spec says `bootcfg.report=base64` reported on its console: route -> the bytes it was answered. */
export function reportedFiles(console: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (const [, route = '', length, sha256, lines = ''] of console.matchAll(
    /^@@ (\S+) (\d+) ([0-9a-f]{64})\n([^@]*)^@@ end$/gm,
  )) {
    const bytes = Buffer.from(lines, 'base64')
    const isWhole = bytes.length === Number(length) && createHash('sha256').update(bytes).digest('hex') === sha256
    if (!isWhole) throw new Error(`the console lost a part of what the machine was answered for ${route}:\n${console}`)
    files.set(route, bytes)
  }
  return files
}
