/**
 * What the journal is told of requests that machines make.
 */
import type { FastifyRequest } from 'fastify'

import type { Began, BootEvent, Purpose } from '../core/journal.ts'
import type { Answer } from './answer.ts'
import type { Ask } from './ask.ts'
import type { Served } from './assets.ts'

export type Report = (event: BootEvent) => void

/** Of a download that runs; more seldom than the bytes move. */
export interface Progress {
  readonly began: (totalBytes: number) => void
  /** @param bytes - so far */
  readonly moved: (bytes: number) => void
}

const PROGRESS_MS = 250

export function addressOf(request: FastifyRequest): string {
  return plainAddress(request.socket.remoteAddress)
}

/** Of a machine, as DHCP and TFTP know it: an IPv4 address that comes in by an IPv6 socket is written as such. */
function plainAddress(peer = ''): string {
  return peer.startsWith('::ffff:') ? peer.slice('::ffff:'.length) : peer
}

/** @param peer - as the socket has it */
export function requestEvent(
  purpose: Purpose,
  peer: string | undefined,
  { query, labels, path }: Ask,
  { body, group, unconfigured, reason }: Answer,
  status: number,
  bytes: number,
  ms: number,
): BootEvent {
  const address = plainAddress(peer)
  return {
    type: 'requested',
    purpose,
    address,
    query,
    labels,
    path,
    status,
    bytes,
    body: typeof body === 'string' ? body : undefined,
    ms,
    group,
    unconfigured: unconfigured === true,
    reason,
  }
}

/** Tells of downloads, each with a number of its own. */
export function downloadReporter(report: Report) {
  let count = 0
  return (request: FastifyRequest, from: Began['from'], file: string) => {
    const about = { via: 'http', address: addressOf(request), from, file } as const
    const id = ++count
    let hasBegun = false
    let toldMs = performance.now()
    const began = (totalBytes: number): void => {
      hasBegun = true
      report({ type: 'began', id, totalBytes, ...about })
    }
    const moved = (bytes: number): void => {
      const nowMs = performance.now()
      if (nowMs - toldMs < PROGRESS_MS) return
      toldMs = nowMs
      report({ type: 'moved', via: 'http', id, bytes })
    }
    function ended({ status, bytes, complete, problem }: Served): void {
      if (request.method === 'HEAD') return
      if (!hasBegun) {
        const reason = problem ?? (status === 404 ? 'it is not there' : `status ${status}`)
        if (status >= 400) report({ type: 'refused', status, reason, ...about })
        return
      }
      const outcome = !complete ? 'failed' : status === 206 ? 'part' : 'whole'
      const reason = complete ? undefined : (problem ?? 'the machine broke it off')
      report({ type: 'ended', via: 'http', id, bytes, outcome, reason })
    }
    return { progress: { began, moved } satisfies Progress, ended }
  }
}
