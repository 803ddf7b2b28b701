/**
 * The program itself, as a person starts it: `bin/bootcfg` in a process of its own.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export const BOOTCFG = join(import.meta.dirname, '../../bin/bootcfg')

export interface LogLine {
  readonly event: string
  readonly [field: string]: unknown
}

export interface Server extends AsyncDisposable {
  readonly process: ChildProcess
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** Everything it has logged so far. */
  readonly log: readonly LogLine[]
  /** Resolves with the exit status. */
  readonly exited: Promise<number | null>
  /** Resolves with the first line, seen before or after the call, that fits. */
  waitFor(event: string, fits?: (line: LogLine) => boolean): Promise<LogLine>
  stop(): Promise<number | null>
}

/**
 * Start it on a free port and wait until it serves. Rejects with what it said when it ends before.
 *
 * @param wrapper - a program with its arguments that starts another, such as setpriv
 */
export async function startServer(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  wrapper: readonly string[] = [],
): Promise<Server> {
  const [program, ...before] = [...wrapper, BOOTCFG] as const
  const child = spawn(program, [...before, '-address', '127.0.0.1:0', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log: LogLine[] = []
  const others: string[] = []
  const watchers = new Set<() => void>()
  const tell = () => watchers.forEach((watcher) => watcher())
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{')) log.push(JSON.parse(line) as LogLine)
    else others.push(line)
    tell()
  })
  createInterface({ input: child.stderr }).on('line', (line) => others.push(line))
  const exited = new Promise<number | null>((resolve) => child.on('close', (status) => resolve(status)))
  let ended = false
  void exited.then(() => {
    ended = true
    tell()
  })

  function waitFor(event: string, fits: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const line = log.find((candidate) => candidate.event === event && fits(candidate))
        if (line === undefined && !ended) return
        watchers.delete(look)
        if (line !== undefined) resolve(line)
        else reject(new Error(`bootcfg ended without ${event}: ${JSON.stringify(log.at(-1))} ${others.join('\n')}`))
      }
      watchers.add(look)
      look()
    })
  }
  function stop(): Promise<number | null> {
    if (!ended) child.kill('SIGTERM')
    return exited
  }
  const ready = await waitFor('ready')
  return {
    process: child,
    url: String(ready['url']),
    log,
    exited,
    waitFor,
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  }
}

/** Run it to its end. */
export function runBootcfg(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(BOOTCFG, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) =>
    child.on('close', (status) => resolve({ status, stdout, stderr })),
  )
}

/** The flags of a site in one folder, its groups file `config.yaml` there, without assets. */
export function siteFlags(folder: string): string[] {
  return ['-config', join(folder, 'config.yaml'), '-data-path', folder, '-assets-path', '']
}
