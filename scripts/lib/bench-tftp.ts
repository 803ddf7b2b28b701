/**
 * Megabytes a second of the TFTP room beside dnsmasq, in one run, on one veth pair in namespaces, and what each packet costs
 * the server of the processor. Needs root, dnsmasq (Debian package dnsmasq-base) and a C compiler for the load (tftpload.c).
 *
 * The two run in turn, round by round, and the median of each round's ratio counts, so that a machine whose speed drifts
 * does not decide.
 */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { createLab, type Host, type Program } from '../../test/support/lab.ts'
import { type Server, siteFlags, startServer } from '../../test/support/server.ts'
import { writeFiles } from '../../test/support/site.ts'

const ROUNDS = 5

interface Case {
  readonly block: number
  readonly window: number
  readonly clients: number
  readonly megabytes: number
  readonly times: number
  /** Of dnsmasq's speed. */
  readonly wanted: number
}

const CASES: readonly Case[] = [
  { block: 1468, window: 1, clients: 1, megabytes: 32, times: 4, wanted: 1 },
  { block: 1468, window: 1, clients: 16, megabytes: 4, times: 2, wanted: 1 },
  { block: 1468, window: 1, clients: 200, megabytes: 1, times: 1, wanted: 1 },
  { block: 1468, window: 4, clients: 1, megabytes: 32, times: 6, wanted: 1.5 },
  { block: 1468, window: 4, clients: 16, megabytes: 4, times: 4, wanted: 1.5 },
  { block: 1468, window: 16, clients: 16, megabytes: 4, times: 8, wanted: 3 },
]

const ADDRESS = '10.9.0.2'

export async function benchTftp(): Promise<void> {
  await using lab = await createLab()
  const server = await lab.host('server', `${ADDRESS}/24`)
  // The far end of the server's veth pair, without the bridge.
  await lab.wire.ip('link set to-server nomaster')
  await lab.wire.ip('addr add 10.9.0.9/24 brd + dev to-server')
  for (const megabytes of new Set([0, ...CASES.map((each) => each.megabytes)])) {
    writeFileSync(join(lab.folder, `${megabytes}m`), randomBytes(megabytes << 20))
  }
  const load = join(lab.folder, 'tftpload')
  await lab.wire.run('cc', '-O2', '-o', load, join(import.meta.dirname, 'tftpload.c'))
  const fetch = async (each: Case): Promise<Loaded> => {
    const { block, window, clients, megabytes, times } = each
    const args = [ADDRESS, 69, `${megabytes}m`, block, window, clients, times].map(String)
    const loaded = JSON.parse((await lab.wire.run(load, ...args)).stdout) as Loaded
    if (loaded.broken > 0) console.log(`  ${loaded.broken} transfers broken off`)
    return loaded
  }

  for (const each of CASES) {
    const rounds: { dnsmasq: Measured; bootcfg: Measured }[] = []
    let memory = 0
    const measured = async ({ process: { pid } }: Program | Server): Promise<Measured> => {
      // Two hundred requests at once do not fit into what waits for the server's hardware address to be known.
      await fetch({ ...each, megabytes: 0, clients: 1, times: 1 })
      const beforeUs = processorUs(pid!)
      const { megabytesPerSecond: speed } = await fetch(each)
      const packets = ((each.megabytes << 20) / each.block) * each.clients * each.times
      return { speed, packetUs: (processorUs(pid!) - beforeUs) / packets }
    }
    for (let round = 0; round < ROUNDS; round++) {
      const dnsmasq = await during(startDnsmasq(server, lab.folder), measured)
      const bootcfg = await during(startBootcfg(server, lab.folder), async (started) => {
        const all = await measured(started)
        memory = Math.max(memory, peakMegabytes(started.process.pid!))
        return all
      })
      rounds.push({ dnsmasq, bootcfg })
    }
    const ratio = median(rounds.map(({ dnsmasq, bootcfg }) => bootcfg.speed / dnsmasq.speed))
    const of = (name: 'dnsmasq' | 'bootcfg', what: keyof Measured): number =>
      median(rounds.map((round) => round[name][what]))
    console.log(
      `TFTP, block ${each.block}, window ${each.window}, ${each.clients} clients:`,
      `${of('bootcfg', 'speed').toFixed(0)} MB/s, dnsmasq ${of('dnsmasq', 'speed').toFixed(0)},`,
      `ratio ${ratio.toFixed(2)} (wanted: ${each.wanted}); ${of('bootcfg', 'packetUs').toFixed(1)} us of the processor`,
      `for a packet, dnsmasq ${of('dnsmasq', 'packetUs').toFixed(1)}; ${memory} MB of memory`,
    )
  }
}

interface Measured {
  /** Megabytes a second. */
  readonly speed: number
  /** Of the processor, for each block that was to be sent. */
  readonly packetUs: number
}

interface Loaded {
  readonly broken: number
  readonly megabytesPerSecond: number
}

async function during<S extends { stop(): Promise<unknown> }, T>(
  starting: Promise<S>,
  work: (server: S) => Promise<T>,
): Promise<T> {
  const server = await starting
  try {
    return await work(server)
  } finally {
    await server.stop()
  }
}

async function startDnsmasq(host: Host, root: string): Promise<Program> {
  const words = `--conf-file=/dev/null --pid-file= --keep-in-foreground --port=0 --user=root --log-facility=- --interface=eth0`
  const dnsmasq = host.start('dnsmasq', ...words.split(' '), '--enable-tftp', `--tftp-root=${root}`, '--tftp-max=300')
  await dnsmasq.waitFor(/TFTP/)
  await sleep(100)
  return dnsmasq
}

async function startBootcfg(host: Host, folder: string): Promise<Server> {
  writeFiles(folder, { 'config.yaml': 'api_version: v1alpha1\ngroups: []\n' })
  const flags = ['-net', 'eth0', '-dhcp', 'off', '-firmware-path', folder]
  return startServer([...siteFlags(folder), ...flags], {}, host.wrapper)
}

/** Microseconds that all its threads have run. */
function processorUs(pid: number): number {
  const tasks = `/proc/${pid}/task`
  const runNs = (task: string): number => Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0])
  return readdirSync(tasks).reduce((sum, task) => sum + runNs(task), 0) / 1000
}

function peakMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}
