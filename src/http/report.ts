/**
 * What the journal is told of requests that machines make.
 */
import type { FastifyRequest } from 'fastify'

import type { Began, BootEvent, Purpose } from '../core/journal.ts'
import type { Answer } from './answer.ts'
import type { Ask } from './ask.ts'
import type { Served } from './assets.ts'
import { elapsedMs } from './request-log.ts'

export type Report = (event: BootEvent) => void

/** Of a download that runs; more seldom than the bytes move. */
export interface Progress {
  readonly began: (totalBytes: number) => void
  /** @param bytes - so far */
  readonly moved: (bytes: number) => void
}

const PROGRESS_MS = 250

/** Of the machine, as DHCP and TFTP know it: an IPv4 address that comes in by an IPv6 socket is written as such. */
export function addressOf(request: FastifyRequest): string {
  const address = request.socket.remoteAddress ?? ''
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}

/** A HEAD is no step of a boot. */
export function reportRequest(
  report: Report,
  request: FastifyRequest,
  purpose: Purpose,
  { query, labels, path }: Ask,
  answer: Answer,
  bytes: number,
): void {
  if (request.method !== 'GET') return
  report({
    type: 'requested',
    purpose,
    address: addressOf(request),
    query,
    labels,
    path,
    status: answer.status,
    bytes,
    ms: elapsedMs(request),
    group: answer.group,
    unconfigured: answer.unconfigured === true,
    reason: answer.reason,
  })
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
