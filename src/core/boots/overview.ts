/**
 * What is known of machines and their attempts, as it is shown. Reads, and changes nothing.
 */
import { type Attempt, type AttemptSummary, type Machine, type MachineSummary, summaryOf } from './attempt.ts'
import type { Attempts } from './attempts.ts'
import type { MachineRecord, Machines } from './machines.ts'
import type { Past } from './past.ts'
import type { Site } from './recorder-options.ts'
import { shownLabels } from './shown.ts'
import type { Teller } from './teller.ts'
import type { WallClock } from './wall-clock.ts'

export interface OverviewDeps {
  readonly machines: Machines
  readonly attempts: Attempts
  readonly teller: Teller
  readonly past: Past
  readonly isKnown: Site['isKnown']
  readonly wallMs: WallClock
}

/** A machine, and what caught it last. */
export interface Caught {
  readonly mac: string
  /** Its label. */
  readonly group: string
  readonly spec: string
}

/** So many of a list, after so many others. */
export interface Part {
  readonly offset: number
  readonly limit: number
}

const ALL: Part = { offset: 0, limit: Infinity }

export class Overview {
  readonly #deps: OverviewDeps

  constructor(deps: OverviewDeps) {
    this.#deps = deps
  }

  /** The one heard of last first. */
  machines(nowMs: number, { offset, limit }: Part = ALL): MachineSummary[] {
    const some = this.#deps.machines.all().slice(offset, offset + limit)
    return some.map((machine) => this.#summaryOf(machine, nowMs))
  }

  /** Those that a group caught, the one heard of last first: of ten thousand machines a tenth of the work that `machines` is. */
  caught(): Caught[] {
    return this.#deps.machines.all().flatMap(({ key: mac, group, spec }) => {
      return group === undefined ? [] : [{ mac, group, spec: spec ?? '' }]
    })
  }

  get machineCount(): number {
    return this.#deps.machines.count
  }

  summary(key: string, nowMs: number): MachineSummary | undefined {
    const machine = this.#deps.machines.get(key)
    return machine && this.#summaryOf(machine, nowMs)
  }

  machine(key: string, nowMs: number): Machine | undefined {
    const { machines, teller, past } = this.#deps
    const machine = machines.get(key)
    if (machine === undefined) return undefined
    const live = machine.live === undefined ? [] : [teller.view(machine.live, nowMs)]
    return {
      ...this.#summaryOf(machine, nowMs),
      labels: shownLabels(machine.labels),
      attempts: [...live, ...past.ofMachine(machine)].map(summaryOf),
    }
  }

  /** The latest of all machines, the latest first. */
  attempts(max: number, nowMs: number): AttemptSummary[] {
    const { attempts, teller, past } = this.#deps
    const live = attempts
      .all()
      .toSorted((a, b) => b.startedMs - a.startedMs)
      .slice(0, max)
    return [...live.map((attempt) => teller.view(attempt, nowMs)), ...past.latest(max)]
      .map(summaryOf)
      .toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
      .slice(0, max)
  }

  attempt(id: string, nowMs: number): Attempt | undefined {
    const { machines, teller, past } = this.#deps
    const live = machines.get(id.slice(0, id.lastIndexOf('-')))?.live
    if (live?.id !== id) return past.get(id)
    const view = teller.view(live, nowMs)
    if (view.diagnosis.code !== 'no-group' && view.diagnosis.code !== 'config-missing') return view
    return { ...view, diagnosis: live.explained(() => teller.nearestTo(live)) }
  }

  #summaryOf(machine: MachineRecord, nowMs: number): MachineSummary {
    const { key: mac, uuid, address, labels, group, spec, heardMs, live, last } = machine
    return {
      mac,
      uuid: uuid ?? null,
      address: address ?? null,
      hostname: labels.get('hostname') ?? null,
      group: group ?? null,
      spec: spec ?? null,
      known: this.#deps.isKnown({ mac, uuid }),
      lastSeenAt: new Date(this.#deps.wallMs(heardMs)).toISOString(),
      last: live === undefined ? (last ?? null) : summaryOf(this.#deps.teller.view(live, nowMs)),
    }
  }
}
