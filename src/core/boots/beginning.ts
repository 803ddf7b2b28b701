/**
 * What tells that a machine has begun another boot. Pure.
 *
 * It does what only the beginning of a boot does although it was further already. A second DISCOVER in front of a file that
 * was read is one; iPXE's own, after it was read, is not.
 */
import { isBeyond, type Stage } from './attempt.ts'
import type { LiveAttempt } from './live.ts'

/** A machine that asks for its script again after so long was restarted; sooner, it only tries again. */
const SCRIPT_AGAIN_MS = 30_000

/** @param begins - the stage that a boot is in when it begins with what has happened */
export function beginsAnew(live: LiveAttempt, begins: Stage, silentMs: number): boolean {
  if (isBeyond(live.stage, begins) || silentMs > live.patienceMs) return true
  return begins === 'script' && live.stage === 'script' && silentMs > SCRIPT_AGAIN_MS
}
