/**
 * Bytes that are no HTTP request, or a request that is too large or too slow: refused before any route sees it.
 */
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

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
  refuse(socket, REFUSALS[code] ?? '400 Bad Request', error.message, log)
}

/** CONNECT asks for a tunnel; node would hang up without a word. */
export function refuseConnect(stream: Duplex, log: Log): void {
  stream.on('error', () => {}) // it is no longer node's to handle
  refuse(stream, '405 Method Not Allowed', 'CONNECT', log)
}

function refuse(stream: Duplex, refusal: string, reason: string, log: Log): void {
  const status = Number(refusal.slice(0, 3))
  const peer = stream instanceof Socket ? stream.remoteAddress : undefined
  log('http.bad-request', { status, peer, reason: printable(reason) })
  if (!stream.writable) return void stream.destroy()
  const head = `HTTP/1.1 ${refusal}\r\nContent-Type: ${TEXT}\r\nContent-Length: ${refusal.length + 1}`
  const manners = 'X-Content-Type-Options: nosniff\r\nConnection: close'
  stream.end(`${head}\r\n${manners}\r\n\r\n${refusal}\n`, () => stream.destroy())
}
