/**
 * What machines fetch from disk: `/assets/` with kernels and initrds, `/firmware/` with boot programs, and of a box
 * `/appliance/` with what it runs itself.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'

import { decodePath } from '../core/boots/plan.ts'
import type { Began } from '../core/journal.ts'
import { type Log, printable } from '../core/log.ts'
import { AUTOEXEC, FIRMWARE_PATH } from '../core/urls.ts'
import { lastSegment, parseAsk } from './ask.ts'
import type { Assets, Served } from './assets.ts'
import type { Paths } from './paths.ts'
import type { Replies } from './replies.ts'
import { addressOf, downloadReporter, type Report } from './report.ts'
import { elapsedMs } from './request-log.ts'
import { autoexec } from './routes.ts'

export interface FileDeps {
  /** Absent: `/assets/` is not there. */
  readonly assets?: Assets | undefined
  /** Absent: `/firmware/` is not there. */
  readonly firmware?: FirmwareFolder | undefined
  /** What this box runs. Absent: `/appliance/` is not there. */
  readonly slot?: Assets | undefined
  readonly report?: Report | undefined
  readonly log: Log
}

export interface FirmwareFolder {
  readonly assets: Assets
  /** Whether the operator has put such a file there; its name below the folder. */
  readonly has: (name: string) => boolean
}

export function serveFiles(paths: Paths, replies: Replies, deps: FileDeps): void {
  const { assets, firmware, slot, report } = deps
  const sendFile = fileSender(replies, deps)
  if (assets !== undefined) {
    paths.serve('/assets/*', (request, reply) => sendFile(assets, 'assets', request, reply))
  }
  if (slot !== undefined) {
    for (const name of ['vmlinuz', 'system.img']) {
      paths.serve(`/appliance/${name}`, (request, reply) => sendFile(slot, 'appliance', request, reply))
    }
  }
  if (firmware === undefined) return
  paths.serve(`${FIRMWARE_PATH}*`, (request, reply) => {
    const address = addressOf(request)
    const ask = parseAsk(request.url)
    const file = lastSegment(ask.path)
    if (file === AUTOEXEC) {
      report?.({ type: 'autoexec', address })
      if (!firmware.has(ask.path.slice(FIRMWARE_PATH.length))) {
        return replies.finish(request, reply, ask, autoexec(), 'autoexec')
      }
    }
    const told = (): void => report?.({ type: 'firmware', address, file })
    return sendFile(firmware.assets, 'firmware', request, reply, file === AUTOEXEC ? undefined : told)
  })
}

function fileSender({ count }: Replies, { report, log }: FileDeps) {
  const downloading = report && downloadReporter(report)

  /** @param sent - called when a client has got a whole file */
  return async function sendFile(
    files: Assets,
    from: Began['from'],
    request: FastifyRequest,
    reply: FastifyReply,
    sent?: () => void,
  ): Promise<void> {
    reply.hijack()
    const ask = parseAsk(request.url)
    const peer = request.socket.remoteAddress // gone when the client is
    const file = ask.path.slice(ask.path.indexOf('/', 1) + 1) // "assets" itself may be written with escapes
    const download = downloading?.(request, from, decodePath(file))
    const served = await files.serve(file, request.raw, reply.raw, download?.progress)
    download?.ended(served)
    logServed(log, request, printable(ask.path), served, peer)
    count(request, served.status, served.bytes)
    if (request.method === 'GET' && served.status === 200 && served.complete) sent?.()
  }
}

function logServed(log: Log, request: FastifyRequest, path: string, served: Served, peer: string | undefined): void {
  const { status, bytes, complete, problem } = served
  if (problem !== undefined) log('http.asset-problem', { path, status, reason: printable(problem) })
  const reason = complete ? undefined : 'not all of it was sent'
  log('http.request', { method: request.method, path, status, bytes, ms: elapsedMs(request), peer, reason })
}
