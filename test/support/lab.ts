/**
 * A boot network on this one machine: network namespaces on a bridge. What runs inside sees that wire and nothing else.
 *
 *   await using lab = await createLab()
 *   const dhcp = await lab.host('dhcp', '10.9.0.1/24')                       // eth0 on the wire
 *   const app = await lab.host('app', '10.9.0.2/24', { uplink: true })       // and eth1, with the default route, elsewhere
 *   await startSiteDhcp(dhcp)                                                // plain dnsmasq, knows nothing of booting
 *   const server = await startServer(['-net', 'eth0', …], {}, app.wrapper)   // support/server.ts, in that namespace
 *   const tap = await lab.tap()                                              // for QEMU, started by `lab.wire`
 *   const { stdout } = await dhcp.run('ip', 'addr')                          // a program to its end
 *   const capture = dhcp.start('tcpdump', '-i', 'eth0')                      // or one that is stopped with the lab
 *
 * A test that makes a lab calls `requireLab(context)` first. The end of the lab stops what runs in it and deletes the
 * namespaces. Should the test run be killed, the programs die with it, and the next lab deletes what it left: names hold
 * the process id, so that labs stand side by side.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import type { TestContext } from 'vitest'

import { require, type Requirement, skip } from './requirements.ts'

export const LAB_REQUIREMENTS: readonly Requirement[] = [
  ['ip', 'iproute2'],
  ['dnsmasq', 'dnsmasq-base'],
]

/** Skips the test, with its reason, where no namespaces can be made or a program is missing. Call it first. */
export function requireLab(context: TestContext, more: readonly Requirement[] = []): void {
  require(context, [...LAB_REQUIREMENTS, ...more])
  const reason = whyNoLab()
  if (reason !== undefined) skip(context, reason)
}

let refusal: { reason: string | undefined } | undefined

/** Rights are not enough to look at: a container may be root and still not be allowed. So it is tried, once. */
function whyNoLab(): string | undefined {
  refusal ??= tryNamespace()
  return refusal.reason
}

function tryNamespace(): { reason: string | undefined } {
  const name = uniqueName('try')
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' })
    try {
      execFileSync('ip', ['-n', name, 'link', 'add', 'br0', 'type', 'bridge'], { stdio: 'pipe' })
    } finally {
      execFileSync('ip', ['netns', 'del', name], { stdio: 'pipe' })
    }
    return { reason: undefined }
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error)
    return { reason: `needs root and the right to make network namespaces with a bridge (ip says: ${said})` }
  }
}

export interface Lab extends AsyncDisposable {
  /** Holds the bridge `br0` and the taps: a capture on `br0` sees the whole wire. It has no address there. */
  readonly wire: Host
  /**
   * A namespace whose `eth0` is on the wire.
   *
   * @param address - of eth0, with the length of its prefix; '' gives none
   */
  host(name: string, address: string, options?: HostOptions): Promise<Host>
  /** A tap on the wire, up: `-netdev tap,ifname=<name>,script=no,downscript=no` of a QEMU started by `wire`. */
  tap(): Promise<string>
  /** A folder that goes with the lab. */
  readonly folder: string
}

interface HostOptions {
  /**
   * A second interface `eth1`, 192.168.77.2/24, with the default route. Its other end is `past-<name>` beside the bridge;
   * nobody answers there.
   */
  readonly uplink?: boolean
}

export interface Host {
  /** Of the namespace. */
  readonly name: string
  /** What to put before a program and its arguments so that it runs here. */
  readonly wrapper: readonly string[]
  /** Run a program to its end. Rejects with what it said unless its exit status is 0. */
  run(program: string, ...args: readonly string[]): Promise<{ stdout: string; stderr: string }>
  /** Start a program that the lab stops, at its end at the latest. */
  start(program: string, ...args: readonly string[]): Program
  /** `ip` with these words, here: `host.ip('link set eth0 down')`. */
  ip(words: string): Promise<void>
}

export interface Program {
  readonly process: ChildProcess
  /** All that it wrote so far, to standard output and error. */
  readonly output: () => string
  /** Resolves when it has written this; rejects when it ends before, or after half a minute. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>
  /** Resolves with the exit status once the process is gone and all it wrote was read. */
  readonly exited: Promise<number | null>
  stop(signal?: NodeJS.Signals): Promise<void>
}

export async function createLab(): Promise<Lab> {
  const namespaces: string[] = []
  const programs = new Set<Program>()
  const folder = mkdtempSync(join(tmpdir(), 'bootcfg-lab-'))
  let taps = 0

  async function namespace(name: string): Promise<Host> {
    const full = uniqueName(name)
    await ip(`netns add ${full}`)
    namespaces.push(full)
    return hostIn(full, programs)
  }
  async function host(name: string, address: string, { uplink = false }: HostOptions = {}): Promise<Host> {
    const host = await namespace(name)
    // Link-local addresses work at once, without the two seconds in which a host asks whether another one has them.
    await host.run('sh', '-c', 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad || true')
    const port = `to-${name}`
    await wire.ip(`link add ${port} type veth peer name eth0 netns ${host.name}`)
    await wire.ip(`link set ${port} master br0 up`)
    if (address !== '') await host.ip(`addr add ${address} brd + dev eth0`)
    await host.ip('link set lo up')
    await host.ip('link set eth0 up')
    if (uplink) {
      await wire.ip(`link add past-${name} type veth peer name eth1 netns ${host.name}`)
      await wire.ip(`link set past-${name} up`)
      await host.ip('addr add 192.168.77.2/24 brd + dev eth1')
      await host.ip('link set eth1 up')
      await host.ip('route add default via 192.168.77.1')
    }
    return host
  }
  async function tap(): Promise<string> {
    const name = `tap${taps++}`
    await wire.ip(`tuntap add ${name} mode tap`)
    await wire.ip(`link set ${name} master br0 up`)
    return name
  }
  async function end(): Promise<void> {
    await Promise.all([...programs].map((program) => program.stop()))
    for (const name of namespaces) removeNamespace(name)
    rmSync(folder, { recursive: true, force: true })
  }

  removeLeftNamespaces()
  const wire = await namespace('wire')
  // The bridge itself has nothing to say on the wire.
  await wire.run('sh', '-c', 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6 || true')
  await wire.ip('link add br0 type bridge')
  await wire.ip('link set br0 up')
  return { wire, host, tap, folder, [Symbol.asyncDispose]: end }
}

/**
 * The site's DHCP server, which was there before us: gives addresses and knows nothing of booting.
 *
 * @param more - further options of dnsmasq
 */
export async function startSiteDhcp(
  host: Host,
  range = '10.9.0.100,10.9.0.250',
  ...more: readonly string[]
): Promise<Program> {
  const dnsmasq = host.start(
    'dnsmasq',
    ...'--conf-file=/dev/null --pid-file= --keep-in-foreground --port=0 --no-ping --user=root'.split(' '),
    ...'--interface=eth0 --bind-interfaces --leasefile-ro --log-facility=- --log-dhcp'.split(' '),
    `--dhcp-range=${range},255.255.255.0,1h`,
    ...more,
  )
  await dnsmasq.waitFor(/DHCP, (IP range|proxy)/)
  return dnsmasq
}

let count = 0

/** `bootcfg-<process>-<count>-<name>` */
function uniqueName(name: string): string {
  return `bootcfg-${process.pid}-${count++}-${name}`
}

/** What still runs there, such as a daemon that a program left behind, ends with it. */
function removeNamespace(name: string): void {
  const processes = processesIn(name)
  if (processes.length > 0) spawnSync('kill', ['-KILL', ...processes])
  spawnSync('ip', ['netns', 'del', name]) // it may be gone already
}

/** Of test runs that were killed and had no time to clean up. */
function removeLeftNamespaces(): void {
  const names = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).matchAll(/^bootcfg-(\d+)-\S+/gm)
  for (const [name, pid] of names) {
    if (!existsSync(`/proc/${pid}`) && processesIn(name).length === 0) removeNamespace(name)
  }
}

/** Their ids. */
function processesIn(name: string): string[] {
  const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' })
  return stdout.split('\n').filter(Boolean)
}

function hostIn(name: string, programs: Set<Program>): Host {
  const wrapper = ['ip', 'netns', 'exec', name, 'setpriv', '--pdeathsig', 'KILL'] as const
  return {
    name,
    wrapper,
    run: (program, ...args) => runToEnd([...wrapper, program, ...args]),
    start: (program, ...args) => startProgram([...wrapper, program, ...args], programs),
    ip: (words) => ip(`-n ${name} ${words}`),
  }
}

async function ip(words: string): Promise<void> {
  await runToEnd(['ip', ...words.split(' ')])
}

async function runToEnd(command: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  if (status !== 0) throw new Error(`${command.join(' ')} ended with status ${String(status)}: ${stdout}${stderr}`)
  return { stdout, stderr }
}

const WAIT_MAX_MS = 30_000

/** What a program that has ended may still have to say, before one that it left behind keeps the pipe open. */
const LAST_WORDS_MS = 300

/** The wrapper becomes the program it is told to run, so that the process id is the program's own. */
function startProgram(command: readonly string[], programs: Set<Program>): Program {
  const child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  let ended = false
  const watchers = new Set<() => void>()
  const tell = (): void => watchers.forEach((watcher) => watcher())
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString('latin1')
      tell()
    })
  }
  const exited = new Promise<number | null>((resolve) => {
    const finish = (status: number | null): void => {
      if (ended) return
      ended = true
      programs.delete(program)
      resolve(status)
      tell()
    }
    child.on('close', finish)
    child.on('exit', (status) => setTimeout(finish, LAST_WORDS_MS, status).unref())
    child.on('error', (error) => {
      output += String(error)
      finish(null)
    })
  })
  const program: Program = {
    process: child,
    output: () => output,
    waitFor: (pattern) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => settle(() => reject(failure('has not said'))), WAIT_MAX_MS)
        const settle = (then: () => void): void => {
          clearTimeout(late)
          watchers.delete(look)
          then()
        }
        const failure = (what: string): Error => new Error(`${command.join(' ')} ${what} ${pattern}:\n${output}`)
        const look = (): void => {
          const match = pattern.exec(output)
          if (match !== null) settle(() => resolve(match))
          else if (ended) settle(() => reject(failure('ended without')))
        }
        watchers.add(look)
        look()
      }),
    exited,
    async stop(signal = 'SIGTERM') {
      if (!ended) child.kill(signal)
      const insist = setTimeout(() => child.kill('SIGKILL'), 5000)
      await exited
      clearTimeout(insist)
    },
  }
  programs.add(program)
  return program
}
