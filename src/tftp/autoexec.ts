/**
 * The script that iPXE asks for beside itself, as a file that goes out: made for the interface that the request came to.
 */
import { autoexecScript, type WebPlace } from '../core/urls.ts'
import { asNeeded } from './blocks.ts'
import type { OpenFile } from './files.ts'
import { toNetascii } from './netascii.ts'

export function openAutoexec(place: WebPlace, netascii: boolean): OpenFile {
  const script = Buffer.from(autoexecScript(place))
  const bytes = netascii ? toNetascii(script) : script
  return { sizeBytes: bytes.length, blocks: (blockBytes) => asNeeded(bytes, blockBytes), close: () => {} }
}
