/**
 * The log: every event that the program reports, by its stable name, with its level, its constant message and its fields.
 *
 * JSON lines where machines read, one short line each on a terminal. Text that comes from the network is reduced to
 * printable ASCII before it gets here or on its way out: no control character reaches a terminal.
 */
import { pino } from 'pino'

import type { LogLevel } from './settings.ts'

/** Name: [level, message]. Names are for machines and never change; docs/logs.md explains each. */
export const EVENTS = {
  ready: ['notice', 'serving'],
  stopping: ['notice', 'stopping'],
  stopped: ['notice', 'stopped'],
  fatal: ['critical', 'cannot go on'],
  'store.loaded': ['info', 'data loaded'],
  'store.refused': ['error', 'groups file cannot be used, the last good data goes on serving'],
  'store.failed': ['error', 'data not taken up by a fault of this program, the last good data goes on serving'],
  'store.problem': ['warning', 'problem in the data directory'],
  'store.scan-failed': ['error', 'data directory cannot be read, the last good data goes on serving'],
  'firmware.unreadable': ['error', 'firmware folder cannot be read, what was there before goes on serving'],
  'firmware.missing': ['warning', 'some machines will find nothing to load'],
  'signer.warning': ['warning', 'signing key is not as it should be'],
  'signer.loaded': ['info', 'signing key loaded'],
  'http.request': ['info', 'request'],
  'http.watched': ['debug', 'told somebody who watches'],
  'http.bad-request': ['info', 'not a request that can be answered'],
  'http.failed': ['error', 'request failed by a fault of this program'],
  'http.asset-problem': ['warning', 'asset cannot be served'],
  'webhook.failed': ['warning', 'webhook does not take ends of boots, trying again'],
  'webhook.works': ['notice', 'webhook takes ends of boots again'],
  'net.usable': ['info', 'interface is used'],
  'net.waiting': ['warning', 'interface cannot be used, waiting for it'],
  'net.native-missing': ['warning', 'this Node cannot call the C library'],
  'net.uring-missing': ['info', 'this kernel does not let io_uring be used'],
  'net.listen-failed': ['error', 'cannot listen on an interface, trying again'],
  'dhcp.offer': ['info', 'told a machine what to boot'],
  'dhcp.no-file': ['warning', 'nothing in the firmware folder fits this machine'],
  'dhcp.loop': ['warning', 'machine read iPXE again and again without asking for a script'],
  'dhcp.rival': ['notice', 'another server tells machines what to boot'],
  'dhcp.rivals-off': ['debug', 'other boot servers cannot be noticed'],
  'dhcp.ignored': ['debug', 'not answered'],
  'dhcp.dropped': ['debug', 'not a DHCP message'],
  'dhcp.neighbour': ['info', 'another DHCP server of this host holds port 67'],
  'dhcp.neighbour-gone': ['info', 'no other DHCP server of this host holds port 67 any more'],
  'dhcp.send-failed': ['warning', 'answers could not be sent'],
  'dhcp.ra-off': ['notice', 'machines with iPXE are not spared their wait for an IPv6 router'],
  'appliance.screen-failed': ['warning', 'console of the box cannot be drawn, trying again'],
  'appliance.token-wrong': ['warning', 'somebody gave a wrong token of the box'],
  'appliance.asked': ['notice', 'box was told to restart or to switch off'],
  'appliance.update-received': ['notice', 'update received, and left to the installer of the box'],
  'appliance.update-refused': ['warning', 'update not received'],
  'boots.left-out': ['warning', 'more is reported than can be recorded, boots have gaps'],
  'boots.not-saved': ['warning', 'boots are not written to disk, and kept in memory alone'],
  'boots.unreadable': ['warning', 'lines of the state file cannot be read, and were put aside'],
  'tftp.sent': ['info', 'file sent'],
  'tftp.probe': ['debug', 'asked for the size of a file'],
  'tftp.refused': ['warning', 'file not sent'],
  'tftp.failed': ['warning', 'transfer broken off'],
  'tftp.limit': ['warning', 'too many transfers, request left unanswered'],
  'tftp.dropped': ['debug', 'not a TFTP request'],
} as const satisfies Record<string, readonly [LogLevel, string]>

export type EventName = keyof typeof EVENTS

/** Every field that a line can have, so that one name means one thing everywhere. */
export interface Fields {
  readonly method?: string
  readonly path?: string
  readonly mac?: string | undefined
  readonly uuid?: string | undefined
  /** All other labels, `key=value` with a space between two. */
  readonly labels?: string | undefined
  readonly group?: string | undefined
  readonly spec?: string | undefined
  readonly status?: number
  readonly bytes?: number
  readonly ms?: number
  readonly peer?: string | undefined
  /** Processor architecture, as in option 93. */
  readonly arch?: number
  /** Name of a network interface. */
  readonly iface?: string
  readonly address?: string
  /** How many of what the line is about. */
  readonly count?: number
  /** Bytes in a block of TFTP. */
  readonly block?: number
  /** Blocks on their way at once. */
  readonly window?: number
  /** Blocks sent more than once. */
  readonly resent?: number
  /** Lines of this event left out before this one. */
  readonly omitted?: number
  readonly reason?: string | undefined
  readonly file?: string | undefined
  readonly line?: number | undefined
  readonly column?: number | undefined
  readonly groups?: number
  readonly specs?: number
  readonly errors?: number
  readonly url?: string | undefined
  readonly version?: string
  readonly signal?: string
  readonly key?: string
  readonly stack?: string | undefined
}

export interface Log {
  (event: EventName, fields?: Fields): void
  /** Hands everything over to the operating system; call it before the process ends. */
  flush(): void
}

/** Severity as pino counts it. */
const SEVERITY = { debug: 20, info: 30, notice: 35, warning: 40, error: 50, critical: 60 } as const

export interface LogTarget {
  readonly level: LogLevel
  /** Lines for people instead of JSON. */
  readonly pretty: boolean
  readonly write?: (line: string) => void
}

/** Lines wait this long for others, or until there are so many: written one by one they would cost more than the requests. */
const BATCH_MS = 30
const BATCH_LINES_MAX = 1000

/** Stands for it in a line of pino's. */
const TIME_PLACE = ',"time":0'

/** A line up to its time, and from there to where its fields go. */
interface Frame {
  readonly head: string
  readonly tail: string
}

interface Entry {
  readonly event: EventName
  readonly time: number
  readonly fields: Fields | undefined
}

export function createLog(target: LogTarget): Log {
  const stdout = target.write === undefined ? openStdout() : undefined
  const write = target.write ?? ((lines: string) => stdout!.write(lines))
  let sample = ''
  const logger = pino<keyof typeof SEVERITY>(
    {
      level: target.level,
      base: null,
      customLevels: SEVERITY,
      useOnlyCustomLevels: true,
      timestamp: () => TIME_PLACE,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line: string) => void (sample = line) },
  )
  const frames = new Map<EventName, Frame>()
  /** What pino writes of an event is the same each time, but for the time. */
  function frameOf(event: EventName): Frame {
    let frame = frames.get(event)
    if (frame === undefined) {
      const [level, message] = EVENTS[event]
      logger.child({ event })[level](message)
      const [head = '', tail = ''] = sample.split(TIME_PLACE)
      frames.set(event, (frame = { head, tail: tail.slice(0, -'}\n'.length) }))
    }
    return frame
  }
  let waiting: Entry[] = []
  let timer: NodeJS.Timeout | undefined

  function writeBatch(): void {
    clearTimeout(timer)
    timer = undefined
    let lines = ''
    for (const { event, time, fields } of waiting) {
      const { head, tail } = frameOf(event)
      const line = `${head}${timeField(time)}${tail}${fieldsJson(fields)}}\n`
      lines += target.pretty ? prettyLine(line) : line
    }
    waiting = []
    if (lines !== '') write(lines)
  }
  const log = (event: EventName, about?: Fields): void => {
    if (!logger.isLevelEnabled(EVENTS[event][0])) return
    waiting.push({ event, time: Date.now(), fields: about })
    if (stdout === undefined || waiting.length >= BATCH_LINES_MAX) writeBatch()
    else timer ??= setTimeout(writeBatch, BATCH_MS).unref()
  }
  const flush = (): void => {
    writeBatch()
    stdout?.flushSync()
  }
  if (stdout !== undefined) process.on('exit', flush)
  return Object.assign(log, { flush })
}

/** What stdout may hold back for a reader that does not keep up; beyond it lines are lost rather than memory. */
const BUFFER_MAX = 16 << 20

function openStdout() {
  const stdout = pino.destination({ fd: 1, sync: false, maxLength: BUFFER_MAX })
  stdout.on('error', () => {}) // a reader that went away (EPIPE) must not take the server with it
  return stdout
}

/**
 * `,"path":"/ipxe","status":200`
 *
 * V8 writes an object of plain texts and numbers several times faster than pino walks one that could hold anything.
 */
function fieldsJson(fields: Fields | undefined): string {
  const json = fields === undefined ? '{}' : JSON.stringify(fields)
  return json === '{}' ? '' : `,${json.slice(1, -1)}`
}

let lastTime = { ms: 0, field: '' }

/** pino's `isoTime`; many lines have the same millisecond, and its text is dear. */
function timeField(ms: number): string {
  if (ms !== lastTime.ms) lastTime = { ms, field: `,"time":"${new Date(ms).toISOString()}"` }
  return lastTime.field
}

const COLORS: Record<string, string> = { warning: '\u001b[33m', error: '\u001b[31m', critical: '\u001b[31;1m' }
const RESET = '\u001b[0m'

/** `21:59:43.120 warning problem in the data directory file=cloud/a.yaml line=3 reason="…"` from a JSON line. */
function prettyLine(json: string): string {
  const line: Record<string, unknown> = JSON.parse(json)
  const { level, time, event, msg, ...fields } = line
  const clock = String(time).slice(11, 23)
  const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${quoteIfNeeded(String(value))}`)
  const color = COLORS[String(level)] ?? ''
  return `${clock} ${color}${String(level).padEnd(8)}${color && RESET} ${String(msg)} [${String(event)}]${pairs.join('')}\n`
}

function quoteIfNeeded(text: string): string {
  const clean = printable(text)
  return /^[^\s"=]+$/.test(clean) ? clean : JSON.stringify(clean)
}

const PRINTABLE = /^[\u0020-\u007e]*$/

/** Text from elsewhere as one line of printable ASCII: anything else becomes `?`; cut to a length. */
export function printable(text: string, lengthMax = 1024): string {
  if (text.length <= lengthMax && PRINTABLE.test(text)) return text
  const line = text.replaceAll(/[^\u0020-\u007e]/gu, '?')
  return line.length > lengthMax ? `${line.slice(0, lengthMax)}...` : line
}
