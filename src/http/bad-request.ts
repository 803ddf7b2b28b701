/**
 * Bytes that are no HTTP request, or a request that is too large or too slow: refused before any route sees it.
 */
import type { Socket } from 'node:net'

import { errorCode } from '../core/errors.ts'
import { type Log, printable } from '../core/log.ts'
import { TEXT } from './answer.ts'

const REFUSALS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** Answer, log, and close the connection. */
export function refuseBadRequest(error: Error, socket: Socket, log: Log): void {
  const code = errorCode(error)
  if (code === 'ECONNRESET' || socket.destroyed) return
  const refusal = REFUSALS[code] ?? '400 Bad Request'
  const status = Number(refusal.slice(0, 3))
  log('http.bad-request', { status, peer: socket.remoteAddress, reason: printable(error.message) })
  if (!socket.writable) return void socket.destroy()
  const head = `HTTP/1.1 ${refusal}\r\nContent-Type: ${TEXT}\r\nContent-Length: ${refusal.length + 1}\r\nConnection: close`
  socket.end(`${head}\r\n\r\n${refusal}\n`, () => socket.destroy())
}
