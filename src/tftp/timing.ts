/**
 * When the time for an answer is up: by the round trips of this transfer, once there was one. Pure.
 */
import type { Terms, Transfer } from './transfer-state.ts'

/** Until a round trip was measured. */
const TIMEOUT_MS = 1000
/** Firmware that writes what it got to flash, or whose network polls, is not taken for a loss. */
const TIMEOUT_MS_MIN = 100
const PAUSE_MS_MAX = 4000

/** Of windows that were sent once only: else nobody knows which of the two the ACK is for (Karn). */
export function rtt({ again, rttMs, sentMs }: Transfer, nowMs: number): number | undefined {
  if (again > 0) return rttMs
  const sampleMs = nowMs - sentMs
  return rttMs === undefined ? sampleMs : rttMs + (sampleMs - rttMs) / 8
}

/**
 * Three round trips, once there was one. Before, what the client says (RFC 2349): curl says 6 seconds, U-Boot 5, and each
 * lost packet would cost that much. A packet that comes sooner than agreed does no harm.
 */
export function timeout({ rttMs, doublings }: Pick<Transfer, 'rttMs' | 'doublings'>, { timeoutMs }: Terms): number {
  const wantedMs = rttMs === undefined ? (timeoutMs ?? TIMEOUT_MS) : Math.max(3 * rttMs, TIMEOUT_MS_MIN)
  return Math.min(wantedMs * 2 ** doublings, PAUSE_MS_MAX)
}

/**
 * A pause that had to be lengthened stays long until a window was sent once only, and its round trip measured (Karn; RFC
 * 6298 section 5.7). Else many machines behind a slow link would get everything several times, and the link no end of it.
 */
export function doublingsAfterAck({ again, doublings }: Transfer): number {
  return again > 0 ? doublings : 0
}
