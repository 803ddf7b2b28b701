/**
 * What the journal is told of transfers.
 */
import type { Journal } from '../core/journal.ts'
import { isBootProgram } from '../core/urls.ts'
import type { Agreement } from './negotiate.ts'
import { isAutoexec } from './request.ts'
import type { Transfer } from './transfer.ts'

/** Of one transfer. */
export interface Told {
  /** @param acked - number of the last block that the client has; told once a second, however often it is called */
  readonly moved: (acked: number, nowMs: number) => void
  readonly ended: (transfer: Pick<Transfer, 'at' | 'acked' | 'resent' | 'reason'>) => void
}

const MOVED_MS = 1000

export class Reporter {
  readonly #report: Journal['report']
  #count = 0

  constructor(journal: Journal) {
    this.#report = journal.report
  }

  began(address: string, file: string, totalBytes: number, { blockBytes, window }: Agreement): Told {
    const id = ++this.#count
    const bytesAt = (acked: number): number => Math.min(Math.max(acked, 0) * blockBytes, totalBytes)
    let toldMs = 0
    if (isAutoexec(file)) this.#report({ type: 'autoexec', address })
    this.#report({ type: 'began', via: 'tftp', id, address, from: 'firmware', file, totalBytes, blockBytes, window })
    return {
      moved: (acked, nowMs) => {
        if (nowMs - toldMs < MOVED_MS) return
        toldMs = nowMs
        this.#report({ type: 'moved', via: 'tftp', id, bytes: bytesAt(acked) })
      },
      ended: ({ at, acked, resent, reason }) => {
        const outcome = at === 'sent' ? 'whole' : at === 'probed' ? 'probe' : 'failed'
        const bytes = at === 'sent' ? totalBytes : bytesAt(acked)
        this.#report({ type: 'ended', via: 'tftp', id, bytes, outcome, resent, reason })
        if (at === 'sent' && isBootProgram(file)) this.#report({ type: 'firmware', address, file })
      },
    }
  }

  refused(address: string, file: string, reason: string): void {
    this.#report({ type: 'refused', via: 'tftp', address, from: 'firmware', file, reason })
  }
}
