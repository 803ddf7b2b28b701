/**
 * What is done about a request: which file goes out, or why none does. Pure.
 */
import type { FirmwareFile } from '../core/firmware.ts'
import { printable } from '../core/log.ts'
import { AUTOEXEC } from '../core/urls.ts'
import { decodeName, findFile } from './names.ts'
import { ERROR, type Request } from './packet.ts'

export interface Granted {
  readonly do: 'send'
  readonly file: FirmwareFile | 'autoexec'
  readonly netascii: boolean
}

export type Verdict =
  | Granted
  | { readonly do: 'refuse'; readonly code: number; readonly text: string; readonly reason: string }

/** @param folder - of the firmware, as its operator named it */
export function decide(request: Request, files: ReadonlyMap<string, FirmwareFile>, folder: string): Verdict {
  if (request.op === 'write') return refuse(ERROR.access, 'read-only', 'wants to write; this server only reads')
  const mode = request.mode.toLowerCase()
  if (mode !== 'octet' && mode !== 'netascii') {
    return refuse(ERROR.illegal, 'octet and netascii only', `asks for mode ${printable(mode, 20)}`)
  }
  if (request.file === '') return refuse(ERROR.illegal, 'no file name', 'names no file')
  const file = findFile(request.file, files)
  if (file !== undefined) return { do: 'send', file, netascii: mode === 'netascii' }
  return refuse(ERROR.notFound, 'file not found', `not there; if machines need it, put it into ${folder}`)
}

function refuse(code: number, text: string, reason: string): Verdict {
  return { do: 'refuse', code, text, reason }
}

/** The name as it goes into the log. */
export function displayName(request: Request): string {
  return printable(decodeName(request.file), 120)
}

/** Whether a file is the script that iPXE asks for beside itself, ours or an own one of the operator. */
export function isAutoexec(name: string): boolean {
  return name === AUTOEXEC || name.endsWith(`/${AUTOEXEC}`)
}

/** What becomes of a request from a port that has a transfer already. */
export type Repeated = 'again' | 'anew'

/** A copy that was under way for longer is no copy. */
const COPY_MS_MAX = 2000

/**
 * The same request is a repetition, unless the transfer got somewhere and some time ago: then the machine was switched off
 * and on, and begins anew. Another one ends the transfer: each has its port to itself.
 */
export function whenRepeated(isSame: boolean, isProven: boolean, ageMs: number): Repeated {
  return isSame && (!isProven || ageMs < COPY_MS_MAX) ? 'again' : 'anew'
}
