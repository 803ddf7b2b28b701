/**
 * A request that is being answered, from when it came to when its transfer is over.
 */
import type { Peer } from '../net/datagrams.ts'
import type { Listener } from './listener.ts'
import type { Told } from './report.ts'
import type { Session } from './session.ts'

export interface Slot {
  /** Address and port of both ends. */
  readonly key: string
  readonly listener: Listener
  readonly peer: Peer
  /** The request's own bytes, to know it again. */
  readonly asked: string
  readonly atMs: number
  /** Begins it. There as long as it has not: its address has to acknowledge something first. */
  held?: (() => void) | undefined
  /** Resolves when it has a session, or was refused one. */
  starting?: Promise<void>
  /** Undefined until its file is read and its socket open. */
  session?: Session
  /** What is heard of it, once it begins. */
  told?: Told
}
