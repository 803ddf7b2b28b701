/**
 * Counts of what happens, kept so cheaply that no machine notices: plain numbers in memory, read when somebody asks for
 * metrics (`metrics.ts`).
 */
import { architectureName } from '../core/architectures.ts'
import type { Attempt } from '../core/boots/attempt.ts'
import type { BootEvent } from '../core/journal.ts'

export type LabelValues = readonly (string | number)[]

/** Of one metric, so that nobody can make them grow by what they send. */
const SERIES_MAX = 500
const OTHERS = 'others'

/** A number for each combination of label values. */
export class Counts {
  readonly #numbers = new Map<string, { readonly values: LabelValues; number: number }>()

  add(values: LabelValues, number = 1): void {
    const key = values.join('\0')
    const known = this.#numbers.get(key)
    if (known !== undefined) known.number += number
    else if (this.#numbers.size < SERIES_MAX || values[0] === OTHERS) this.#numbers.set(key, { values, number })
    else this.add(Array<string>(values.length).fill(OTHERS), number)
  }

  all(): Iterable<{ readonly values: LabelValues; readonly number: number }> {
    return this.#numbers.values()
  }
}

const STATUS_MAX = 599

/** Of one HTTP route. */
export class RouteTally {
  readonly #statuses = new Float64Array(STATUS_MAX + 1)
  bytes = 0
  ms = 0

  /** @param bytes - of the body that was sent */
  count(status: number, bytes: number, ms: number): void {
    this.#statuses[Math.min(status, STATUS_MAX)]! += 1
    this.bytes += bytes
    this.ms += ms
  }

  statuses(): [status: number, requests: number][] {
    return [...this.#statuses.entries()].filter(([, requests]) => requests > 0)
  }
}

/** Ends of boots that wait to be put into a histogram; more are left out until somebody asks. */
const DURATIONS_MAX = 10_000

export class Tally {
  readonly #routes = new Map<string, RouteTally>()
  /** config, outcome */
  readonly renders = new Counts()
  /** architecture, client, file */
  readonly offers = new Counts()
  /** answer */
  readonly asked = new Counts()
  /** via, outcome */
  readonly transfers = new Counts()
  /** via */
  readonly transferBytes = new Counts()
  /** via: begun and not yet ended */
  readonly going = new Counts()
  resentBlocks = 0
  rivals = 0
  /** state, diagnosis */
  readonly attempts = new Counts()
  readonly #durations: { readonly state: string; readonly seconds: number }[] = []

  /** The same for the same route each time. */
  route(name: string): RouteTally {
    let route = this.#routes.get(name)
    if (route === undefined) this.#routes.set(name, (route = new RouteTally()))
    return route
  }

  routes(): Iterable<readonly [name: string, tally: RouteTally]> {
    return this.#routes
  }

  onBootEvent(event: BootEvent): void {
    switch (event.type) {
      case 'requested':
        if (event.purpose === 'ignition' || event.purpose === 'cloud' || event.purpose === 'metadata') {
          if (event.status === 200) this.renders.add([event.purpose, 'ok'])
          else if (event.status === 500) this.renders.add([event.purpose, 'failed'])
        }
        break
      case 'asked': {
        const { answer, architecture, ipxe, boot = '' } = event
        this.asked.add([answer])
        const client = ipxe === undefined ? 'firmware' : 'ipxe'
        if (answer === 'told') {
          const name = architecture === undefined ? 'unknown' : architectureName(architecture)
          this.offers.add([name, client, boot.slice(boot.lastIndexOf('/') + 1)])
        }
        break
      }
      case 'began':
        this.going.add([event.via])
        break
      case 'ended':
        this.going.add([event.via], -1)
        this.transfers.add([event.via, event.outcome])
        this.transferBytes.add([event.via], event.bytes)
        this.resentBlocks += event.resent ?? 0
        break
      case 'refused':
        this.transfers.add([event.via, 'refused'])
        break
      case 'rival':
        this.rivals += 1
        break
      case 'moved': // it is counted at its end
      case 'firmware': // these three are told twice
      case 'autoexec':
      case 'address':
        break
    }
  }

  onEnd({ state, diagnosis, durationMs }: Attempt): void {
    this.attempts.add([state, diagnosis.code])
    if (this.#durations.length < DURATIONS_MAX) this.#durations.push({ state, seconds: durationMs / 1000 })
  }

  /** Each boot that has ended, once. */
  takeDurations(): readonly { readonly state: string; readonly seconds: number }[] {
    return this.#durations.splice(0)
  }
}
