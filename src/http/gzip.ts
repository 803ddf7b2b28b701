/**
 * Long answers to those who watch, gzipped for who takes that: a list of machines becomes a tenth of itself. What machines
 * are given is never compressed: iPXE does not ask for it, and a download is.
 */
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

import type { Answer } from './answer.ts'

/** Fits one packet as it is. */
const PLAIN_MAX = 1400

const zip = promisify(gzip)

/**
 * @param encodings - the header `accept-encoding`
 * @returns the same answer where it is short, or the client does not take gzip
 */
export async function gzipped(answer: Answer, encodings: string | undefined): Promise<Answer> {
  if (answer.body.length <= PLAIN_MAX) return answer
  const headers = { ...answer.headers, vary: 'Accept-Encoding' }
  if (!takesGzip(encodings)) return { ...answer, headers }
  // In a thread of its own: the event loop goes on answering.
  return { ...answer, body: await zip(answer.body), headers: { ...headers, 'content-encoding': 'gzip' } }
}

/** Named, and not refused by `q=0` (RFC 9110 section 12.5.3). */
export function takesGzip(encodings: string | undefined): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(encodings ?? '')
}
