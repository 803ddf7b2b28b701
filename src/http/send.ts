/**
 * From an answer to a reply: status, headers, the range that was asked for, or a signature in place of the body.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Signer } from '../core/signer.ts'
import { encodeUtf8 } from '../core/utf8.ts'
import { type Answer, TEXT } from './answer.ts'
import { parseRange } from './range.ts'

/** @returns the bytes of the body that is sent */
export function send(request: FastifyRequest, reply: FastifyReply, answer: Answer): number {
  reply.code(answer.status).header('content-type', answer.type)
  if (answer.status === 405) reply.header('allow', 'GET, HEAD')
  if (answer.status !== 200) reply.header('x-content-type-options', 'nosniff')
  if (answer.headers) reply.headers(answer.headers)
  if (answer.ranges) reply.header('accept-ranges', 'bytes')
  const range = answer.ranges ? request.headers.range : undefined
  if (range === undefined && typeof answer.body === 'string' && answer.body.isWellFormed()) {
    const length = Buffer.byteLength(answer.body)
    // As text it leaves in one write with its head; as it is, since Fastify would add a charset to JSON.
    reply.header('content-length', length).serializer(asItIs).send(answer.body)
    return length
  }
  return sendBytes(reply, bytesOf(answer), range)
}

function asItIs(text: string): string {
  return text
}

function sendBytes(reply: FastifyReply, body: Uint8Array, range: string | undefined): number {
  const part = parseRange(range, body.length)
  if (part === undefined) {
    reply.send(body)
    return body.length
  }
  if (part === 'unsatisfiable') {
    reply.code(416).header('content-range', `bytes */${body.length}`).send('')
    return 0
  }
  reply.code(206).header('content-range', `bytes ${part.start}-${part.end}/${body.length}`)
  reply.send(body.subarray(part.start, part.end + 1))
  return part.end + 1 - part.start
}

/** Of the body, as they are sent. */
export function bytesOf({ body }: Answer): Uint8Array {
  return typeof body === 'string' ? encodeUtf8(body) : body
}

/** The signature of an answer; one that is no success stays as it is. */
export async function signature(answer: Answer, signer: Signer, armored: boolean): Promise<Answer> {
  if (answer.status !== 200) return answer
  const made = await signer.sign(bytesOf(answer))
  return armored
    ? { ...answer, type: TEXT, body: made.armored, ranges: false }
    : { ...answer, type: 'application/octet-stream', body: made.binary, ranges: false }
}
