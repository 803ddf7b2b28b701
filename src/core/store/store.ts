/**
 * The store: holds the snapshot that requests are answered from, and puts a new one in its place when the disk changes.
 *
 * It looks at the disk in a steady rhythm and trusts no notification: network file systems, FAT sticks and container
 * mounts send none, and one way that always works is simpler than two.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { describe, locate } from '../configs.ts'
import { ConfigError, reasonOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Running } from '../module.ts'
import { type Loaded, load, type Sources, type View } from './load.ts'
import type { Snapshot } from './snapshot.ts'
import { Stamps } from './stamps.ts'
import { scan } from './tree.ts'

export interface Store extends Running {
  readonly current: () => Snapshot
  /** A new one after each load that was tried. */
  readonly state: () => StoreState
  /** Told of each new state. @returns a function that ends it */
  readonly listen: (listener: () => void) => () => void
  /** Read everything again, changed or not. Resolves when the new snapshot serves, or was refused. */
  readonly reload: () => Promise<void>
}

/** What serves, and whether that is what is on the disk. */
export interface StoreState {
  readonly snapshot: Snapshot
  /** Files that cannot be used, by path below the data directory. */
  readonly broken: ReadonlyMap<string, ConfigError>
  /** Why the disk as it is now does not serve; undefined where it does. */
  readonly behind: string | undefined
  /** When it was read. */
  readonly loadedAtMs: number
  /** How loads went since the start. */
  readonly loads: { readonly loaded: number; readonly refused: number; readonly failed: number }
}

export interface Rhythm {
  /** Between two looks at the disk. */
  readonly lookMs: number
  /** A change is taken up when the disk has been still for this long, so that a checkout is not read half way through. */
  readonly stillMs: number
  /** ... or after this many looks, when it never is. */
  readonly looksMax: number
}

/** Adds up to less than the 2 s in which a change must be served. */
const RHYTHM: Rhythm = { lookMs: 500, stillMs: 120, looksMax: 5 }

/** At most this part of the time goes into looking: a huge tree is looked at less often. */
const LOOK_SHARE = 0.1
const LOOK_MS_MAX = 900

/** Lines about broken files after one load; `bootcfg check` lists them all. */
const PROBLEM_LINES_MAX = 20

/**
 * @param starting - gives the start up
 * @throws {ConfigError} when the groups file cannot be used, or another Error when the data directory cannot be read
 */
export async function openStore(
  sources: Sources,
  log: Log,
  rhythm: Rhythm = RHYTHM,
  starting?: AbortSignal,
): Promise<Store> {
  let stamps = new Stamps(sources.fileBytesMax)
  let loaded = await load(sources, await firstLook(sources, stamps), undefined, starting)
  let state: StoreState = {
    ...whatServes(loaded),
    behind: undefined,
    loadedAtMs: Date.now(),
    loads: { loaded: 1, refused: 0, failed: 0 },
  }
  const listeners = new Set<() => void>()
  /** Why the last load came to nothing, and why the disk cannot be looked at. */
  let refusal: string | undefined
  let unreadable: string | undefined
  function become(next: Partial<StoreState>): void {
    const behind = unreadable === undefined ? refusal : `${sources.dataPath}: ${unreadable}`
    state = { ...state, ...next, behind }
    for (const listener of listeners) listener()
  }
  function ended(how: keyof StoreState['loads'], why?: string): void {
    refusal = why
    const loadedAtMs = how === 'loaded' ? Date.now() : state.loadedAtMs
    become({ ...whatServes(loaded), loadedAtMs, loads: { ...state.loads, [how]: state.loads[how] + 1 } })
  }
  /** The view that was last loaded or refused: another is news. */
  let seen = loaded.view
  report(log, loaded)
  const stopping = new AbortController()

  async function take(view: View, previous?: Loaded): Promise<void> {
    seen = view
    try {
      let next = await load(sources, view, previous, stopping.signal)
      // What changed while it was read may have been read half before and half after: read again.
      for (let tries = 1; tries < rhythm.looksMax; tries++) {
        const after = await tryLook()
        if (after === undefined || sameView(after, next.view)) break
        seen = await settled(after)
        next = await load(sources, seen, next, stopping.signal)
      }
      report(log, next, previous)
      loaded = next
      ended('loaded')
    } catch (error) {
      if (stopping.signal.aborted) throw error
      if (error instanceof ConfigError) {
        log('store.refused', {
          file: sources.groupsPath,
          line: error.line,
          column: error.column,
          reason: error.message,
        })
        ended('refused', describe(sources.groupsPath, error))
      } else {
        log('store.failed', { stack: error instanceof Error ? error.stack : String(error) })
        ended('failed', 'a fault of bootcfg while it read a change; its log says more')
      }
    }
  }

  /** A look that cannot fail: a data directory that is away for a while is reported once and looked for again. */
  async function tryLook(): Promise<View | undefined> {
    try {
      const next = new Stamps(sources.fileBytesMax, stamps)
      const view = await look(sources, next)
      stamps = next
      if (unreadable !== undefined) {
        unreadable = undefined
        become({})
      }
      return view
    } catch (error) {
      const reason = error instanceof ConfigError ? error.message : reasonOf(error)
      if (reason === unreadable) return undefined
      log('store.scan-failed', { file: sources.dataPath, reason })
      unreadable = reason
      become({})
      return undefined
    }
  }

  async function settled(first: View): Promise<View> {
    let view = first
    for (let looks = 0; looks < rhythm.looksMax; looks++) {
      await sleep(rhythm.stillMs, undefined, { signal: stopping.signal })
      const next = await tryLook()
      if (next === undefined || sameView(next, view)) break
      view = next
    }
    return view
  }

  const { promise: failed, reject } = Promise.withResolvers<never>()
  failed.catch(() => {}) // whoever supervises sees it

  /** Loads never overlap: the watch and a reload wait for each other. Never rejects. */
  let queue = Promise.resolve()
  function inTurn(work: () => Promise<void>): Promise<void> {
    queue = queue.then(async () => {
      try {
        if (!stopping.signal.aborted) await work()
      } catch (error) {
        if (!stopping.signal.aborted) reject(error)
      }
    })
    return queue
  }

  let pause = rhythm.lookMs
  async function lookForNews(): Promise<void> {
    const started = performance.now()
    const view = await tryLook()
    pause = Math.max(rhythm.lookMs, Math.min((performance.now() - started) / LOOK_SHARE, LOOK_MS_MAX))
    if (view !== undefined && !sameView(view, seen)) await take(await settled(view), loaded)
  }

  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      await sleep(pause, undefined, { signal: stopping.signal }).catch(() => {}) // stopped
      await inTurn(lookForNews)
    }
  }
  const watching = watch()

  /** The reload that has not begun yet: who asks meanwhile is served by it. */
  let waiting: Promise<void> | undefined
  async function readAgain(): Promise<void> {
    waiting = undefined
    const view = await tryLook()
    if (view !== undefined) await take(view)
  }

  return {
    name: 'store',
    failed,
    current: () => loaded.snapshot,
    state: () => state,
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    reload: () => (waiting ??= inTurn(readAgain)),
    stop: async () => {
      stopping.abort()
      await watching
      await queue
    },
  }
}

function whatServes({ snapshot, parts }: Loaded): Pick<StoreState, 'snapshot' | 'broken'> {
  return { snapshot, broken: parts.broken }
}

/** One line for the load, and one for each file that is broken and was not before, or was in another way. */
function report(log: Log, { snapshot, parts }: Loaded, previous?: Loaded): void {
  const news = [...parts.broken].filter(([path, error]) => !sameError(previous?.parts.broken.get(path), error))
  for (const [path, error] of news.slice(0, PROBLEM_LINES_MAX)) {
    const { at, message } = locate(path, error)
    log('store.problem', { file: path, line: at.line, column: at.column, reason: message })
  }
  log('store.loaded', { groups: snapshot.groups.groups.length, specs: snapshot.specs.size, errors: parts.broken.size })
}

function sameError(a: ConfigError | undefined, b: ConfigError): boolean {
  return a?.message === b.message && a.line === b.line && a.column === b.column
}

async function firstLook(sources: Sources, stamps: Stamps): Promise<View> {
  return look(sources, stamps).catch((error: unknown) => {
    throw new Error(`data directory (-data-path) ${sources.dataPath}: ${reasonOf(error)}`, { cause: error })
  })
}

/** The disk as it is now. */
export async function look(sources: Sources, stamps = new Stamps(sources.fileBytesMax)): Promise<View> {
  const [groups, data] = await Promise.all([
    stamps.ofFile(sources.groupsPath).catch(reasonOf),
    scan(sources.dataPath, stamps),
  ])
  return { groups, data }
}

function sameView(a: View, b: View): boolean {
  if (a.groups !== b.groups || a.data.size !== b.data.size) return false
  for (const [path, stamp] of a.data) if (b.data.get(path) !== stamp) return false
  return true
}
