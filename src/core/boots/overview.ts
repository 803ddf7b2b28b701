/**
 * What is known of machines and their attempts, as it is shown. Reads, and changes nothing.
 */
import { type Attempt, type AttemptSummary, type Machine, type MachineSummary, summaryOf } from './attempt.ts'
import type { Attempts } from './attempts.ts'
import type { MachineRecord, Machines } from './machines.ts'
import type { Past } from './past.ts'
import type { Site, WallClock } from './recorder-options.ts'
import { shownLabels } from './shown.ts'

export interface OverviewDeps {
  readonly machines: Machines
  readonly attempts: Attempts
  readonly past: Past
  readonly isKnown: Site['isKnown']
  readonly wallMs: WallClock
}

export class Overview {
  readonly #deps: OverviewDeps

  constructor(deps: OverviewDeps) {
    this.#deps = deps
  }

  /** The one heard of last first. */
  machines(nowMs: number): MachineSummary[] {
    return this.#deps.machines.all().map((machine) => this.#summaryOf(machine, nowMs))
  }

  summary(key: string, nowMs: number): MachineSummary | undefined {
    const machine = this.#deps.machines.get(key)
    return machine && this.#summaryOf(machine, nowMs)
  }

  machine(key: string, nowMs: number): Machine | undefined {
    const { machines, attempts, past } = this.#deps
    const machine = machines.get(key)
    if (machine === undefined) return undefined
    const live = machine.live === undefined ? [] : [attempts.view(machine.live, nowMs)]
    return {
      ...this.#summaryOf(machine, nowMs),
      labels: shownLabels(machine.labels),
      attempts: [...live, ...past.ofMachine(machine)].map(summaryOf),
    }
  }

  /** The latest of all machines, the latest first. */
  attempts(max: number, nowMs: number): AttemptSummary[] {
    const { attempts, past } = this.#deps
    const live = attempts
      .all()
      .toSorted((a, b) => b.startedMs - a.startedMs)
      .slice(0, max)
    return [...live.map((attempt) => attempts.view(attempt, nowMs)), ...past.latest(max)]
      .map(summaryOf)
      .toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
      .slice(0, max)
  }

  attempt(id: string, nowMs: number): Attempt | undefined {
    const { machines, attempts, past } = this.#deps
    const live = machines.get(id.slice(0, id.lastIndexOf('-')))?.live
    if (live?.id !== id) return past.get(id)
    const view = attempts.view(live, nowMs)
    if (view.diagnosis.code !== 'no-group' && view.diagnosis.code !== 'config-missing') return view
    return { ...view, diagnosis: live.explained(() => attempts.nearestTo(live)) }
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
      last: live === undefined ? (last ?? null) : summaryOf(this.#deps.attempts.view(live, nowMs)),
    }
  }
}
