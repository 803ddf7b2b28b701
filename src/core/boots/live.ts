/**
 * An attempt that may still go on: its entries, how far it is, and whether it has ended. Told the time, decides by what it
 * was told alone.
 *
 *   booting --config fetched, or everything fetched and there is none--> booted
 *      ^ |
 *      | +-- an answer that ends it, silence for longer than its stage takes, another boot --> failed
 *      +---- it goes on after all ---------------------------------------------------------------+
 *
 * An attempt that did not begin as boots do (DHCP, firmware, script) is only `seen`.
 */
import type { Labels } from '../labels.ts'
import { type Attempt, type Diagnosis, type Entry, isBeyond, type Stage, type State } from './attempt.ts'
import { diagnose } from './diagnose.ts'
import type { Plan } from './plan.ts'
import { shownLabels } from './shown.ts'
import { loopOf } from './story.ts'

export type Draft<T> = { -readonly [K in keyof T]: T[K] }

/** An entry before it has a place in time. */
export type Happening = Omit<Entry, 'startMs' | 'durationMs' | 'count'>

/**
 * How long a machine may say nothing before it is given up. UEFI waits 32 s between two DISCOVERs; a machine that starts
 * iPXE may have a slow switch port and no IPv6 router; one that starts Linux, many disks and network cards.
 */
const SILENCE_MS: Record<Stage, number> = {
  dhcp: 60_000,
  firmware: 90_000,
  script: 60_000,
  kernel: 300_000,
  config: 300_000,
  done: 0,
}

/** Answers that leave a machine nothing to go on with, though it may ask again. */
const FATAL: ReadonlySet<Entry['kind']> = new Set(['offer', 'ipxe', 'ignition', 'cloud'])

/** What firmware goes through again and again while it waits: with these in between, the same is still in a row. */
const ROUND: Partial<Record<Entry['kind'], readonly Entry['kind'][]>> = {
  discover: ['offer', 'note'],
  offer: ['note'],
  'ask-4011': ['offer'],
  note: ['discover', 'offer', 'note'],
}

export interface Origin {
  /** Of the machine. */
  readonly key: string
  readonly startedMs: number
  /** The same by the clock on the wall, since 1970. */
  readonly startedAt: number
}

export class LiveAttempt {
  key: string
  readonly startedMs: number
  readonly startedAt: number
  /** When something was last heard. */
  lastMs: number
  state: State = 'booting'
  stage: Stage = 'dhcp'
  /** As a boot does. */
  hasBegun = false
  entries: Draft<Entry>[] = []
  truncated = false
  /** Transfers that run. */
  going = 0
  /** The machine has begun another attempt. */
  overtaken = false
  plan: Plan | undefined
  labels: Labels = new Map()
  uuid: string | undefined
  address: string | undefined
  group: string | undefined
  spec: string | undefined
  architecture: string | undefined
  /** Since it ended. */
  diagnosis: Diagnosis | undefined
  endedMs: number | undefined
  /** Of this, nothing was saved yet. */
  isUnsaved = true

  constructor({ key, startedMs, startedAt }: Origin) {
    this.key = key
    this.startedMs = startedMs
    this.startedAt = startedAt
    this.lastMs = startedMs
  }

  get id(): string {
    return `${this.key}-${this.startedAt.toString(36)}`
  }

  /** How long it may say nothing. */
  get patienceMs(): number {
    return SILENCE_MS[this.stage]
  }

  /**
   * Note what happened. The same once more is counted with the first, unless something else came between.
   *
   * @param durationMs - `null` for what goes on
   * @returns the entry, which may be beyond those that are kept
   */
  add(what: Happening, nowMs: number, durationMs: number | null, entriesMax: number): Draft<Entry> {
    const startMs = Math.max(0, Math.round(nowMs - (durationMs ?? 0) - this.startedMs))
    this.heard(nowMs)
    const before = this.#again(what)
    if (before !== undefined) {
      before.count = (before.count ?? 1) + 1
      before.durationMs = Math.round(nowMs - this.startedMs) - before.startMs
      this.#judgeBy(before, nowMs)
      return before
    }
    const entry: Draft<Entry> = { ...what, startMs, durationMs: durationMs === null ? null : Math.round(durationMs) }
    if (this.entries.length < entriesMax) this.entries.push(entry)
    else this.truncated = true
    if (what.outcome === 'going') this.going += 1
    this.#judgeBy(entry, nowMs)
    return entry
  }

  /** A transfer has ended. */
  end(entry: Draft<Entry>, nowMs: number): void {
    this.going -= 1
    entry.durationMs = Math.max(0, Math.round(nowMs - this.startedMs) - entry.startMs)
    this.heard(nowMs)
    this.#judgeBy(entry, nowMs)
  }

  heard(nowMs: number): void {
    this.lastMs = nowMs
    this.isUnsaved = true
  }

  advance(stage: Stage): void {
    if (isBeyond(stage, this.stage)) this.stage = stage
  }

  /**
   * Give it up if it has been silent for too long.
   *
   * @param isOver - whatever it does now: another attempt has taken its place
   * @returns whether it has ended by that
   */
  judge(nowMs: number, isOver = false): boolean {
    if (this.state !== 'booting') return false
    const isSilent = this.going === 0 && nowMs - this.lastMs > this.patienceMs
    if (!isSilent && !isOver) return false
    if (!this.hasBegun) this.#conclude('seen', this.lastMs)
    else if (this.#isHandedOver()) this.#conclude('booted', this.lastMs)
    else this.#conclude('failed', this.lastMs)
    return true
  }

  /** Takes over what happened to the same machine before anybody knew which it was. */
  absorb(other: LiveAttempt, entriesMax: number): void {
    const shiftMs = Math.round(other.startedMs - this.startedMs)
    for (const entry of other.entries) entry.startMs = Math.max(0, entry.startMs + shiftMs)
    const entries = [...this.entries, ...other.entries].toSorted((a, b) => a.startMs - b.startMs)
    this.entries = entries.slice(0, entriesMax)
    this.truncated ||= other.truncated || entries.length > entriesMax
    this.going += other.going
    this.hasBegun ||= other.hasBegun
    this.plan ??= other.plan
    this.advance(other.stage)
    this.heard(Math.max(this.lastMs, other.lastMs))
    if (this.state !== 'booted' && this.state !== 'booting') this.#goOn()
  }

  view(nowMs: number, sizes: ReadonlyMap<string, number>, nearest?: () => string | undefined): Attempt {
    const { bytes, totalBytes } = this.#progress(sizes)
    const endMs = this.endedMs ?? nowMs
    return {
      id: this.id,
      mac: this.key,
      state: this.state,
      stage: this.stage,
      startedAt: new Date(this.startedAt).toISOString(),
      endedAt:
        this.endedMs === undefined ? null : new Date(this.startedAt + this.endedMs - this.startedMs).toISOString(),
      durationMs: Math.max(0, Math.round(endMs - this.startedMs)),
      diagnosis: this.explained(nearest),
      group: this.group ?? null,
      spec: this.spec ?? null,
      architecture: this.architecture ?? null,
      bytes,
      totalBytes,
      entries: this.entries.map((entry) => ({ ...entry })),
      labels: shownLabels(this.labels),
      uuid: this.uuid ?? null,
      address: this.address ?? null,
      truncated: this.truncated,
    }
  }

  /** @param nearest - names the group that all but matches; asked only where none does */
  explained(nearest?: () => string | undefined): Diagnosis {
    if (this.diagnosis === undefined || nearest !== undefined) {
      const found = diagnose(this, nearest)
      if (this.state === 'booting') return found
      this.diagnosis = found
    }
    return this.diagnosis
  }

  #again({ kind, title, outcome, status, reason, file }: Happening): Draft<Entry> | undefined {
    if (outcome === 'going') return undefined
    for (let at = this.entries.length - 1; at >= 0; at--) {
      const entry = this.entries[at]!
      if (entry.kind !== kind) {
        if (ROUND[kind]?.includes(entry.kind) === true) continue
        return undefined
      }
      const isSame = entry.title === title && entry.outcome === outcome && entry.status === status
      return isSame && entry.reason === reason && entry.file === file ? entry : undefined
    }
    return undefined
  }

  #judgeBy(entry: Entry, nowMs: number): void {
    const { kind, outcome } = entry
    if (this.state === 'booted' || kind === 'note') return
    if (this.hasBegun && this.#isFatal(entry)) return this.#conclude('failed', nowMs)
    if (this.state !== 'booting') this.#goOn()
    const hasConfig = outcome === 'ok' && (kind === 'ignition' || kind === 'cloud')
    if (this.hasBegun && (hasConfig || this.#hasEverything())) {
      this.advance('done')
      this.#conclude('booted', nowMs)
    }
  }

  /** Nothing can follow by itself, though the machine may ask again. */
  #isFatal({ kind, outcome, file }: Entry): boolean {
    if (kind === 'read' || kind === 'discover' || (kind === 'offer' && outcome === 'ok')) {
      return this.stage === 'firmware' && loopOf(this.entries) !== undefined
    }
    if (outcome !== 'failed') return false
    if (kind === 'download') return file !== undefined && this.plan?.files.includes(file) === true
    return FATAL.has(kind)
  }

  #conclude(state: State, nowMs: number): void {
    this.state = state
    this.endedMs = nowMs
    this.diagnosis = undefined
    this.isUnsaved = true
  }

  #goOn(): void {
    this.state = 'booting'
    this.endedMs = undefined
    this.diagnosis = undefined
  }

  #hasEverything(): boolean {
    const { plan } = this
    if (plan === undefined || plan.config || plan.elsewhere.length > 0 || plan.files.length === 0) return false
    return plan.files.every((file) => this.entries.some((entry) => isWhole(entry, file)))
  }

  /** It fetches from elsewhere, where nobody here can see it, and there is no config that it would ask for. */
  #isHandedOver(): boolean {
    return this.stage !== 'dhcp' && this.plan !== undefined && this.plan.elsewhere.length > 0 && !this.plan.config
  }

  /** Of kernel and initrds; of all that it downloads where nobody knows which those are. */
  #progress(sizes: ReadonlyMap<string, number>): { bytes: number; totalBytes: number | null } {
    const loads = new Map<string, Entry>()
    for (const entry of this.entries) {
      if (entry.kind === 'download' && entry.file !== undefined && entry.outcome !== 'probe')
        loads.set(entry.file, entry)
    }
    const files = this.plan?.files.length ? this.plan.files : [...loads.keys()]
    let bytes = 0
    let totalBytes: number | null = files.length === 0 ? null : 0
    for (const file of files) {
      const load = loads.get(file)
      const size = load?.totalBytes ?? sizes.get(file)
      bytes += load?.bytes ?? 0
      totalBytes = size === undefined || totalBytes === null ? null : totalBytes + size
    }
    return { bytes, totalBytes }
  }
}

function isWhole({ kind, outcome, file, bytes, totalBytes }: Entry, wanted: string): boolean {
  return kind === 'download' && outcome === 'ok' && file === wanted && bytes === totalBytes
}
