/**
 * An attempt that may still go on: its entries, how far it is, and whether it has ended (by what, says `ending.ts`). Told
 * the time, decides by what it was told alone.
 *
 *   seen --it begins as boots do: DHCP, firmware, script--> booting
 *   booting --config fetched, or everything fetched and there is none--> booted
 *      ^ |
 *      | +-- an answer that ends it, silence for longer than its stage takes, another boot --> failed
 *      +---- it goes on after all ---------------------------------------------------------------+
 */
import type { Labels } from '../labels.ts'
import { type Diagnosis, type Entry, isBeyond, type Stage, type State } from './attempt.ts'
import { diagnose } from './diagnose.ts'
import { isComplete, isFatal, isHandedOver, SILENCE_MS } from './ending.ts'
import type { Happening } from './happenings.ts'
import type { Plan } from './plan.ts'
import { repeated } from './repeats.ts'

export type Draft<T> = { -readonly [K in keyof T]: T[K] }

/** What a system that runs asks for as well, and what others say: it moves no boot. */
const BESIDE: ReadonlySet<Entry['kind']> = new Set(['metadata', 'note'])

/** @param number - most often when it began, since 1970 */
export function idOf(key: string, number: number): string {
  return `${key}-${number.toString(36)}`
}

export interface Origin {
  /** Of the machine. */
  readonly key: string
  readonly startedMs: number
  /** The same by the clock on the wall, since 1970. */
  readonly startedAt: number
  /** Of one that was stored. */
  readonly id?: string
}

export class LiveAttempt {
  readonly key: string
  /** Stays what it was first, should the clock be set. */
  readonly id: string
  readonly startedMs: number
  startedAt: number
  /** When something was last heard. */
  lastMs: number
  state: State = 'seen'
  stage: Stage = 'dhcp'
  /** As a boot does. */
  hasBegun = false
  /** Something of it is on disk. */
  wasSaved = false
  /** It began before this program did, by a clock of that time. */
  isOfBefore = false
  entries: Draft<Entry>[] = []
  truncated = false
  /** Transfers that run. */
  going = 0
  /** The machine has begun another attempt. */
  overtaken = false
  plan: Plan | undefined
  labels: Labels = new Map()
  /** Of the last request that no group matched. */
  unmatched: Labels | undefined
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

  constructor({ key, startedMs, startedAt, id = idOf(key, startedAt) }: Origin) {
    this.key = key
    this.id = id
    this.startedMs = startedMs
    this.startedAt = startedAt
    this.lastMs = startedMs
  }

  /** How long it may say nothing. */
  get patienceMs(): number {
    return SILENCE_MS[this.stage]
  }

  /**
   * Note what happened. The same once more is counted with the first, unless something else came between.
   *
   * @param durationMs - `null` for what goes on
   * @param canRepeat - false: it is not the same, though it looks like it
   * @returns the entry, which may be beyond those that are kept
   */
  add(what: Happening, nowMs: number, durationMs: number | null, entriesMax: number, canRepeat = true): Draft<Entry> {
    const startMs = Math.max(0, Math.round(nowMs - (durationMs ?? 0) - this.startedMs))
    this.heard(nowMs)
    const before = canRepeat ? repeated(this.entries, what) : undefined
    if (before !== undefined) {
      before.count = (before.count ?? 1) + 1
      before.durationMs = Math.round(nowMs - this.startedMs) - before.startMs
      this.#judgeBy(before, nowMs)
      return before
    }
    const entry: Draft<Entry> = { ...what, startMs, durationMs: durationMs === null ? null : Math.round(durationMs) }
    // Not by push, which makes room for sixteen more: ten thousand machines have a few entries each.
    if (this.entries.length < entriesMax) this.entries = this.entries.concat(entry)
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

  begin(): void {
    this.hasBegun = true
    if (this.state === 'seen' && this.endedMs === undefined) this.state = 'booting'
  }

  /** @param by - what tells so */
  advance(stage: Stage, by?: Entry['kind']): void {
    if (by !== undefined && this.endedMs !== undefined && BESIDE.has(by)) return
    if (isBeyond(stage, this.stage)) this.stage = stage
  }

  /**
   * Give it up if it has been silent for too long.
   *
   * @param isOver - whatever it does now: another attempt has taken its place
   * @returns whether it has ended by that
   */
  judge(nowMs: number, isOver = false): boolean {
    if (this.endedMs !== undefined) return false
    const isSilent = this.going === 0 && nowMs - this.lastMs > this.patienceMs
    if (!isSilent && !isOver) return false
    if (!this.hasBegun) this.#conclude('seen', this.lastMs)
    else if (isHandedOver(this)) this.#conclude('booted', this.lastMs)
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
    if (other.hasBegun) this.begin()
    this.plan ??= other.plan
    this.advance(other.stage)
    this.heard(Math.max(this.lastMs, other.lastMs))
    if (this.state !== 'booted' && this.endedMs !== undefined) this.#goOn()
  }

  /** @param nearest - names the group that all but matches; asked only where none does */
  explained(nearest?: () => string | undefined): Diagnosis {
    if (this.diagnosis === undefined || nearest !== undefined) {
      const found = diagnose(this, nearest)
      if (this.endedMs === undefined) return found
      this.diagnosis = found
    }
    return this.diagnosis
  }

  #judgeBy(entry: Entry, nowMs: number): void {
    if (this.state === 'booted' || BESIDE.has(entry.kind)) return
    if (this.hasBegun && isFatal(entry, this)) return this.#conclude('failed', nowMs)
    if (this.endedMs !== undefined) this.#goOn()
    if (this.hasBegun && isComplete(entry, this)) {
      this.advance('done')
      this.#conclude('booted', nowMs)
    }
  }

  #conclude(state: State, nowMs: number): void {
    this.state = state
    this.endedMs = nowMs
    this.diagnosis = undefined
    this.isUnsaved = true
  }

  #goOn(): void {
    this.state = this.hasBegun ? 'booting' : 'seen'
    this.endedMs = undefined
    this.diagnosis = undefined
  }
}
