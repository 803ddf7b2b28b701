/**
 * `/api/host`: the computer that this runs on, and this process.
 *
 * The computer is measured by a process of its own (`host-child.ts`), since that takes time in which nothing else can be
 * done. It is there while somebody looks, and measures once for all who look within a few seconds. No thread: V8's book of
 * compiled code is one for all threads, and where one ends it aborts the whole program now and then (nodejs/node#64500).
 */
import { type ChildProcess, fork } from 'node:child_process'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'

import type { ModuleState } from '../../core/module-states.ts'

/** What the process measures. */
export interface Measured {
  readonly hostname: string
  readonly os: string
  readonly kernel: string
  readonly architecture: string
  readonly uptimeMs: number
  /** When this was measured. */
  readonly at: string
  readonly processors: number
  readonly load: { readonly averages: number[]; readonly percent: number }
  readonly memory: { readonly totalBytes: number; readonly availableBytes: number }
  readonly disks: { mount: string; type: string; totalBytes: number; usedBytes: number }[]
  readonly interfaces: NetworkFacts[]
}

export interface NetworkFacts {
  readonly name: string
  /** As Linux has it: `up`, `down`, `unknown`. */
  readonly state: string
  readonly mac: string
  readonly addresses: string[]
  readonly megabitPerSecond: number | null
  readonly received: number
  readonly sent: number
}

/** What it says: that, or why it could not. */
export type Told = Measured | { readonly problem: string }

interface ProcessFacts {
  readonly version: string
  readonly uptimeMs: number
  readonly memoryBytes: number
  /** Of 99 in 100 turns of the event loop, since it was asked for before. */
  readonly loopDelayMs: number
}

export interface HostFacts extends Measured {
  readonly process: ProcessFacts
  readonly modules: readonly ModuleState[]
}

const FRESH_MS = 4000
/** Nobody looks any more. */
const IDLE_MS = 60_000
const LOOP_RESOLUTION_MS = 10

const CHILD = fileURLToPath(new URL('host-child.ts', import.meta.url))
/** It needs little, and may not take what the server does. */
const FLAGS = ['--disable-warning=ExperimentalWarning', '--max-old-space-size=64']

/**
 * @param program - that measures
 * @returns resolves with the facts as they were within the last few seconds; rejects when they cannot be had
 */
export function createHost(version: string, program = CHILD): () => Promise<Omit<HostFacts, 'modules'>> {
  let child: ChildProcess | undefined
  let last: Promise<Omit<HostFacts, 'modules'>> | undefined
  let idle: NodeJS.Timeout | undefined
  const loopDelay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })

  function start(): ChildProcess {
    const started = fork(program, { execArgv: FLAGS, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    started.unref()
    started.channel?.unref()
    const ended = (): void => {
      if (child === started) child = undefined
    }
    started.once('error', ended).once('exit', ended) // whoever waits for it hears of it too
    loopDelay.enable()
    return started
  }

  async function measureComputer(): Promise<Measured> {
    child ??= start()
    const asked = child
    const { promise, resolve, reject } = Promise.withResolvers<Measured>()
    const onEnd = (error?: unknown): void => reject(error instanceof Error ? error : new Error('it was not measured'))
    const onMessage = (told: Told): void => ('problem' in told ? reject(new Error(told.problem)) : resolve(told))
    asked.once('message', onMessage).once('error', onEnd).once('exit', onEnd)
    try {
      if (asked.connected) asked.send('measure', () => {}) // else it could not be started, or ends: that is told
      return await promise
    } finally {
      asked.off('message', onMessage).off('error', onEnd).off('exit', onEnd)
    }
  }

  async function measure(): Promise<Omit<HostFacts, 'modules'>> {
    const computer = await measureComputer()
    const loopDelayMs = Math.max(0, Math.round(loopDelay.percentile(99) / 1e6 - LOOP_RESOLUTION_MS))
    loopDelay.reset()
    setTimeout(() => (last = undefined), FRESH_MS).unref()
    const uptimeMs = Math.round(process.uptime() * 1000)
    return { ...computer, process: { version, uptimeMs, memoryBytes: process.memoryUsage.rss(), loopDelayMs } }
  }

  return () => {
    clearTimeout(idle)
    idle = setTimeout(() => {
      loopDelay.disable()
      child?.kill()
      child = undefined
    }, IDLE_MS).unref()
    last ??= measure().catch((error: unknown) => {
      last = undefined
      throw error
    })
    return last
  }
}
