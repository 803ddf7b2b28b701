/**
 * One outgoing transfer as a pure state machine (RFC 1350; windows RFC 7440).
 *
 * No sockets, no files, no clock: `step` takes what happened, and when, and says what to do.
 *
 *   begin --> sending --ACK of the last block--> sent
 *               |
 *               +-- ERROR of the client, nothing but the OACK acknowledged --> probed
 *               +-- ERROR, no answer in spite of repetitions, nothing can be sent --> failed
 *
 * The OACK is block 0. Blocks are counted on and on here; on the wire 0 comes after 65535.
 */
import { ERROR } from './packet.ts'

export interface Terms {
  /** Number of the last block. */
  readonly blocks: number
  /** The first packet is an OACK, block 0; else block 1. */
  readonly oack: boolean
  /** Blocks that may be on their way, once the client has acknowledged anything: until then it may not exist. */
  readonly window: number
  /** Between the first packet and its repetition, if the client has said so. */
  readonly timeoutMs: number | undefined
}

export interface Transfer {
  readonly at: 'sending' | 'sent' | 'probed' | 'failed'
  /** Why it failed, for people. */
  readonly reason?: string
  /** Last block that the client has; one less than the first when it has none. */
  readonly acked: number
  /** Last block that was sent. */
  readonly upTo: number
  /** Repetitions since the client last got ahead. */
  readonly tries: number
  /** Blocks of this window that were sent again: no more than once, whatever the client repeats. */
  readonly again: number
  /** ACKs that may still come because blocks of the window before were sent twice: they tell of no loss. */
  readonly echoes: number
  /** Smoothed time from a window to its ACK. */
  readonly rttMs: number | undefined
  /** When the window was sent. */
  readonly sentMs: number
  /** When its time is up. */
  readonly dueMs: number
  /** Blocks sent more than once, for the log. */
  readonly resent: number
}

export type Event =
  | { readonly type: 'ack'; readonly block: number; readonly nowMs: number }
  | { readonly type: 'error'; readonly code: number; readonly text: string }
  /** The same request once more. `mute`: its address has had enough packets for one that never answers. */
  | { readonly type: 'again'; readonly nowMs: number; readonly mute: boolean }
  | { readonly type: 'time'; readonly nowMs: number; readonly mute: boolean }
  /** The client's host says that nobody listens on its port. */
  | { readonly type: 'gone' }
  /** Something that sending again does not mend. */
  | { readonly type: 'broken'; readonly reason: string }
  /** The server ends. */
  | { readonly type: 'stop' }

export type Effect =
  /** Blocks `first` to `last`, of which 0 is the OACK. */
  | { readonly do: 'send'; readonly first: number; readonly last: number }
  | { readonly do: 'error'; readonly code: number; readonly text: string }
  | { readonly do: 'end' }

export type Step = readonly [Transfer, readonly Effect[]]

/** An address that never acknowledges gets the first packet this often: a forged sender is not worth more. */
const FIRSTS_MAX = 3
/** With the pauses below about 20 seconds without an answer. */
const REPETITIONS_MAX = 8

/** Until a round trip was measured. */
const TIMEOUT_MS = 1000
/** Firmware that writes what it got to flash, or whose network polls, is not taken for a loss. */
const TIMEOUT_MS_MIN = 100
const PAUSE_MS_MAX = 4000

const NOTHING: readonly Effect[] = []
const END: readonly Effect[] = [{ do: 'end' }]

export function begin(terms: Terms, nowMs: number): Step {
  const first = terms.oack ? 0 : 1
  const transfer: Transfer = {
    at: 'sending',
    acked: first - 1,
    upTo: first,
    tries: 0,
    again: 0,
    echoes: 0,
    rttMs: undefined,
    sentMs: nowMs,
    dueMs: nowMs + timeout(undefined, terms),
    resent: 0,
  }
  return [transfer, [{ do: 'send', first, last: first }]]
}

/** Whether the client has acknowledged anything. */
export function isProven(transfer: Transfer, terms: Terms): boolean {
  return transfer.acked >= (terms.oack ? 0 : 1)
}

/** Total: every state answers every event, if only with "nothing". */
export function step(transfer: Transfer, event: Event, terms: Terms): Step {
  if (transfer.at !== 'sending') return [transfer, NOTHING]
  switch (event.type) {
    case 'ack':
      return onAck(transfer, event.block, event.nowMs, terms)
    case 'error':
      return onError(transfer, event, terms)
    case 'again':
      // Once something was acknowledged it is an old copy.
      return isProven(transfer, terms) ? [transfer, NOTHING] : repeatFirst(transfer, event, terms)
    case 'time':
      return event.nowMs < transfer.dueMs ? [transfer, NOTHING] : onTime(transfer, event, terms)
    case 'gone':
      return onGone(transfer, terms)
    case 'broken':
      return fail(transfer, event.reason)
    case 'stop':
      return fail(transfer, 'the server stops', isProven(transfer, terms) ? 'server stops' : undefined)
    default:
      return [transfer, NOTHING]
  }
}

/** RFC 7440 section 4; RFC 1123 section 4.2.3.1 for what is not done. */
function onAck(transfer: Transfer, block: number, nowMs: number, terms: Terms): Step {
  const { acked, upTo, echoes } = transfer
  const n = unwrap(block, acked)
  if (n < acked || n > upTo) return [transfer, NOTHING] // old, or never sent
  if (n === acked) return onRepeatedAck(transfer, nowMs, terms)
  if (n === terms.blocks) return [{ ...transfer, at: 'sent', acked: n }, END]
  const rttMs = rtt(transfer, nowMs)
  const last = Math.min(n + terms.window, terms.blocks)
  const next: Transfer = {
    at: 'sending',
    acked: n,
    upTo: last,
    tries: 0,
    again: 0,
    echoes: transfer.again,
    rttMs,
    sentMs: nowMs,
    dueMs: nowMs + timeout(rttMs, terms),
    resent: transfer.resent,
  }
  if (n === upTo) return [next, [{ do: 'send', first: n + 1, last }]]
  if (transfer.again === 0 && echoes === 0) {
    // From within the window: it tells of a gap behind it, and what was sent there is sent again.
    const again = upTo - n
    return [{ ...next, again, resent: next.resent + again }, [{ do: 'send', first: n + 1, last }]]
  }
  // It may be no more than the echo of a block that was sent twice: the window moves on, and nothing is sent once more.
  const moved = { ...next, again: transfer.again, echoes: Math.max(echoes - 1, 0) }
  return [moved, last > upTo ? [{ do: 'send', first: upTo + 1, last }] : NOTHING]
}

/**
 * In lock-step a repeated ACK is never answered (the Sorcerer's Apprentice). In a window it may tell that the first block
 * was lost; some clients send one for every block that they did not expect, so that one window is sent again only once.
 */
function onRepeatedAck(transfer: Transfer, nowMs: number, terms: Terms): Step {
  if (terms.window === 1 || !isProven(transfer, terms) || transfer.again > 0) return [transfer, NOTHING]
  if (transfer.echoes > 0) return [{ ...transfer, echoes: transfer.echoes - 1 }, NOTHING]
  return sendAgain(transfer, nowMs, timeout(transfer.rttMs, terms))
}

function onTime(transfer: Transfer, event: { nowMs: number; mute: boolean }, terms: Terms): Step {
  if (!isProven(transfer, terms)) return repeatFirst(transfer, event, terms)
  if (transfer.tries >= REPETITIONS_MAX) {
    // Many loaders run what they got and never acknowledge its last block.
    if (transfer.upTo === terms.blocks) return [{ ...transfer, at: 'sent' }, END]
    return fail(transfer, 'no answer any more', 'no answer')
  }
  const [next, effects] = sendAgain(transfer, event.nowMs, pause(transfer, terms))
  return [{ ...next, tries: transfer.tries + 1 }, effects]
}

/** Nothing was acknowledged. That is the end after a few times, without a further packet. */
function repeatFirst(transfer: Transfer, { nowMs, mute }: { nowMs: number; mute: boolean }, terms: Terms): Step {
  const isDue = nowMs >= transfer.dueMs
  if (transfer.tries >= FIRSTS_MAX - 1 || mute) {
    return isDue ? fail(transfer, 'never acknowledged anything') : [transfer, NOTHING]
  }
  const [next, effects] = sendAgain(transfer, nowMs, pause(transfer, terms))
  return [{ ...next, tries: transfer.tries + 1 }, effects]
}

function sendAgain(transfer: Transfer, nowMs: number, pauseMs: number): Step {
  const { acked, upTo } = transfer
  const again = upTo - acked
  const next = { ...transfer, again, dueMs: nowMs + pauseMs, resent: transfer.resent + again }
  return [next, [{ do: 'send', first: acked + 1, last: upTo }]]
}

/** UEFI asks for the size first, and breaks off with code 8; ROMs do so with code 0. */
function onError(transfer: Transfer, { code, text }: { code: number; text: string }, terms: Terms): Step {
  const isProbe = transfer.acked <= 0 && terms.oack && (code === ERROR.option || code === ERROR.other)
  if (isProbe) return [{ ...transfer, at: 'probed' }, END]
  return fail(transfer, `the machine broke it off: error ${code} ${text}`.trimEnd())
}

function onGone(transfer: Transfer, terms: Terms): Step {
  if (isProven(transfer, terms) && transfer.upTo === terms.blocks) return [{ ...transfer, at: 'sent' }, END]
  return fail(transfer, 'the machine no longer listens')
}

/** @param told - what the client is told; silent without */
function fail(transfer: Transfer, reason: string, told?: string): Step {
  const effects: readonly Effect[] = told === undefined ? END : [{ do: 'error', code: ERROR.other, text: told }, ...END]
  return [{ ...transfer, at: 'failed', reason }, effects]
}

/** The block that 16 bits stand for: the nearest to the last one acknowledged. */
function unwrap(block: number, acked: number): number {
  return acked + (((block - acked) << 16) >> 16)
}

/** Of windows that were sent once only: else nobody knows which of the two the ACK is for (Karn). */
function rtt({ again, rttMs, sentMs }: Transfer, nowMs: number): number | undefined {
  if (again > 0) return rttMs
  const sampleMs = nowMs - sentMs
  return rttMs === undefined ? sampleMs : rttMs + (sampleMs - rttMs) / 8
}

/**
 * Three round trips, once there was one. Before, what the client says (RFC 2349): curl says 6 seconds, U-Boot 5, and each
 * lost packet would cost that much. A packet that comes sooner than agreed does no harm.
 */
function timeout(rttMs: number | undefined, { timeoutMs }: Terms): number {
  const wantedMs = rttMs === undefined ? (timeoutMs ?? TIMEOUT_MS) : Math.max(3 * rttMs, TIMEOUT_MS_MIN)
  return Math.min(wantedMs, PAUSE_MS_MAX)
}

/** Before the next repetition: twice as long as before the one now. */
function pause({ rttMs, tries }: Transfer, terms: Terms): number {
  return Math.min(timeout(rttMs, terms) * 2 ** (tries + 1), PAUSE_MS_MAX)
}
