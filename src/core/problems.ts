/**
 * What `bootcfg check` finds, live: looked for after each load, and when a kernel or initrd comes or goes.
 *
 * Works in turns between the answers to machines and never while one of them waits. Finds in the snapshot that serves,
 * so that nothing is read or compiled twice; only a groups file that was refused is read again, for all that is wrong with
 * it.
 */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as others, setTimeout as sleep } from 'node:timers/promises'

import { asProblem, refusals } from './check-run.ts'
import { assetsNamed, findProblems, type Problem } from './check.ts'
import type { Running } from './module.ts'
import { readGroups, type Sources } from './store/load.ts'
import type { Store, StoreState } from './store/store.ts'
import { inTurns, type Pause } from './turns.ts'

export interface Problems extends Running {
  readonly current: () => Checked
  /** Told of each new result. @returns a function that ends it */
  readonly listen: (listener: () => void) => () => void
}

export interface Checked {
  /** As `bootcfg check` lists them, errors before warnings where there are more than can be kept. */
  readonly problems: readonly Problem[]
  readonly errors: number
  readonly warnings: number
  /** Why the disk as it is now does not serve; undefined where it does. */
  readonly behind: string | undefined
  /** Since the epoch; undefined before the first result. */
  readonly atMs: number | undefined
}

/** More are counted only. */
const PROBLEMS_MAX = 1000

/** The first machines first. */
const START_MS = 300

/** Between two looks for assets, unless they take so long that they would take more than this part of the time. */
const LOOK_MS = 10_000
const LOOK_SHARE = 0.01

/** @param assetsPath - empty: kernels and initrds are not looked for */
export function watchProblems(
  store: Pick<Store, 'state' | 'listen'>,
  sources: Sources,
  assetsPath: string,
  { startMs, lookMs } = { startMs: START_MS, lookMs: LOOK_MS },
): Problems {
  let checked: Checked = { problems: [], errors: 0, warnings: 0, behind: undefined, atMs: undefined }
  const listeners = new Set<() => void>()
  const stopping = new AbortController()
  const pause: Pause = () => others(undefined, { signal: stopping.signal })
  let waking = new AbortController()
  const stopListening = store.listen(() => waking.abort())

  function publish(problems: readonly Problem[], { behind }: StoreState): void {
    const errors = problems.filter(({ severity }) => severity === 'error')
    const kept = problems.length <= PROBLEMS_MAX ? problems : errorsFirst(problems).slice(0, PROBLEMS_MAX)
    const warnings = problems.length - errors.length
    checked = { problems: kept, errors: errors.length, warnings, behind, atMs: Date.now() }
    for (const listener of listeners) listener()
  }

  async function watch(): Promise<void> {
    let seen: StoreState | undefined
    let seenMissing = ''
    let waitMs = startMs
    while (!stopping.signal.aborted) {
      await sleep(waitMs, undefined, { signal: waking.signal, ref: false }).catch(() => {}) // woken
      waking = new AbortController()
      const started = performance.now()
      const state = store.state()
      const missing = await missingAssets(assetsPath, state, pause)
      const missingText = [...missing].join('\n')
      waitMs = Math.max(lookMs, (performance.now() - started) / LOOK_SHARE)
      if (state === seen && missingText === seenMissing) continue
      publish(await problemsOf(state, sources, missing, pause), state)
      seen = state
      seenMissing = missingText
    }
  }

  const { promise: failed, reject } = Promise.withResolvers<never>()
  failed.catch(() => {}) // whoever supervises sees it
  const watching = watch().catch((error: unknown) => {
    if (!stopping.signal.aborted) reject(error)
  })
  return {
    name: 'problems',
    failed,
    current: () => checked,
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async stop() {
      stopListening()
      stopping.abort()
      waking.abort()
      await watching
    },
  }
}

async function missingAssets(assetsPath: string, { snapshot }: StoreState, pause: Pause): Promise<ReadonlySet<string>> {
  const missing = new Set<string>()
  if (assetsPath === '') return missing
  for (const path of assetsNamed(snapshot)) {
    await pause()
    await access(join(assetsPath, path)).catch(() => missing.add(path))
  }
  return missing
}

async function problemsOf(
  { snapshot, broken, behind }: StoreState,
  sources: Sources,
  missing: ReadonlySet<string>,
  pause: Pause,
): Promise<readonly Problem[]> {
  const found = await inTurns(
    findProblems({
      snapshot,
      broken,
      groupsPath: sources.groupsPath,
      locateFile: (path) => join(sources.dataPath, path),
      hasAsset: (path) => !missing.has(path),
    }),
    pause,
  )
  if (behind === undefined) return found
  const refused = refusals(sources, await readGroups(sources, pause).catch(asProblem))
  // The lines of the groups file that serves are not those of the one on the disk.
  return refused.length === 0 ? found : [...refused, ...found.filter(({ file }) => file !== sources.groupsPath)]
}

function errorsFirst(problems: readonly Problem[]): Problem[] {
  const rank = ({ severity }: Problem): number => (severity === 'error' ? 0 : 1)
  return problems.toSorted((a, b) => rank(a) - rank(b))
}
