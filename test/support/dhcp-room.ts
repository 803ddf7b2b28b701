/**
 * The DHCP room alone, with nothing to boot behind it, in a host of the lab.
 *
 *   const room = await startDhcpRoom(host, 'eth0')
 *   await room.waitFor('dhcp.offer')
 *
 * Run as a program, this file is the room: log lines as JSON on standard output, until SIGTERM.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import type { Firmware } from '../../src/core/firmware.ts'
import { createJournal } from '../../src/core/journal.ts'
import { createLog } from '../../src/core/log.ts'
import type { LogLevel } from '../../src/core/settings.ts'
import { type DhcpConfig, startDhcp } from '../../src/dhcp/start.ts'
import { watchInterfaces } from '../../src/net/watch-interfaces.ts'
import type { Host, Program } from './lab.ts'
import type { LogLine } from './server.ts'

const CONFIG: DhcpConfig = { answer: 'all', routerAdvertisements: false, advertise: undefined, httpPort: 8080 }

const FILES = [
  'undionly.kpxe',
  'snponly.efi',
  'ipxe-amd64.efi',
  'ipxe-arm64.efi',
  'ipxe-riscv64.efi',
  'ipxe-loong64.efi',
]

export interface DhcpRoom {
  readonly program: Program
  readonly log: () => LogLine[]
  /** Resolves with the first line of the event that fits, seen before or after the call. */
  waitFor(event: string, fits?: (line: LogLine) => boolean): Promise<LogLine>
}

export interface RoomOptions {
  readonly config?: Partial<DhcpConfig>
  /** For Node: `--no-experimental-ffi` makes it one that cannot call the C library. */
  readonly nodeFlags?: readonly string[]
  /** A program with its arguments that starts another, such as setpriv. */
  readonly wrapper?: readonly string[]
  /** `debug`, unless said. */
  readonly logLevel?: LogLevel
}

/** @param interfaces - names with commas, as `-net` takes them */
export async function startDhcpRoom(host: Host, interfaces: string, options: RoomOptions = {}): Promise<DhcpRoom> {
  const room = launchDhcpRoom(host, interfaces, options)
  await room.waitFor('ready')
  return room
}

/** Does not wait until it serves. */
export function launchDhcpRoom(host: Host, interfaces: string, options: RoomOptions = {}): DhcpRoom {
  const { config = {}, nodeFlags = [], wrapper = [], logLevel = 'debug' } = options
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', ...nodeFlags, import.meta.filename]
  const [first, ...rest] = [...wrapper, ...node, interfaces, logLevel] as const
  const program = host.start(first, ...rest, JSON.stringify({ ...CONFIG, ...config }))
  const log = (): LogLine[] =>
    program
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as LogLine)
  return {
    program,
    log,
    async waitFor(event, fits = () => true) {
      for (const deadline = Date.now() + 15_000; ; await sleep(10)) {
        const found = log().find((line) => line.event === event && fits(line))
        if (found !== undefined) return found
        const isOver = program.process.exitCode !== null
        if (isOver || Date.now() > deadline) throw new Error(`no ${event}:\n${program.output()}`)
      }
    },
  }
}

async function runRoom(names: readonly string[], level: LogLevel, config: DhcpConfig): Promise<void> {
  const log = createLog({ level, pretty: false })
  const files = new Map(FILES.map((name) => [name, { name, path: `/nowhere/${name}`, size: 1, stamp: '1' }]))
  const firmware: Firmware = { path: '/nowhere', files: () => files }
  const interfaces = watchInterfaces(names, log, undefined, 100)
  const end = (error: unknown): void => {
    log('fatal', { reason: error instanceof Error ? error.message : String(error) })
    log.flush()
    process.exit(1)
  }
  try {
    const room = await startDhcp(config, { interfaces, firmware, isKnown: () => true, journal: createJournal(), log })
    room.failed.catch(end)
    log('ready')
    process.on('SIGTERM', () => {
      void Promise.all([room.stop(), interfaces.stop()]).then(() => log('stopped'))
    })
  } catch (error) {
    end(error)
  }
}

if (process.argv[1] === import.meta.filename) {
  const [names, level, config] = process.argv.slice(2) as [string, LogLevel, string]
  await runRoom(names.split(','), level, JSON.parse(config) as DhcpConfig)
}
