/**
 * What the log and the journal are told of requests and transfers.
 */
import type { Journal } from '../core/journal.ts'
import type { Say } from '../core/quiet-log.ts'
import { isBootProgram } from '../core/urls.ts'
import type { Agreement } from './negotiate.ts'
import { isAutoexec } from './request.ts'
import type { Transfer } from './transfer-state.ts'

/** Of one transfer. */
export interface Told {
  /** @param acked - number of the last block that the client has; told once a second, however often it is called */
  readonly moved: (acked: number, nowMs: number) => void
  readonly ended: (transfer: Pick<Transfer, 'at' | 'acked' | 'resent' | 'reason'>, nowMs: number) => void
}

const MOVED_MS = 1000

export class Reporter {
  readonly #report: Journal['report']
  readonly #say: Say
  #count = 0

  constructor(journal: Journal, say: Say) {
    this.#report = journal.report
    this.#say = say
  }

  /** @param askedMs - when the request came */
  began(peer: string, file: string, bytes: number, { blockBytes, window }: Agreement, askedMs: number): Told {
    const id = ++this.#count
    const [report, say] = [this.#report, this.#say]
    const bytesAt = (acked: number): number => Math.min(Math.max(acked, 0) * blockBytes, bytes)
    let toldMs = 0
    if (isAutoexec(file)) report({ type: 'autoexec', address: peer })
    const about = { address: peer, from: 'firmware', file, totalBytes: bytes, blockBytes, window } as const
    report({ type: 'began', via: 'tftp', id, ...about })
    return {
      moved: (acked, nowMs) => {
        if (nowMs - toldMs < MOVED_MS) return
        toldMs = nowMs
        report({ type: 'moved', via: 'tftp', id, bytes: bytesAt(acked) })
      },
      ended: ({ at, acked, resent, reason }, nowMs) => {
        const outcome = at === 'sent' ? 'whole' : at === 'probed' ? 'probe' : 'failed'
        report({
          type: 'ended',
          via: 'tftp',
          id,
          bytes: at === 'sent' ? bytes : bytesAt(acked),
          outcome,
          resent,
          reason,
        })
        if (at === 'sent' && isBootProgram(file)) report({ type: 'firmware', address: peer, file })
        const ms = Math.round(nowMs - askedMs)
        if (at === 'sent') say('tftp.sent', { peer, file, bytes, ms, block: blockBytes, window, resent })
        else if (at === 'probed') say('tftp.probe', { peer, file })
        else say('tftp.failed', { peer, file, reason })
      },
    }
  }

  refused(peer: string, file: string, reason: string): void {
    this.#say('tftp.refused', { peer, file, reason })
    this.#report({ type: 'refused', via: 'tftp', address: peer, from: 'firmware', file, reason })
  }

  /** It gets no answer. */
  beyondLimit(peer: string, reason: string): void {
    this.#say('tftp.limit', { peer, reason })
  }

  /** Before it began. */
  failed(peer: string, file: string, reason: string): void {
    this.#say('tftp.failed', { peer, file, reason })
  }
}
