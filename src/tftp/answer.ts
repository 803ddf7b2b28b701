/**
 * From a request that is granted to a session that runs: the file in memory, the options agreed on, a socket.
 */
import { errorCode, reasonOf } from '../core/errors.ts'
import type { FirmwareFile } from '../core/firmware.ts'
import { AUTOEXEC } from '../core/urls.ts'
import { openAutoexec } from './autoexec.ts'
import type { TftpConfig } from './config.ts'
import { FileRefused, type Files, type OpenFile } from './files.ts'
import type { Callers } from './limits.ts'
import type { Native } from './native.ts'
import { negotiate } from './negotiate.ts'
import { ERROR, type Request } from './packet.ts'
import type { Reporter } from './report.ts'
import { displayName, type Granted } from './request.ts'
import { Session } from './session.ts'
import type { Slot } from './slot.ts'
import type { Transfer } from './transfer-state.ts'

export interface AnswerDeps {
  readonly config: TftpConfig
  readonly reporter: Reporter
  readonly callers: Callers
  /** Undefined where the C library cannot be called. */
  readonly native: Native | undefined
  /** Told of a fault of ours. */
  readonly died: (error: unknown) => void
}

export interface AnswerEvents {
  /** The client's address was mute, and is no more. */
  readonly heard: () => void
  /** The slot is free again. */
  readonly over: () => void
}

/** Resolves when the slot has a session, or never gets one; who asked has then been told. */
export async function answer(
  slot: Slot,
  request: Request,
  granted: Granted,
  files: Files,
  deps: AnswerDeps,
  events: AnswerEvents,
): Promise<void> {
  try {
    const open = await openFile(granted, slot, files, deps.config)
    try {
      await startSession(slot, request, granted, open, deps, events)
    } catch (error) {
      open.close()
      throw error
    }
  } catch (error) {
    events.over()
    deps.callers.unsentFirst(slot.peer.address)
    onFailed(slot, displayName(request), error, deps)
  }
}

async function openFile(
  { file, netascii }: Granted,
  { listener: { address } }: Slot,
  files: Files,
  { advertise, httpPort: port }: TftpConfig,
): Promise<OpenFile> {
  return file === 'autoexec' ? openAutoexec({ advertise, address, port }, netascii) : files.open(file, netascii)
}

async function startSession(
  slot: Slot,
  { options }: Request,
  { file, netascii }: Granted,
  open: OpenFile,
  { config, reporter, callers, native, died }: AnswerDeps,
  { heard, over }: AnswerEvents,
): Promise<void> {
  const { listener, peer, atMs } = slot
  const sizeBytes = netascii ? undefined : open.sizeBytes
  const agreement = negotiate({ options, sizeBytes, blockBytesMax: config.blockBytesMax })
  const { blockBytes, granted, window, timeoutMs } = agreement
  const blocks = open.blocks(blockBytes)
  const terms = { blocks: blocks.count, oack: granted.length > 0, window, timeoutMs }
  const told = reporter.began(peer.address, nameOf(file), open.sizeBytes, agreement, atMs)
  slot.told = told
  const ended = (transfer: Transfer): void => {
    open.close()
    over()
    told.ended(transfer, performance.now())
  }
  slot.session = await Session.start(
    { address: listener.address, peer, blocks, granted, terms },
    { callers, native, heard, ended, died },
  )
  if (listener.isClosing) slot.session.stop()
}

function nameOf(file: FirmwareFile | 'autoexec'): string {
  return file === 'autoexec' ? AUTOEXEC : file.name
}

function onFailed({ listener, peer, told }: Slot, file: string, error: unknown, { reporter, died }: AnswerDeps): void {
  const reason = reasonOf(error)
  if (error instanceof FileRefused) {
    listener.refuse(peer, ERROR.other, 'cannot be sent')
    reporter.refused(peer.address, file, reason)
  } else if (errorCode(error) === '') {
    died(error)
  } else if (told === undefined) {
    reporter.failed(peer.address, file, reason)
  } else {
    told.ended({ at: 'failed', acked: 0, resent: 0, reason }, performance.now()) // no more sockets, no address …
  }
}
