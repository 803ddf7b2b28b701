/**
 * How fast the HTTP core is, beside a bare node:http server that answers a constant.
 *
 * The two are loaded in turn, round by round, and the ratio of each round counts, so that a machine whose speed drifts
 * does not decide. Needs wrk (Debian package of that name). Prints, never judges.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { writeSite } from './large-site.ts'

const ROOT = join(import.meta.dirname, '../..')
const CONNECTIONS = 32
const ROUNDS = 5
const ROUND_SECONDS = 2
const SIZES = [10, 1000, 100_000]
const ROUTES = ['ipxe', 'ignition', 'cloud']

const BARE = `require('node:http').createServer((request, response) => {
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.end('x'.repeat(300))
}).listen(0, '127.0.0.1', function () { console.log('{"event":"ready","url":"http://127.0.0.1:' + this.address().port + '"}') })`

const folder = mkdtempSync(join(tmpdir(), 'bootcfg-bench-'))
const running: ChildProcess[] = []

export async function benchHttp(): Promise<void> {
  try {
    if (spawnSync('wrk', ['-v']).error !== undefined) throw new Error('wrk is missing; as root: apt-get install wrk')
    await main()
  } finally {
    for (const child of running) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

async function main(): Promise<void> {
  await benchStart()
  const { url: bare } = await launch(process.execPath, ['-e', BARE])
  for (const size of SIZES) {
    const server = await startOn(size)
    for (const route of ROUTES) benchRoute(route, size, server.url, bare)
    const { peak, now } = memoryOf(server.child)
    console.log(`${size} groups: loaded in ${server.readyMs} ms, ${peak} MB at the peak, ${now} MB after serving`)
    await end(server.child)
  }
}

/** Process start to first answer, with the examples. */
async function benchStart(): Promise<void> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now()
    const examples = join(ROOT, 'examples')
    const { child, url } = await start([
      '-config',
      join(examples, 'config.yaml'),
      '-data-path',
      examples,
      '-assets-path',
      '',
    ])
    await fetch(`${url}/boot.ipxe`)
    times.push(performance.now() - started)
    await end(child)
  }
  console.log(`start to first answer with the examples: ${Math.round(median(times))} ms`)
}

function benchRoute(route: string, size: number, url: string, bare: string): void {
  const script = join(folder, `${route}-${size}.lua`)
  writeFileSync(script, requestsOf(route, size))
  const rounds = Array.from({ length: ROUNDS }, () => {
    const [reference, own] = [load(bare, script), load(url, script)]
    return { reference, own, ratio: own / reference }
  })
  const own = Math.round(median(rounds.map((round) => round.own)))
  const reference = Math.round(median(rounds.map((round) => round.reference)))
  const ratio = median(rounds.map((round) => round.ratio)).toFixed(2)
  console.log(
    `/${route}`.padEnd(10),
    `${size} groups`.padStart(14),
    `${own}/s`.padStart(9),
    `bare ${reference}/s`.padStart(14),
    `ratio ${ratio}`,
  )
}

/** Each request is another machine's, in an order that visits all groups. */
function requestsOf(route: string, size: number): string {
  return `
    local n = 0
    request = function()
      n = (n + 7919) % ${size}
      local mac = string.format("52-54-00-%02x-%02x-%02x", math.floor(n / 65536), math.floor(n / 256) % 256, n % 256)
      return wrk.format("GET", string.format("/${route}?uuid=16e7d8a7-bfa9-428b-9117-%012x&mac=%s&hostname=&serial=", n, mac))
    end
    done = function(summary) io.stdout:write(string.format("errors %d\\n", summary.errors.status + summary.errors.read + summary.errors.timeout)) end`
}

/** @returns requests per second */
function load(url: string, script: string): number {
  const args = ['-t', '1', '-c', String(CONNECTIONS), '-d', `${ROUND_SECONDS}s`, '-s', script, url]
  const { stdout } = spawnSync('wrk', args, { encoding: 'utf8' })
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]
  if (rate === undefined || !stdout.includes('errors 0')) throw new Error(`wrk on ${url} failed: ${stdout}`)
  return Number(rate)
}

async function startOn(size: number) {
  const site = join(folder, String(size))
  writeSite(site, size)
  const megabytes = Math.round(statSync(join(site, 'config.yaml')).size / 1e6)
  if (megabytes > 0) console.log(`${size} groups: a file of ${megabytes} MB`)
  const started = performance.now()
  const server = await start(['-config', join(site, 'config.yaml'), '-data-path', site, '-assets-path', ''])
  return { ...server, readyMs: Math.round(performance.now() - started) }
}

function start(flags: readonly string[]): Promise<Started> {
  return launch(join(ROOT, 'bin/bootcfg'), ['-address', '127.0.0.1:0', ...flags])
}

interface Started {
  readonly child: ChildProcess
  readonly url: string
}

/** Its log goes to a file, where most logs end; the `ready` line there has the URL. */
async function launch(command: string, args: readonly string[]): Promise<Started> {
  const path = join(folder, `log-${performance.now()}`)
  const log = openSync(path, 'w')
  const child = spawn(command, args, { stdio: ['ignore', log, 'inherit'] })
  closeSync(log)
  running.push(child)
  for (;;) {
    const text = readFileSync(path, 'utf8')
    const url = /"event":"ready".*"url":"([^"]+)"/.exec(text)?.[1]
    if (url !== undefined) return { child, url }
    if (child.exitCode !== null) throw new Error(`${command} ended: ${text}`)
    await sleep(2)
  }
}

function end(child: ChildProcess): Promise<void> {
  running.splice(running.indexOf(child), 1)
  child.kill('SIGTERM')
  return new Promise((resolve) => child.on('close', () => resolve()))
}

function memoryOf(child: ChildProcess): { peak: number; now: number } {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  const megabytes = (field: string): number =>
    Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)
  return { peak: megabytes('VmHWM'), now: megabytes('VmRSS') }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!
}
