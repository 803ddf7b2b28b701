/**
 * Servers under load, for the benchmarks of HTTP: started as operators start them, loaded by wrk (Debian package of that
 * name), and asked what they cost.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { writeSite } from './large-site.ts'

export const ROOT = join(import.meta.dirname, '../..')
const BOOTCFG = join(ROOT, 'bin/bootcfg')
const CONNECTIONS = 32
const ROUND_SECONDS = 2

export interface Server {
  readonly child: ChildProcess
  readonly url: string
}

interface Load {
  readonly perSecond: number
  readonly requests: number
}

export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), 'bootcfg-bench-'))
  readonly #running: ChildProcess[] = []

  constructor() {
    if (spawnSync('wrk', ['-v']).error !== undefined) throw new Error('wrk is missing; as root: apt-get install wrk')
  }

  [Symbol.dispose](): void {
    for (const child of this.#running) child.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** A site of so many groups, each for one machine. */
  site(size: number): string {
    const site = join(this.folder, String(size))
    writeSite(site, size)
    return site
  }

  serve(site: string, env: NodeJS.ProcessEnv = {}): Promise<Server> {
    const flags = ['-config', join(site, 'config.yaml'), '-data-path', site, '-assets-path', '']
    return this.launch(BOOTCFG, ['-address', '127.0.0.1:0', ...flags], env)
  }

  /** Its log goes to a file, where most logs end; the `ready` line there has the URL. */
  async launch(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Server> {
    const path = join(this.folder, `log-${performance.now()}`)
    const log = openSync(path, 'w')
    const child = spawn(command, args, { stdio: ['ignore', log, 'inherit'], env: { ...process.env, ...env } })
    closeSync(log)
    this.#running.push(child)
    for (;;) {
      const text = readFileSync(path, 'utf8')
      const url = /"event":"ready".*"url":"([^"]+)"/.exec(text)?.[1]
      if (url !== undefined) return { child, url }
      if (child.exitCode !== null) throw new Error(`${command} ended: ${text}`)
      await sleep(2)
    }
  }

  end({ child }: Server): Promise<void> {
    this.#running.splice(this.#running.indexOf(child), 1)
    child.kill('SIGTERM')
    return new Promise((resolve) => child.on('close', () => resolve()))
  }

  /** A script for wrk: each request is another machine's, in an order that visits all groups. */
  requests(route: string, size: number): string {
    const path = join(this.folder, `${route}-${size}.lua`)
    writeFileSync(
      path,
      `
    local n = 0
    request = function()
      n = (n + 7919) % ${size}
      local mac = string.format("52-54-00-%02x-%02x-%02x", math.floor(n / 65536), math.floor(n / 256) % 256, n % 256)
      return wrk.format("GET", string.format("/${route}?uuid=16e7d8a7-bfa9-428b-9117-%012x&mac=%s&hostname=&serial=", n, mac))
    end
    done = function(summary) io.stdout:write(string.format("errors %d\\n", summary.errors.status + summary.errors.read + summary.errors.timeout)) end`,
    )
    return path
  }
}

/** One round. @param script - for wrk */
export function load(url: string, script: string): Load {
  const args = ['-t', '1', '-c', String(CONNECTIONS), '-d', `${ROUND_SECONDS}s`, '-s', script, url]
  const { stdout } = spawnSync('wrk', args, { encoding: 'utf8' })
  const perSecond = /Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]
  const requests = /(\d+) requests in/.exec(stdout)?.[1]
  if (perSecond === undefined || requests === undefined || !stdout.includes('errors 0')) {
    throw new Error(`wrk on ${url} failed: ${stdout}`)
  }
  return { perSecond: Number(perSecond), requests: Number(requests) }
}

/** One round, with the processor time that a request took. */
export function measured(server: Server, script: string) {
  const before = processorMs(server)
  const { perSecond, requests } = load(server.url, script)
  return { perSecond, requestUs: ((processorMs(server) - before) * 1000) / requests }
}

/** Of the kernel's clock, by which `/proc` counts: USER_HZ, the same on all that Node runs on. */
const TICK_MS = 10

/** Processor time that a process has taken so far, all its threads and the kernel's work for it. */
function processorMs({ child }: Server): number {
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [utime, stime] = [fields[11], fields[12]] // proc_pid_stat(5) counts from 1, and from the name on: 14 and 15
  return (Number(utime) + Number(stime)) * TICK_MS
}

const REST_MS = 1000
const REST_SHARE = 0.03

/** Until it has nothing left to do: after a start all groups are looked through for problems. */
export async function atRest(server: Server): Promise<void> {
  for (let before = processorMs(server); ;) {
    await sleep(REST_MS)
    const now = processorMs(server)
    if (now - before < REST_MS * REST_SHARE) return
    before = now
  }
}

/** Megabytes. */
export function memoryOf({ child }: Server): { peak: number; now: number } {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  const megabytes = (field: string): number =>
    Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)
  return { peak: megabytes('VmHWM'), now: megabytes('VmRSS') }
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!
}
