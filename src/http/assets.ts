/**
 * The files below `/assets/`: kernels, initrds and images, to many machines at once.
 *
 * Answers as Go's http.FileServer did for bootcfg 0.2, but never with a listing or a redirect. What a file is, which part
 * is wanted and whether the client has it already are decided in `mime.ts`, `range.ts` and `conditions.ts`; what may be
 * opened, in `asset-file.ts`. Time-outs of slow clients are the server's: when it closes a connection, all is released.
 */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'

import { reasonOf } from '../core/errors.ts'
import { type AssetFile, AssetFolder, type NoAsset } from './asset-file.ts'
import { checkConditions, rangeCounts, versionOf } from './conditions.ts'
import { SNIFF_BYTES, sniff, typeByExtension } from './mime.ts'
import { parseRange } from './range.ts'
import { BUFFER_LIMITS, ReadBuffers, type BufferLimits } from './read-buffers.ts'
import type { Progress } from './report.ts'
import { Client, sendFile, type Sent } from './send-file.ts'

/** How a request ended, for the log. */
export interface Served extends Sent {
  readonly status: number
}

export interface Assets {
  /**
   * Answer a GET or HEAD; any other method is answered like GET.
   *
   * @param urlPath - what follows `/assets/` in the request line up to a `?`, percent-encoded as it came
   * @param progress - told of a file that goes out, as a whole or in part
   * @returns when the last byte was handed to the kernel or the client has left; never throws
   */
  serve(urlPath: string, request: IncomingMessage, response: ServerResponse, progress?: Progress): Promise<Served>
}

/** @throws when there is no such folder */
export async function openAssets(root: string, limits: BufferLimits = BUFFER_LIMITS): Promise<Assets> {
  return assetsIn(await AssetFolder.open(root), typeByExtension, limits)
}

/** A folder that may come later, such as that of the firmware, with the type by which UEFI tells an image that it can start. */
export function laterAssets(root: string): Assets {
  const typeOf = (path: string) => (/\.efi$/i.test(path) ? 'application/efi' : typeByExtension(path))
  return assetsIn(AssetFolder.later(root), typeOf, BUFFER_LIMITS)
}

type TypeOf = typeof typeByExtension

function assetsIn(folder: AssetFolder, typeKnown: TypeOf, limits: BufferLimits): Assets {
  const buffers = new ReadBuffers(limits)
  return {
    async serve(urlPath, request, response, progress) {
      const client = new Client(response)
      const file = await folder.openFile(urlPath)
      if ('status' in file) return refuse(file, client)
      try {
        return await answer(file, request, client, buffers, typeKnown, progress)
      } finally {
        await file.handle.close().catch(() => {}) // nothing was written that could be lost
      }
    },
  }
}

async function answer(
  file: AssetFile,
  request: IncomingMessage,
  client: Client,
  buffers: ReadBuffers,
  typeKnown: TypeOf,
  progress?: Progress,
): Promise<Served> {
  const { size, mtimeNs } = file.stats
  const version = versionOf(size, mtimeNs)
  const headers: OutgoingHttpHeaders = { 'Accept-Ranges': 'bytes', ETag: version.etag }
  if (version.lastModified !== undefined) headers['Last-Modified'] = version.lastModified

  const condition = checkConditions(request.headers, version)
  if (condition === 'failed') return say(client, 412, '412 precondition failed')
  if (condition === 'not-modified') return end(client, 304, headers)

  const length = Number(size)
  const isHead = request.method === 'HEAD'
  // Ranges are for GET alone: RFC 9110 section 14.2.
  const asked = !isHead && rangeCounts(request.headers, version) ? request.headers.range : undefined
  const range = parseRange(asked, length)
  if (range === 'unsatisfiable') {
    return say(client, 416, '416 range not satisfiable', { 'Content-Range': `bytes */${length}` })
  }

  const { start, end: last } = range ?? { start: 0, end: length - 1 }
  headers['Content-Length'] = last + 1 - start
  if (range) headers['Content-Range'] = `bytes ${start}-${last}/${length}`
  const status = range ? 206 : 200
  try {
    headers['Content-Type'] = await typeOf(file, typeKnown)
  } catch (error) {
    return refuse({ status: 500, problem: `${file.path}: ${reasonOf(error)}; check the disk` }, client)
  }
  if (isHead) return end(client, status, headers)
  if (!client.isGone) client.response.writeHead(status, headers)
  progress?.began(length)
  return { status, ...(await sendFile(file, { start, end: last }, client, buffers, progress?.moved)) }
}

async function typeOf(file: AssetFile, typeKnown: TypeOf): Promise<string> {
  const known = typeKnown(file.path)
  if (known !== undefined) return known
  const head = new Uint8Array(SNIFF_BYTES)
  const { bytesRead } = await file.handle.read(head, 0, SNIFF_BYTES, 0)
  return sniff(head.subarray(0, bytesRead))
}

const REFUSALS: Record<NoAsset['status'], readonly [text: string, headers: OutgoingHttpHeaders]> = {
  404: ['404 page not found', {}],
  // Not 403: who fetches a config through here tries again after a 500, so a mended file helps without a visit.
  500: ['500 this file cannot be read, the log of bootcfg says why', {}],
  503: ['503 out of resources, try again', { 'Retry-After': '1' }],
}

function refuse({ status, problem }: NoAsset, client: Client): Served {
  const [text, headers] = REFUSALS[status]
  const served = say(client, status, text, headers)
  return problem === undefined ? served : { ...served, problem }
}

/** One line of text. */
function say(client: Client, status: number, text: string, headers: OutgoingHttpHeaders = {}): Served {
  const body = `${text}\n`
  const type = 'text/plain; charset=utf-8'
  const own = { 'Content-Type': type, 'X-Content-Type-Options': 'nosniff', 'Content-Length': body.length }
  return end(client, status, { ...headers, ...own }, body)
}

function end(client: Client, status: number, headers: OutgoingHttpHeaders, body = ''): Served {
  if (client.isGone) return { status, bytes: 0, complete: false }
  client.response.writeHead(status, headers).end(body)
  return { status, bytes: client.response.req.method === 'HEAD' ? 0 : body.length, complete: true }
}
