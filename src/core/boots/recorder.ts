/**
 * The flight recorder: from what the rooms report to machines and their attempts to boot. Bounded, told the time.
 *
 * What TFTP and HTTP hear from an address is a machine's own once DHCP, or a request with a MAC in it, has told whose address
 * that is; until then it is kept under the address, and taken over (`machines.ts`).
 *
 * A new attempt begins where a machine does what only the beginning of a boot does although it was further already. A second
 * DISCOVER in front of a file that was read is one; iPXE's own, after it was read, is not.
 */
import { type Group, groupLabel } from '../groups.ts'
import type { Asked, Began, BootEvent, Ended, Moved, Purpose, Refused, Requested, Rival } from '../journal.ts'
import type { Labels } from '../labels.ts'
import type { Spec } from '../specs.ts'
import {
  type Attempt,
  type AttemptSummary,
  type Entry,
  isBeyond,
  type Machine,
  type MachineSummary,
  type Stage,
  summaryOf,
} from './attempt.ts'
import {
  architectureName,
  beginsWith,
  dhcpEntries,
  endOf,
  PURPOSES,
  refusedEntry,
  requestEntry,
  rivalEntry,
  transferEntry,
} from './happenings.ts'
import { History } from './history.ts'
import { type Draft, LiveAttempt } from './live.ts'
import { type MachineRecord, Machines } from './machines.ts'
import { type Plan, planOf } from './plan.ts'
import { shown, shownLabels } from './shown.ts'
import { restored, type Stored, storedOf } from './stored.ts'

/** What the site has, asked when it is needed. */
export interface Site {
  readonly spec: (id: string) => Spec | undefined
  /** Names the group that all but matches, and what differs. May take a while. */
  readonly nearest: (labels: Labels) => string | undefined
  readonly isKnown: (machine: { mac: string; uuid: string | undefined }) => boolean
}

export interface RecorderLimits {
  /** The one heard of longest ago is forgotten. */
  readonly machinesMax: number
  readonly attemptsPerMachineMax: number
  readonly entriesPerAttemptMax: number
  /** Of all attempts that are over. */
  readonly historyBytesMax: number
}

export const LIMITS: RecorderLimits = {
  machinesMax: 10_000,
  attemptsPerMachineMax: 20,
  entriesPerAttemptMax: 200,
  historyBytesMax: 96 << 20,
}

export interface RecorderEvents {
  /** An attempt has ended. It may go on after all, and end again. */
  readonly ended?: (attempt: Attempt) => void
  /** An attempt as it is to be kept; a later one of the same id is in place of it. */
  readonly save?: (stored: string) => void
}

interface Transfer {
  attempt: LiveAttempt
  readonly entry: Draft<Entry>
}

/** After so long without a word, what a machine does is another story. */
const STORY_MS = 30 * 60_000

/** A machine that asks for its script again after so long was restarted; sooner, it only tries again. */
const SCRIPT_AGAIN_MS = 30_000

/** Beyond so many entries of attempts that are not over, each gets fewer. */
const LIVE_ENTRIES_MAX = 200_000
const CROWDED_ENTRIES_MAX = 30

/** Files whose size is remembered, so that the next machine's progress is known from the beginning. */
const SIZES_MAX = 1000

export class Recorder {
  readonly #site: Site
  readonly #limits: RecorderLimits
  readonly #events: RecorderEvents
  readonly #wallMs: (nowMs: number) => number
  readonly #machines: Machines
  readonly #history: History
  readonly #live = new Set<LiveAttempt>()
  readonly #transfers = { tftp: new Map<number, Transfer>(), http: new Map<number, Transfer>() }
  readonly #sizes = new Map<string, number>()
  readonly #groupLabels = new WeakMap<Group, string>()
  readonly #plans = new WeakMap<Spec, Plan>()
  #changed = new Set<string>()
  #liveEntries = 0

  /** @param wallMs - the clock on the wall at a time that the recorder is told: that of events may count from anything */
  constructor(
    site: Site,
    limits: RecorderLimits = LIMITS,
    events: RecorderEvents = {},
    wallMs: (nowMs: number) => number = (nowMs) => nowMs,
  ) {
    this.#site = site
    this.#limits = limits
    this.#events = events
    this.#wallMs = wallMs
    this.#history = new History(limits.historyBytesMax)
    this.#machines = new Machines(limits.machinesMax, {
      forgotten: (machine) => this.#forgotten(machine),
      named: (nameless, machine, nowMs) => this.#adopt(nameless, machine, nowMs),
    })
  }

  take(event: BootEvent, nowMs: number): void {
    switch (event.type) {
      case 'address':
        this.#machines.hasAddress(this.#machines.heard(event.mac, nowMs), event.address, nowMs)
        break
      case 'asked':
        this.#onAsked(event, nowMs)
        break
      case 'requested':
        this.#onRequested(event, nowMs)
        break
      case 'began':
        this.#onBegan(event, nowMs)
        break
      case 'moved':
        this.#onMoved(event, nowMs)
        break
      case 'ended':
        this.#onEnded(event, nowMs)
        break
      case 'refused':
        this.#onRefused(event, nowMs)
        break
      case 'rival':
        this.#onRival(event, nowMs)
        break
      default: // the same is told more fully by the events above
    }
  }

  /** Gives up who is silent for too long. Once a second or so. */
  tick(nowMs: number): void {
    let explains = true
    this.#liveEntries = 0
    for (const attempt of this.#live) {
      this.#liveEntries += attempt.entries.length
      if (attempt.judge(nowMs)) {
        this.#ended(attempt, nowMs, explains)
        explains = false // to find the nearest group takes time, of which one a tick is enough
      }
      if (nowMs - attempt.lastMs > STORY_MS && attempt.going === 0) this.#close(this.#machines.get(attempt.key), nowMs)
    }
  }

  /** An attempt of before the program was started. The oldest first. */
  load(stored: Stored, nowMs: number): void {
    const { attempt } = stored
    const agoMs = Math.max(0, this.#wallMs(nowMs) - Date.parse(attempt.startedAt) - stored.lastMs)
    const machine = this.#machines.heard(attempt.mac, nowMs - agoMs)
    machine.uuid = attempt.uuid ?? machine.uuid
    machine.labels = new Map(Object.entries(attempt.labels))
    machine.group = attempt.group ?? machine.group
    machine.spec = attempt.spec ?? machine.spec
    // The last line of an attempt counts.
    this.#history.remove(attempt.id)
    if (machine.live?.id === attempt.id) this.#live.delete(machine.live)
    else this.#close(machine, nowMs)
    machine.live = undefined
    if (agoMs < STORY_MS) {
      machine.live = restored(stored, nowMs - agoMs)
      this.#live.add(machine.live)
      if (attempt.address !== null) this.#machines.hasAddress(machine, attempt.address, nowMs - agoMs)
    } else {
      machine.address = attempt.address ?? machine.address
      this.#keep(machine, attempt, JSON.stringify(stored))
    }
    this.#changed.clear()
  }

  /** All that is not saved yet: the program ends. */
  saveAll(nowMs: number): void {
    for (const attempt of this.#live) this.#save(attempt, nowMs)
  }

  /** Keys of the machines that something happened to since the last call. */
  takeChanged(): ReadonlySet<string> {
    const changed = this.#changed
    this.#changed = new Set()
    return changed
  }

  /** The one heard of last first. */
  machines(nowMs: number): MachineSummary[] {
    return this.#machines.all().map((machine) => this.#summary(machine, nowMs))
  }

  summary(key: string, nowMs: number): MachineSummary | undefined {
    const machine = this.#machines.get(key)
    return machine && this.#summary(machine, nowMs)
  }

  machine(key: string, nowMs: number): Machine | undefined {
    const machine = this.#machines.get(key)
    if (machine === undefined) return undefined
    const past = machine.past.toReversed().flatMap((id) => this.#past(id) ?? [])
    const live = machine.live === undefined ? [] : [this.#view(machine.live, nowMs)]
    return {
      ...this.#summary(machine, nowMs),
      labels: shownLabels(machine.labels),
      attempts: [...live, ...past].map(summaryOf),
    }
  }

  /** The latest of all machines, the latest first. */
  attempts(max: number, nowMs: number): AttemptSummary[] {
    const live = [...this.#live].toSorted((a, b) => b.startedMs - a.startedMs).slice(0, max)
    const past = this.#history.latest(max).flatMap((id) => this.#past(id) ?? [])
    return [...live.map((attempt) => this.#view(attempt, nowMs)), ...past]
      .map(summaryOf)
      .toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
      .slice(0, max)
  }

  attempt(id: string, nowMs: number): Attempt | undefined {
    const live = this.#machines.get(id.slice(0, id.lastIndexOf('-')))?.live
    if (live?.id !== id) return this.#past(id)
    const view = this.#view(live, nowMs)
    if (view.diagnosis.code !== 'no-group' && view.diagnosis.code !== 'config-missing') return view
    return { ...view, diagnosis: live.explained(() => this.#site.nearest(live.labels)) }
  }

  /** Every attempt as it is to be kept, the latest first: for who writes them all anew. */
  *stored(nowMs: number): Generator<string> {
    for (const attempt of [...this.#live].toReversed()) yield this.#text(attempt, nowMs)
    for (const id of this.#history.latest(Infinity)) {
      const text = this.#history.get(id)
      if (text !== undefined) yield text
    }
  }

  #onAsked(event: Asked, nowMs: number): void {
    const machine = this.#machines.bootsBy(event.mac, nowMs)
    machine.uuid = event.uuid ?? machine.uuid
    const begins = event.port === 4011 ? undefined : event.ipxe === undefined ? 'dhcp' : 'firmware'
    this.#note(machine, nowMs, begins, (attempt, max) => {
      attempt.hasBegun = true
      attempt.architecture ??= architectureName(event.architecture)
      attempt.uuid ??= machine.uuid
      for (const entry of dhcpEntries(event)) attempt.add(entry, nowMs, 0, max)
    })
  }

  #onRequested(event: Requested, nowMs: number): void {
    const { purpose, status, group } = event
    const { kind, stage, begins } = PURPOSES[purpose]
    const machine = this.#machines.ofRequest(event, nowMs)
    this.#machines.learn(machine, event, nowMs)
    const label = group && this.#groupLabel(group)
    const spec = group && shown(group.spec)
    if (label !== undefined) [machine.group, machine.spec] = [label, spec]
    this.#note(machine, nowMs, begins, (attempt, max) => {
      if (begins !== undefined) attempt.hasBegun = true
      if (stage !== undefined) attempt.advance(stage)
      attempt.labels = machine.labels
      attempt.uuid ??= machine.uuid
      if (label !== undefined) [attempt.group, attempt.spec] = [label, spec]
      if (group !== undefined && kind === 'ipxe' && status === 200) attempt.plan = this.#plan(group.spec, purpose)
      attempt.add(requestEntry(event, label, spec), nowMs, event.ms, max)
    })
  }

  #onBegan(event: Began, nowMs: number): void {
    const { via, id, address, from, totalBytes } = event
    this.#note(this.#machines.ofAddress(address, nowMs), nowMs, beginsWith(event), (attempt, max) => {
      const entry = transferEntry(event)
      reach(attempt, from)
      if (from === 'assets') this.#size(entry.file, totalBytes)
      this.#transfers[via].set(id, { attempt, entry: attempt.add(entry, nowMs, null, max) })
    })
  }

  #onMoved({ via, id, bytes }: Moved, nowMs: number): void {
    const transfer = this.#transfers[via].get(id)
    if (transfer === undefined) return
    transfer.entry.bytes = bytes
    transfer.attempt.heard(nowMs)
    this.#changed.add(transfer.attempt.key)
  }

  #onEnded(event: Ended, nowMs: number): void {
    const transfers = this.#transfers[event.via]
    const transfer = transfers.get(event.id)
    if (transfer === undefined) return
    transfers.delete(event.id)
    const { attempt, entry } = transfer
    Object.assign(entry, endOf(event))
    this.#watch(attempt, nowMs, () => attempt.end(entry, nowMs))
  }

  #onRefused(event: Refused, nowMs: number): void {
    this.#note(this.#machines.ofAddress(event.address, nowMs), nowMs, undefined, (attempt, max) => {
      reach(attempt, event.from)
      attempt.add(refusedEntry(event), nowMs, 0, max)
    })
  }

  /** Of machines that boot here alone: what a network's DHCP server names reaches every telephone. */
  #onRival(event: Rival, nowMs: number): void {
    const machine = this.#machines.get(event.mac)
    if (machine?.live === undefined || isBeyond(machine.live.stage, 'firmware')) return
    this.#note(machine, nowMs, undefined, (attempt, max) => attempt.add(rivalEntry(event), nowMs, 0, max))
  }

  /** Write into the attempt that goes on, or a new one. */
  #note(
    machine: MachineRecord,
    nowMs: number,
    begins: Stage | undefined,
    write: (attempt: LiveAttempt, entriesMax: number) => void,
  ): void {
    const attempt = this.#attemptOf(machine, begins, nowMs)
    const { entriesPerAttemptMax: max } = this.#limits
    attempt.address = machine.address
    const isCrowded = this.#liveEntries > LIVE_ENTRIES_MAX
    this.#watch(attempt, nowMs, () => write(attempt, isCrowded ? Math.min(CROWDED_ENTRIES_MAX, max) : max))
  }

  /** See what becomes of an attempt by something that happens to it. */
  #watch(attempt: LiveAttempt, nowMs: number, happen: () => void): void {
    const before = attempt.state
    happen()
    this.#changed.add(attempt.key)
    if (attempt.state !== before && attempt.endedMs !== undefined) this.#ended(attempt, nowMs, false)
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
    return this.#begin(machine, nowMs, this.#wallMs(nowMs))
  }

  #begin(machine: MachineRecord, startedMs: number, wallMs: number): LiveAttempt {
    // Two of one machine must not have the same id.
    const startedAt = Math.max(Math.round(wallMs), machine.last ? Date.parse(machine.last.startedAt) + 1 : 0)
    const attempt = new LiveAttempt({ key: machine.key, startedMs, startedAt })
    machine.live = attempt
    this.#live.add(attempt)
    return attempt
  }

  #ended(attempt: LiveAttempt, nowMs: number, explains: boolean): void {
    attempt.explained(explains ? () => this.#site.nearest(attempt.labels) : undefined)
    this.#changed.add(attempt.key)
    this.#events.ended?.(this.#view(attempt, nowMs))
    this.#save(attempt, nowMs)
  }

  /** It is over: packed, and out of the way. */
  #close(machine: MachineRecord | undefined, nowMs: number): void {
    const attempt = machine?.live
    if (machine === undefined || attempt === undefined) return
    if (attempt.judge(nowMs, true)) this.#ended(attempt, nowMs, false)
    this.#save(attempt, nowMs)
    machine.live = undefined
    this.#live.delete(attempt)
    this.#keep(machine, this.#view(attempt, nowMs), this.#text(attempt, nowMs))
  }

  #keep(machine: MachineRecord, attempt: Attempt, text: string): void {
    machine.last = summaryOf(attempt)
    machine.past = [...machine.past.filter((id) => id !== attempt.id && this.#history.has(id)), attempt.id]
    this.#history.add(attempt.id, text)
    while (machine.past.length >= this.#limits.attemptsPerMachineMax) this.#history.remove(machine.past.shift()!)
  }

  #save(attempt: LiveAttempt, nowMs: number): void {
    if (!attempt.isUnsaved) return
    attempt.isUnsaved = false
    this.#events.save?.(this.#text(attempt, nowMs))
  }

  #forgotten({ key, live, past }: MachineRecord): void {
    if (live !== undefined) this.#live.delete(live)
    for (const id of past) this.#history.remove(id)
    this.#changed.add(key)
  }

  /** Takes over what a machine did before anybody knew which it is. */
  #adopt(nameless: MachineRecord, machine: MachineRecord, nowMs: number): void {
    const orphan = nameless.live
    if (orphan === undefined || orphan.state !== 'booting') return
    let attempt = machine.live
    if (attempt === undefined || attempt.endedMs !== undefined || nowMs - attempt.lastMs > attempt.patienceMs) {
      this.#close(machine, nowMs)
      attempt = this.#begin(machine, orphan.startedMs, orphan.startedAt)
    }
    attempt.absorb(orphan, this.#limits.entriesPerAttemptMax)
    for (const transfers of Object.values(this.#transfers)) {
      for (const transfer of transfers.values()) if (transfer.attempt === orphan) transfer.attempt = attempt
    }
    nameless.live = undefined
    this.#live.delete(orphan)
    if (nameless.past.length === 0) this.#machines.forget(nameless)
    this.#changed.add(nameless.key)
  }

  #groupLabel(group: Group): string {
    const known = this.#groupLabels.get(group)
    if (known !== undefined) return known
    const label = shown(groupLabel(group))
    this.#groupLabels.set(group, label)
    return label
  }

  #plan(id: string, purpose: Purpose): Plan | undefined {
    const spec = this.#site.spec(id)
    if (spec === undefined) return undefined
    const plan = this.#plans.get(spec) ?? planOf(spec)
    this.#plans.set(spec, plan)
    // Pixiecore fetches for the machine.
    return purpose === 'pixiecore' ? { files: [], elsewhere: ['Its kernel'], config: plan.config } : plan
  }

  #size(file: string, bytes: number): void {
    this.#sizes.set(file, bytes)
    if (this.#sizes.size > SIZES_MAX) this.#sizes.delete(this.#sizes.keys().next().value!)
  }

  #view(attempt: LiveAttempt, nowMs: number): Attempt {
    return attempt.view(nowMs, this.#sizes)
  }

  #text(attempt: LiveAttempt, nowMs: number): string {
    return JSON.stringify(storedOf(attempt, this.#view(attempt, nowMs)))
  }

  #past(id: string): Attempt | undefined {
    const text = this.#history.get(id)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it was written by `#text`
    return text === undefined ? undefined : (JSON.parse(text) as Stored).attempt
  }

  #summary(machine: MachineRecord, nowMs: number): MachineSummary {
    const { key: mac, uuid, address, labels, group, spec, heardMs, live, last } = machine
    return {
      mac,
      uuid: uuid ?? null,
      address: address ?? null,
      hostname: labels.get('hostname') ?? null,
      group: group ?? null,
      spec: spec ?? null,
      known: this.#site.isKnown({ mac, uuid }),
      lastSeenAt: new Date(this.#wallMs(heardMs)).toISOString(),
      last: live === undefined ? (last ?? null) : summaryOf(this.#view(live, nowMs)),
    }
  }
}

function beginsAnew(live: LiveAttempt, begins: Stage, silentMs: number): boolean {
  if (isBeyond(live.stage, begins) || silentMs > live.patienceMs) return true
  return begins === 'script' && live.stage === 'script' && silentMs > SCRIPT_AGAIN_MS
}

function reach(attempt: LiveAttempt, from: Began['from']): void {
  if (from === 'firmware') attempt.hasBegun = true
  attempt.advance(from === 'firmware' ? 'firmware' : 'kernel')
}
