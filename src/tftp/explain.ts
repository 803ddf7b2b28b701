/**
 * A door of the TFTP room for who only wants to know: what a machine would read under a name, without a socket.
 */
import type { Firmware } from '../core/firmware.ts'
import { AUTOEXEC, autoexecScript, type WebPlace } from '../core/urls.ts'
import { FileRefused, Files } from './files.ts'
import { HEADER_BYTES } from './packet.ts'
import { decide } from './request.ts'

export type TftpRead =
  /** `file` is its name below the firmware folder. */
  { readonly file: string; readonly bytes: Uint8Array } | { readonly reason: string }

/** @param name - as the machine asks for it */
export async function explainTftp(name: string, firmware: Firmware, place: WebPlace): Promise<TftpRead> {
  const request = { op: 'read', file: name, mode: 'octet', options: [] } as const
  const verdict = decide(request, firmware.files(), firmware.path)
  if (verdict.do === 'refuse') return { reason: verdict.reason }
  if (verdict.file === 'autoexec') return { file: AUTOEXEC, bytes: Buffer.from(autoexecScript(place)) }
  try {
    const { sizeBytes, blocks } = await new Files().open(verdict.file, false)
    const inOneBlock = blocks(sizeBytes + 1).packets(1, 1)
    return { file: verdict.file.name, bytes: inOneBlock.subarray(HEADER_BYTES) }
  } catch (error) {
    if (error instanceof FileRefused) return { reason: error.message }
    throw error
  }
}
