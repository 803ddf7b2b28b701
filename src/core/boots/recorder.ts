/**
 * The flight recorder: from what the rooms report to machines and their attempts to boot. Bounded, told the time.
 *
 * What TFTP and HTTP hear from an address is a machine's own once DHCP, or a request with a MAC in it, has told whose address
 * that is; until then it is kept under the address, and taken over (`machines.ts`). Which attempt of a machine it is part of
 * is decided in `attempts.ts`, what it says of the attempt in `happenings.ts`, and whether that has ended in `live.ts`; files on
 * their way are followed in `transfers.ts`.
 */
import type { Asked, BootEvent, Requested, Rival } from '../journal.ts'
import { isBeyond } from './attempt.ts'
import { Attempts } from './attempts.ts'
import { architectureOf, dhcpEntries, PURPOSES, requestEntry, rivalEntry } from './happenings.ts'
import { type MachineRecord, Machines } from './machines.ts'
import { Overview } from './overview.ts'
import { Past } from './past.ts'
import { planFor } from './plan.ts'
import { LIMITS, type RecorderEvents, type RecorderLimits, type Site } from './recorder-options.ts'
import { repeated } from './repeats.ts'
import { Sent } from './sent.ts'
import { keptLabels, shown, shownGroupLabel } from './shown.ts'
import type { Stored } from './stored.ts'
import { Teller } from './teller.ts'
import { Transfers } from './transfers.ts'
import { ClockWatch, type WallClock } from './wall-clock.ts'

export class Recorder {
  /** Of all that it knows, but for what machines were sent. */
  readonly overview: Overview
  readonly #site: Site
  readonly #wallMs: WallClock
  readonly #clock: ClockWatch
  readonly #machines: Machines
  readonly #past: Past
  readonly #attempts: Attempts
  readonly #teller: Teller
  readonly #transfers: Transfers
  readonly #sent: Sent

  constructor(
    site: Site,
    limits: RecorderLimits = LIMITS,
    events: RecorderEvents = {},
    wallMs: WallClock = (nowMs) => nowMs,
  ) {
    const past = new Past(limits)
    const teller = new Teller(site.nearest, events)
    const attempts = new Attempts({ past, teller, limits, wallMs })
    const machines = new Machines(limits.machinesMax, {
      forgotten: (machine) => attempts.forget(machine),
      named: (nameless, machine, nowMs) => this.#onNamed(nameless, machine, nowMs),
    })
    this.overview = new Overview({ machines, attempts, teller, past, isKnown: site.isKnown, wallMs })
    this.#site = site
    this.#wallMs = wallMs
    this.#clock = new ClockWatch(wallMs)
    this.#machines = machines
    this.#past = past
    this.#attempts = attempts
    this.#teller = teller
    this.#transfers = new Transfers({ machines, attempts })
    this.#sent = new Sent(limits.sentBytesMax)
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
        this.#transfers.began(event, nowMs)
        break
      case 'moved':
        this.#transfers.moved(event, nowMs)
        break
      case 'ended':
        this.#transfers.ended(event, nowMs)
        break
      case 'refused':
        this.#transfers.refused(event, nowMs)
        break
      case 'rival':
        this.#onRival(event, nowMs)
        break
      default: // the same is told more fully by the events above
    }
  }

  /** Gives up who is silent for too long. Once a second or so. */
  tick(nowMs: number): void {
    if (this.#clock.wasSet()) this.#attempts.correctStarts()
    this.#attempts.tick(nowMs)
  }

  /** Keys of the machines that something happened to since the last call. */
  takeChanged(): ReadonlySet<string> {
    return this.#attempts.takeChanged()
  }

  /** An attempt of before the program was started. The oldest first. */
  load(stored: Stored, nowMs: number): void {
    const { attempt } = stored
    const agoMs = Math.max(0, this.#wallMs(nowMs) - Date.parse(attempt.startedAt) - stored.lastMs)
    const heardMs = nowMs - agoMs
    const machine = this.#machines.heard(attempt.mac, heardMs)
    machine.uuid = attempt.uuid ?? machine.uuid
    machine.labels = new Map(Object.entries(attempt.labels))
    machine.group = attempt.group ?? machine.group
    machine.spec = attempt.spec ?? machine.spec
    this.#attempts.restore(machine, stored, heardMs, nowMs)
    if (machine.live === undefined) machine.address = attempt.address ?? machine.address
    else if (attempt.address !== null) this.#machines.hasAddress(machine, attempt.address, heardMs)
    this.#attempts.takeChanged() // it is no news
  }

  /** What a machine was sent. @param sum - as its entry has it @returns undefined if it is not kept, or not any more */
  body(sum: string): string | undefined {
    return this.#sent.get(sum)
  }

  /** All that is not saved yet: the program ends. */
  saveAll(nowMs: number): void {
    this.#attempts.saveAll(nowMs)
  }

  /** Every attempt as it is to be kept, the latest first: for who writes them all anew. */
  *stored(nowMs: number): Generator<string> {
    for (const attempt of this.#attempts.all().toReversed()) yield this.#teller.text(attempt, nowMs)
    yield* this.#past.texts()
  }

  #onAsked(event: Asked, nowMs: number): void {
    const machine = this.#machines.bootsBy(event.mac, nowMs)
    machine.uuid = event.uuid ?? machine.uuid
    const begins = event.port === 4011 ? undefined : event.ipxe === undefined ? 'dhcp' : 'firmware'
    this.#attempts.note(machine, nowMs, begins, (attempt, max) => {
      attempt.begin()
      attempt.architecture ??= architectureOf(event)
      attempt.uuid ??= machine.uuid
      const [asked, told] = dhcpEntries(event)
      // Who is told something else asks because something else runs.
      attempt.add(asked, nowMs, 0, max, repeated(attempt.entries, told) !== undefined)
      attempt.add(told, nowMs, 0, max)
    })
  }

  #onRequested(event: Requested, nowMs: number): void {
    const { purpose, status, group } = event
    const { kind, stage, begins } = PURPOSES[purpose]
    const machine = this.#machines.ofRequest(event, nowMs)
    this.#machines.learn(machine, event, nowMs)
    const label = group && shownGroupLabel(group)
    const spec = group && shown(group.spec)
    if (label !== undefined) [machine.group, machine.spec] = [label, spec]
    const isShown = status === 200 && purpose !== 'signature' && event.body !== undefined
    const body = isShown ? this.#sent.keep(event.body) : undefined
    this.#attempts.note(machine, nowMs, begins, (attempt, max) => {
      if (begins !== undefined) attempt.begin()
      if (stage !== undefined) attempt.advance(stage, kind)
      attempt.labels = machine.labels
      if (status === 404 && group === undefined) attempt.unmatched = keptLabels(event.labels)
      attempt.uuid ??= machine.uuid
      if (label !== undefined) [attempt.group, attempt.spec] = [label, spec]
      if (group !== undefined && kind === 'ipxe' && status === 200) {
        attempt.plan = planFor(this.#site.spec(group.spec), purpose)
      }
      attempt.add(requestEntry(event, { group: label, spec, body }), nowMs, event.ms, max)
    })
  }

  /** Of machines that boot here alone: what a network's DHCP server names reaches every telephone. */
  #onRival(event: Rival, nowMs: number): void {
    const machine = this.#machines.get(event.mac)
    if (machine?.live === undefined || isBeyond(machine.live.stage, 'firmware')) return
    this.#attempts.note(machine, nowMs, undefined, (attempt, max) => attempt.add(rivalEntry(event), nowMs, 0, max))
  }

  #onNamed(nameless: MachineRecord, machine: MachineRecord, nowMs: number): void {
    const orphan = nameless.live
    const attempt = this.#attempts.adopt(nameless, machine, nowMs)
    if (orphan === undefined || attempt === undefined) return
    this.#transfers.handOver(orphan, attempt)
    if (nameless.past.length === 0) this.#machines.forget(nameless)
  }
}
