/**
 * The attempts that may go on: which of them an event is part of, and what becomes of each.
 */
import type { Stage } from './attempt.ts'
import { beginsAnew } from './beginning.ts'
import { idOf, LiveAttempt } from './live.ts'
import { isNameless, type MachineRecord } from './machines.ts'
import type { Past } from './past.ts'
import type { RecorderLimits } from './recorder-options.ts'
import { restored, type Stored } from './stored.ts'
import type { Teller } from './teller.ts'
import type { WallClock } from './wall-clock.ts'

/** After so long without a word, what a machine does is another story. */
const STORY_MS = 30 * 60_000

/** Beyond so many entries of all attempts, each gets fewer. */
const ENTRIES_MAX = 200_000
const CROWDED_ENTRIES_MAX = 30

export interface AttemptsDeps {
  readonly past: Past
  readonly teller: Teller
  readonly limits: RecorderLimits
  readonly wallMs: WallClock
}

/** To pack one takes some 70 µs, and machines wait meanwhile; the rest has time until the next tick. */
const ENDS_A_TICK = 100

export class Attempts {
  readonly #deps: AttemptsDeps
  /** Each with its machine. */
  readonly #live = new Map<LiveAttempt, MachineRecord>()
  #changed = new Set<string>()
  /** Of all, as of the last tick. */
  #entries = 0

  constructor(deps: AttemptsDeps) {
    this.#deps = deps
  }

  /** Those that were noted first come first. */
  all(): LiveAttempt[] {
    return [...this.#live.keys()]
  }

  /**
   * Write into the attempt of a machine that goes on, or a new one.
   *
   * @param begins - the stage that a boot is in when it begins with what has happened; undefined where none does
   */
  note(
    machine: MachineRecord,
    nowMs: number,
    begins: Stage | undefined,
    write: (attempt: LiveAttempt, entriesMax: number) => void,
  ): void {
    const attempt = this.#attemptOf(machine, begins, nowMs)
    attempt.address = machine.address
    const { entriesPerAttemptMax: max } = this.#deps.limits
    const isCrowded = this.#entries > ENTRIES_MAX
    this.watch(attempt, nowMs, () => write(attempt, isCrowded ? Math.min(CROWDED_ENTRIES_MAX, max) : max))
  }

  /** See what becomes of an attempt by something that happens to it. */
  watch(attempt: LiveAttempt, nowMs: number, happen: () => void): void {
    const before = attempt.state
    happen()
    this.changed(attempt.key)
    if (attempt.state !== before && attempt.endedMs !== undefined) this.#ended(attempt, nowMs)
  }

  changed(key: string): void {
    this.#changed.add(key)
  }

  /** Keys of machines. */
  takeChanged(): ReadonlySet<string> {
    const changed = this.#changed
    this.#changed = new Set()
    return changed
  }

  learnSize(file: string, bytes: number): void {
    this.#deps.teller.learnSize(file, bytes)
  }

  /** Gives up who is silent for too long, and saves what has begun. */
  tick(nowMs: number): void {
    let left = ENDS_A_TICK
    this.#entries = 0
    for (const attempt of this.#live.keys()) {
      this.#entries += attempt.entries.length
      if (left === 0) continue
      if (attempt.judge(nowMs)) {
        this.#ended(attempt, nowMs)
        left -= 1
      } else if (nowMs - attempt.lastMs > STORY_MS && attempt.going === 0) {
        this.#close(this.#live.get(attempt)!, nowMs)
        left -= 1
      } else if (attempt.hasBegun && !attempt.wasSaved && !isNameless(attempt.key)) {
        // So that it is known of even if the power goes before it has ended. One without a name may become part of another's.
        this.#deps.teller.save(attempt, nowMs)
        left -= 1
      }
    }
  }

  /** The clock on the wall was set: what began by the wrong one. */
  correctStarts(): void {
    for (const attempt of this.#live.keys()) {
      if (attempt.isOfBefore) continue
      attempt.startedAt = Math.round(this.#deps.wallMs(attempt.startedMs))
      attempt.isUnsaved = true
      this.changed(attempt.key)
    }
  }

  saveAll(nowMs: number): void {
    for (const attempt of this.#live.keys()) this.#deps.teller.save(attempt, nowMs)
  }

  /** An attempt of before the program was started. It goes on if something was heard of it lately. */
  restore(machine: MachineRecord, stored: Stored, heardMs: number, nowMs: number): void {
    const { attempt } = stored
    // The last line of an attempt counts.
    this.#deps.past.remove(attempt.id)
    if (machine.live?.id === attempt.id) this.#live.delete(machine.live)
    else this.#close(machine, nowMs)
    machine.live = undefined
    if (nowMs - heardMs < STORY_MS) this.#goOn(machine, restored(stored, heardMs))
    else this.#deps.past.add(machine, attempt, JSON.stringify(stored))
  }

  /**
   * Take over what a machine did before anybody knew which it is.
   *
   * @returns what it is part of now; undefined where there is nothing to take over
   */
  adopt(nameless: MachineRecord, machine: MachineRecord, nowMs: number): LiveAttempt | undefined {
    const orphan = nameless.live
    if (orphan === undefined || orphan.endedMs !== undefined) return undefined
    let attempt = machine.live
    if (attempt === undefined || attempt.endedMs !== undefined || nowMs - attempt.lastMs > attempt.patienceMs) {
      this.#close(machine, nowMs)
      attempt = this.#begin(machine, orphan.startedMs, orphan.startedAt)
      attempt.isOfBefore = orphan.isOfBefore
    }
    attempt.absorb(orphan, this.#deps.limits.entriesPerAttemptMax)
    nameless.live = undefined
    this.#live.delete(orphan)
    this.changed(nameless.key)
    return attempt
  }

  /** All attempts of a machine. */
  forget(machine: MachineRecord): void {
    if (machine.live !== undefined) this.#live.delete(machine.live)
    this.#deps.past.forget(machine)
    this.changed(machine.key)
  }

  #attemptOf(machine: MachineRecord, begins: Stage | undefined, nowMs: number): LiveAttempt {
    const { live } = machine
    if (live !== undefined) {
      const silentMs = nowMs - live.lastMs
      const isNew = begins !== undefined && beginsAnew(live, begins, silentMs)
      if (!isNew && silentMs < STORY_MS) return live
      live.overtaken = isNew
      this.#close(machine, nowMs)
    }
    return this.#begin(machine, nowMs, this.#deps.wallMs(nowMs))
  }

  #begin(machine: MachineRecord, startedMs: number, wallMs: number): LiveAttempt {
    const { key, past } = machine
    const startedAt = Math.round(wallMs)
    let number = startedAt
    while (past.includes(idOf(key, number))) number += 1 // two of one machine must not have the same
    return this.#goOn(machine, new LiveAttempt({ key, startedMs, startedAt, id: idOf(key, number) }))
  }

  #goOn(machine: MachineRecord, attempt: LiveAttempt): LiveAttempt {
    machine.live = attempt
    this.#live.set(attempt, machine)
    return attempt
  }

  #ended(attempt: LiveAttempt, nowMs: number): void {
    this.changed(attempt.key)
    this.#deps.teller.end(attempt, nowMs)
  }

  /** It is over: packed, and out of the way. */
  #close(machine: MachineRecord, nowMs: number): void {
    const attempt = machine.live
    if (attempt === undefined) return
    const { past, teller } = this.#deps
    if (attempt.judge(nowMs, true)) this.#ended(attempt, nowMs)
    teller.save(attempt, nowMs)
    machine.live = undefined
    this.#live.delete(attempt)
    past.add(machine, teller.view(attempt, nowMs), teller.text(attempt, nowMs))
  }
}
