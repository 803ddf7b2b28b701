/**
 * One outgoing transfer as a pure state machine (RFC 1350; windows RFC 7440).
 *
 * No sockets, no files, no clock: `step` takes what happened, and when, and says what to do.
 *
 *   begin --> sending --ACK of the last block--> sent
 *               |
 *               +-- ERROR of the client, nothing but the OACK acknowledged --> probed
 *               +-- ERROR, no answer in spite of repetitions, nothing can be sent --> failed
 */
import { ERROR } from './packet.ts'
import { doublingsAfterAck, rtt, timeout } from './timing.ts'
import type { Effect, Event, Step, Terms, Transfer } from './transfer-state.ts'

/** So often a request that nothing acknowledges brings the first packet; for an address `limits.ts` counts them. */
const FIRSTS_MAX = 3
/** With the pauses below about 20 seconds without an answer. */
const REPETITIONS_MAX = 8

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
    doublings: 0,
    sentMs: nowMs,
    dueMs: nowMs + timeout({ rttMs: undefined, doublings: 0 }, terms),
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
  const doublings = doublingsAfterAck(transfer)
  const last = Math.min(n + terms.window, terms.blocks)
  const next: Transfer = {
    at: 'sending',
    acked: n,
    upTo: last,
    tries: 0,
    again: 0,
    echoes: transfer.again,
    rttMs,
    doublings,
    sentMs: nowMs,
    dueMs: nowMs + timeout({ rttMs, doublings }, terms),
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
  return sendAgain(transfer, nowMs, terms)
}

function onTime(transfer: Transfer, event: { nowMs: number; mute: boolean }, terms: Terms): Step {
  if (!isProven(transfer, terms)) return repeatFirst(transfer, event, terms)
  if (transfer.tries >= REPETITIONS_MAX) {
    // Many loaders run what they got and never acknowledge its last block.
    if (transfer.upTo === terms.blocks) return [{ ...transfer, at: 'sent' }, END]
    return fail(transfer, 'no answer any more', 'no answer')
  }
  return tryAgain(transfer, event.nowMs, terms)
}

/** Nothing was acknowledged. That is the end after a few times, without a further packet. */
function repeatFirst(transfer: Transfer, { nowMs, mute }: { nowMs: number; mute: boolean }, terms: Terms): Step {
  const isDue = nowMs >= transfer.dueMs
  if (transfer.tries >= FIRSTS_MAX - 1 || mute) {
    return isDue ? fail(transfer, 'never acknowledged anything') : [transfer, NOTHING]
  }
  return tryAgain(transfer, nowMs, terms)
}

function tryAgain(transfer: Transfer, nowMs: number, terms: Terms): Step {
  const { tries, doublings } = transfer
  return sendAgain({ ...transfer, tries: tries + 1, doublings: doublings + 1 }, nowMs, terms)
}

function sendAgain(transfer: Transfer, nowMs: number, terms: Terms): Step {
  const { acked, upTo } = transfer
  const again = upTo - acked
  const next = { ...transfer, again, dueMs: nowMs + timeout(transfer, terms), resent: transfer.resent + again }
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
