/**
 * The files that are on their way to machines, and whose attempt each is part of. The rooms bound how many there are.
 */
import type { Began, Ended, Moved } from '../journal.ts'
import type { Entry } from './attempt.ts'
import type { Draft, LiveAttempt } from './live.ts'

export interface Transfer {
  attempt: LiveAttempt
  readonly entry: Draft<Entry>
}

/** Each room counts its own. */
type Name = Pick<Began | Moved | Ended, 'via' | 'id'>

export class Transfers {
  readonly #going = { tftp: new Map<number, Transfer>(), http: new Map<number, Transfer>() }

  begin({ via, id }: Name, transfer: Transfer): void {
    this.#going[via].set(id, transfer)
  }

  get({ via, id }: Name): Transfer | undefined {
    return this.#going[via].get(id)
  }

  /** @returns it, for the last time */
  end({ via, id }: Name): Transfer | undefined {
    const transfer = this.#going[via].get(id)
    this.#going[via].delete(id)
    return transfer
  }

  /** One attempt has taken over what another did. */
  handOver(from: LiveAttempt, to: LiveAttempt): void {
    for (const transfers of Object.values(this.#going)) {
      for (const transfer of transfers.values()) if (transfer.attempt === from) transfer.attempt = to
    }
  }
}
