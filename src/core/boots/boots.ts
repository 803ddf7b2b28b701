/**
 * The boots of all machines: listens to the journal, and is asked by whoever shows them.
 *
 * Costs a request next to nothing: what is reported is only noted with its time, and looked at a moment later with all that
 * came meanwhile. The edge of `recorder.ts`: it owns clock, timers and the state file, and decides nothing.
 */
import type { BootEvent, Journal } from '../journal.ts'
import type { Log } from '../log.ts'
import type { Running } from '../module.ts'
import type { Attempt, AttemptSummary, Machine, MachineSummary } from './attempt.ts'
import { Backlog } from './backlog.ts'
import type { Caught, Overview, Part } from './overview.ts'
import { LIMITS, type RecorderLimits, type Site } from './recorder-options.ts'
import { Recorder } from './recorder.ts'
import { openStateFile, type StateFile } from './state-file.ts'
import { parseStored } from './stored.ts'

export interface Boots extends Running {
  /** The one heard of last first. */
  machines(part?: Part): MachineSummary[]
  machineCount(): number
  caught(): readonly Caught[]
  /** One of them. */
  summary(mac: string): MachineSummary | undefined
  machine(mac: string): Machine | undefined
  /** The latest of all machines, the latest first. */
  attempts(max?: number): AttemptSummary[]
  attempt(id: string): Attempt | undefined
  /** What was sent, by the sum that its entry has. @returns undefined if it is not kept, or not any more */
  body(sum: string): string | undefined
  /**
   * Told of the machines that something happened to, a few times a second at most.
   *
   * @returns a function that ends it
   */
  onChange(listener: (macs: ReadonlySet<string>) => void): () => void
  /** Told of each attempt that has ended, well or not. One that goes on after all may end again. */
  onEnd(listener: (attempt: Attempt) => void): () => void
}

export interface BootsOptions {
  readonly journal: Journal
  readonly site: Site
  readonly log: Log
  /** Folder of the state file; empty keeps all in memory. */
  readonly statePath: string
  readonly limits?: RecorderLimits
}

/** What is reported is looked at so soon. */
const BATCH_MS = 50
/** In characters, of all that waits. Beyond it, what was sent is left out of the story. */
const WAITING_LENGTH_MAX = 16 << 20
/** In characters. A longer one is left out: to make its sum takes a microsecond a kilobyte, in which machines wait. */
const SENT_LENGTH_MAX = 256 << 10
/** On disk an attempt is not packed. A file of this part of what memory may hold is read in a second or so. */
const FILE_PART = 1 / 3
const TICK_MS = 1000
/** Between two lines that say that events were left out. */
const COMPLAIN_MS = 60_000

const ATTEMPTS_SHOWN = 200

/** Milliseconds; everything in here is told this time. */
const clock = (): number => performance.now()

/** Resolves when the boots of before are there. */
export async function openBoots({ journal, site, log, statePath, limits = LIMITS }: BootsOptions): Promise<Boots> {
  const { promise: failed, reject } = Promise.withResolvers<never>()
  failed.catch(() => {}) // whoever supervises sees it; nobody has to
  const changeListeners = new Set<(macs: ReadonlySet<string>) => void>()
  const endListeners = new Set<(attempt: Attempt) => void>()
  let file: StateFile | undefined
  const recorder = new Recorder(
    site,
    limits,
    {
      ended: (attempt) => endListeners.forEach((listener) => listener(attempt)),
      ...(statePath !== '' && { save: (stored) => file?.append(stored) }),
    },
    (nowMs) => nowMs + Date.now() - clock(),
  )

  /** Of what was sent and waits to be looked at. */
  let waitingLength = 0
  const backlog = new Backlog<BootEvent>((event) => {
    if (event.type !== 'requested' || event.body === undefined) return { ...event }
    const { length } = event.body
    const isKept = length <= SENT_LENGTH_MAX && waitingLength + length <= WAITING_LENGTH_MAX
    if (isKept) waitingLength += length
    return { ...event, body: isKept ? event.body : undefined }
  })
  function take(event: BootEvent, atMs: number): void {
    if (event.type === 'requested') waitingLength -= event.body?.length ?? 0
    recorder.take(event, atMs)
  }
  let complainedMs = -Infinity
  let timer: NodeJS.Timeout | undefined
  function digest(): void {
    timer = undefined
    backlog.work(take, clock)
    if (!backlog.isEmpty) digestSoon()
  }
  function digestSoon(): void {
    timer ??= setTimeout(() => guarded(digest), BATCH_MS).unref()
  }
  function tell(): void {
    const changed = recorder.takeChanged()
    if (changed.size > 0) for (const listener of changeListeners) listener(changed)
  }
  /** A fault of ours ends it, and is not taken for something that a machine did. */
  function guarded(act: () => void): void {
    try {
      act()
      tell()
    } catch (error) {
      reject(error)
    }
  }
  /** As of now. */
  function upToDate(): Recorder {
    backlog.work(take, clock, true)
    return recorder
  }
  const overview = (): Overview => upToDate().overview

  if (statePath !== '') {
    file = await openStateFile({
      folder: statePath,
      bytesMax: limits.historyBytesMax * FILE_PART,
      load(line) {
        const stored = parseStored(line)
        if (stored !== undefined) recorder.load(stored, clock())
        return stored !== undefined
      },
      all: () => recorder.stored(clock()),
      log,
    })
  }
  const stopListening = journal.listen((event) => {
    backlog.add(event, clock())
    digestSoon()
  })
  function tick(): void {
    recorder.tick(clock())
    if (!backlog.isFlooded || clock() < complainedMs + COMPLAIN_MS) return
    log('boots.left-out', { count: backlog.takeLeftOut() })
    complainedMs = clock()
  }
  const ticking = setInterval(() => guarded(tick), TICK_MS).unref()

  let stopped: Promise<void> | undefined
  async function stop(): Promise<void> {
    stopListening()
    clearInterval(ticking)
    upToDate().saveAll(clock())
    await file?.stop()
  }
  return {
    name: 'boots',
    failed,
    machines: (part) => overview().machines(clock(), part),
    machineCount: () => overview().machineCount,
    caught: () => overview().caught(),
    summary: (mac) => overview().summary(mac, clock()),
    machine: (mac) => overview().machine(mac, clock()),
    attempts: (max = ATTEMPTS_SHOWN) => overview().attempts(max, clock()),
    attempt: (id) => overview().attempt(id, clock()),
    body: (sum) => upToDate().body(sum),
    onChange: (listener) => added(changeListeners, listener),
    onEnd: (listener) => added(endListeners, listener),
    stop: () => (stopped ??= stop()),
  }
}

function added<T>(to: Set<T>, one: T): () => void {
  to.add(one)
  return () => void to.delete(one)
}
