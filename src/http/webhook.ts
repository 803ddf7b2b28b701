/**
 * Tells a URL of each boot that has ended: a POST with the attempt as JSON.
 *
 * One at a time, in their order, each tried again for some minutes. What waits is limited, and the oldest goes first: a
 * receiver that is away costs a few lines of the log and never a boot.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import type { Attempt } from '../core/boots/attempt.ts'
import type { Boots } from '../core/boots/boots.ts'
import { type Log, printable } from '../core/log.ts'
import type { Running } from '../core/module.ts'

/** What is posted. */
export interface WebhookBody {
  readonly event: 'attempt.ended'
  /** An attempt that went on after all ends again; the later end counts. */
  readonly attempt: Attempt
}

interface WebhookLimits {
  readonly waitingMax: number
  /** One try. */
  readonly timeoutMs: number
  /** Pauses before further tries; after the last the attempt is dropped. */
  readonly pausesMs: readonly number[]
}

const LIMITS: WebhookLimits = {
  waitingMax: 100,
  timeoutMs: 10_000,
  pausesMs: [1000, 2000, 5000, 15_000, 30_000, 60_000, 60_000],
}

/** How a try went. `refused`: another try of the same would be refused too. */
type Outcome = { readonly how: 'taken' } | { readonly how: 'failed' | 'refused'; readonly reason: string }

/** @param url - may hold a secret, so that it is not logged */
export function startWebhook(
  url: string,
  { boots, version, log }: { readonly boots: Pick<Boots, 'onEnd'>; readonly version: string; readonly log: Log },
  limits: Partial<WebhookLimits> = {},
): Running {
  const { waitingMax, timeoutMs, pausesMs } = { ...LIMITS, ...limits }
  const waiting: Attempt[] = []
  const stopping = new AbortController()
  let posting: Promise<void> | undefined
  /** Ends that were dropped since the receiver last took one. */
  let dropped = 0
  let isFailing = false

  const stopListening = boots.onEnd((attempt) => {
    waiting.push(attempt)
    if (waiting.length > waitingMax) {
      waiting.shift()
      dropped += 1
    }
    posting ??= postAll()
  })

  async function postAll(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined && !stopping.signal.aborted; next = waiting.shift()) {
      await postPatiently(JSON.stringify({ event: 'attempt.ended', attempt: next } satisfies WebhookBody))
    }
    posting = undefined
  }

  async function postPatiently(body: string): Promise<void> {
    for (const pauseMs of [...pausesMs, undefined]) {
      const outcome = await post(body)
      if (stopping.signal.aborted) return
      if (outcome.how === 'taken') return works()
      if (!isFailing) log('webhook.failed', { reason: printable(outcome.reason) })
      isFailing = true
      if (outcome.how === 'refused' || pauseMs === undefined) break
      await sleep(pauseMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {}) // stopped
    }
    dropped += 1
  }

  async function post(body: string): Promise<Outcome> {
    try {
      const { status, body: answer } = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': `bootcfg/${version}` },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(timeoutMs)]),
      })
      await answer?.cancel()
      return outcomeOf(status)
    } catch (error) {
      return { how: 'failed', reason: networkReason(error) }
    }
  }

  function works(): void {
    if (isFailing) log('webhook.works', dropped === 0 ? {} : { omitted: dropped })
    isFailing = false
    dropped = 0
  }

  return {
    name: 'webhook',
    failed: new Promise<never>(() => {}),
    async stop() {
      stopListening()
      stopping.abort()
      await posting
    },
  }
}

function outcomeOf(status: number): Outcome {
  if (status >= 200 && status < 300) return { how: 'taken' }
  const mayPass = status >= 500 || status === 408 || status === 429
  return { how: mayPass ? 'failed' : 'refused', reason: `it answered ${status}` }
}

/** `fetch failed` says nothing; its cause does. */
function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'it did not answer in time'
  const { cause } = error
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message
}
