/**
 * The files that are on their way to machines, and whose attempt each is part of: what the rooms report of them. The rooms
 * bound how many there are.
 */
import type { Began, Ended, Moved, Refused } from '../journal.ts'
import type { Entry } from './attempt.ts'
import type { Attempts } from './attempts.ts'
import { beginsWith, endOf, refusedEntry, transferEntry } from './happenings.ts'
import type { Draft, LiveAttempt } from './live.ts'
import type { Machines } from './machines.ts'

interface Transfer {
  attempt: LiveAttempt
  readonly entry: Draft<Entry>
}

export interface TransfersDeps {
  readonly machines: Machines
  readonly attempts: Attempts
}

export class Transfers {
  readonly #deps: TransfersDeps
  /** Each room counts its own. */
  readonly #going = { tftp: new Map<number, Transfer>(), http: new Map<number, Transfer>() }

  constructor(deps: TransfersDeps) {
    this.#deps = deps
  }

  began(event: Began, nowMs: number): void {
    const { machines, attempts } = this.#deps
    attempts.note(machines.ofAddress(event.address, nowMs), nowMs, beginsWith(event), (attempt, max) => {
      const entry = transferEntry(event)
      reach(attempt, event.from)
      if (event.from !== 'firmware') attempts.learnSize(entry.file, event.totalBytes)
      this.#going[event.via].set(event.id, { attempt, entry: attempt.add(entry, nowMs, null, max) })
    })
  }

  moved({ via, id, bytes }: Moved, nowMs: number): void {
    const transfer = this.#going[via].get(id)
    if (transfer === undefined) return
    transfer.entry.bytes = bytes
    transfer.attempt.heard(nowMs)
    this.#deps.attempts.changed(transfer.attempt.key)
  }

  ended(event: Ended, nowMs: number): void {
    const going = this.#going[event.via]
    const transfer = going.get(event.id)
    if (transfer === undefined) return
    going.delete(event.id)
    const { attempt, entry } = transfer
    Object.assign(entry, endOf(event))
    this.#deps.attempts.watch(attempt, nowMs, () => attempt.end(entry, nowMs))
  }

  refused(event: Refused, nowMs: number): void {
    const { machines, attempts } = this.#deps
    attempts.note(machines.ofAddress(event.address, nowMs), nowMs, undefined, (attempt, max) => {
      reach(attempt, event.from)
      attempt.add(refusedEntry(event), nowMs, 0, max)
    })
  }

  /** One attempt has taken over what another did. */
  handOver(from: LiveAttempt, to: LiveAttempt): void {
    for (const transfers of Object.values(this.#going)) {
      for (const transfer of transfers.values()) if (transfer.attempt === from) transfer.attempt = to
    }
  }
}

function reach(attempt: LiveAttempt, from: Began['from']): void {
  if (from === 'firmware') attempt.begin()
  attempt.advance(from === 'firmware' ? 'firmware' : 'kernel')
}
