/**
 * What has changed, and in which order: told by the event stream (`events.ts`) as it happens, and by `/api/changes` to who
 * asks now and then.
 *
 *   machine   a machine as it is now (MachineSummary), its last attempt with it
 *   forgotten a machine is remembered no more
 *   problems  how many there are now
 *   groups    another snapshot serves, or the last change of it was refused
 *
 * No event is kept for anybody: for each subject only the number of its last change is, and who asks names the number that
 * he was told up to. So who is slow or was away misses states in between and never the last one, and what is kept grows
 * with the number of machines alone.
 */
import { AgedMap } from '../core/boots/aged-map.ts'
import type { Boots } from '../core/boots/boots.ts'
import type { Problems } from '../core/problems.ts'
import type { Store } from '../core/store/store.ts'
import { dataFacts, problemCounts } from './api/data.ts'

export interface ChangesSource {
  readonly boots: Pick<Boots, 'summary' | 'onChange'>
  readonly problems: Pick<Problems, 'current' | 'listen'>
  readonly store: Pick<Store, 'state' | 'listen'>
}

export interface Change {
  readonly id: string
  readonly event: 'machine' | 'forgotten' | 'problems' | 'groups'
  readonly data: unknown
}

/** Subjects whose last change is known; who was away for longer reads all anew. */
const SUBJECTS_MAX = 20_000

/** Told at once. */
const PART_MAX = 500

export class Changes {
  readonly #source: ChangesSource
  readonly #run: string
  /** Subject (see `#changeOf`) to the number of its last change, the latest last. */
  readonly #numbers = new AgedMap<string, number>()
  readonly #listeners = new Set<() => void>()
  readonly #stops: readonly (() => void)[]
  #count = 0
  /** Changes up to this one may be unknown here. */
  #forgotten = 0

  /** @param run - tells this run of the program from another, whose numbers mean nothing here */
  constructor(source: ChangesSource, run: string) {
    const { boots, problems, store } = source
    this.#source = source
    this.#run = run
    this.#stops = [
      boots.onChange((macs) => macs.forEach((mac) => this.#changed(`machine ${mac}`))),
      problems.listen(() => this.#changed('problems')),
      store.listen(() => this.#changed('groups')),
    ]
  }

  /** The number of the last one. */
  get count(): number {
    return this.#count
  }

  idOf(number: number): string {
    return `${this.#run}-${number}`
  }

  /** @returns up to which change all is known to who has this id; undefined where he has to read all anew */
  numberOf(id: string): number | undefined {
    const [, run, digits] = /^(.*)-(\d{1,15})$/.exec(id) ?? []
    const number = run === this.#run ? Number(digits) : undefined
    return number !== undefined && number <= this.#count && this.isKnownSince(number) ? number : undefined
  }

  isKnownSince(number: number): boolean {
    return number >= this.#forgotten
  }

  /** The changes after a number, or the first part of them; `upTo` is the number of the last one told. */
  since(number: number): { readonly changes: readonly Change[]; readonly upTo: number } {
    if (number >= this.#count) return { changes: [], upTo: this.#count }
    const missed = [...this.#numbers].filter(([, of]) => of > number).slice(0, PART_MAX)
    return {
      changes: missed.map(([subject, of]) => ({ id: this.idOf(of), ...this.#changeOf(subject) })),
      upTo: missed.at(-1)?.[1] ?? this.#count,
    }
  }

  /** Told of each change. @returns a function that ends it */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  stop(): void {
    for (const stop of this.#stops) stop()
  }

  #changed(subject: string): void {
    this.#numbers.renew(subject, ++this.#count)
    if (this.#numbers.size > SUBJECTS_MAX) this.#forgotten = this.#numbers.removeOldest()![1]
    for (const listener of this.#listeners) listener()
  }

  #changeOf(subject: string): Omit<Change, 'id'> {
    const { boots, problems, store } = this.#source
    if (subject === 'problems') return { event: 'problems', data: problemCounts(problems.current()) }
    if (subject === 'groups') return { event: 'groups', data: dataFacts(store.state()) }
    const mac = subject.slice('machine '.length)
    const machine = boots.summary(mac)
    return machine === undefined ? { event: 'forgotten', data: { mac } } : { event: 'machine', data: machine }
  }
}

/**
 * The answer of `/api/changes`.
 *
 * @param since - the `id` of the answer before; empty the first time
 */
export function tellChanges(changes: Changes, since: string) {
  const number = changes.numberOf(since)
  if (number === undefined) return { id: changes.idOf(changes.count), resumed: false, more: false, changes: [] }
  const { changes: missed, upTo } = changes.since(number)
  return {
    id: changes.idOf(upTo),
    resumed: true,
    more: upTo < changes.count,
    changes: missed.map(({ event, data }) => ({ event, data })),
  }
}
