/**
 * Keeps something open on each interface that is in use, such as a room's sockets: opened when the interface comes, closed
 * when it goes, tried again where it could not be had.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { reasonOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import type { Interfaces, NetInterface } from './interfaces.ts'

export interface Closable {
  close(): Promise<void>
}

export interface PerInterface {
  /** Interfaces in use on which it is not open, each with the reason. */
  troubles(): readonly string[]
  /** Closes all. */
  stop(): Promise<void>
}

const RETRY_MS = 5000

/**
 * Resolves when it is open on every interface that is in use now.
 *
 * @param open - rejects with one line for people; `failed` tells that it has died later, to be opened again
 * @throws what `open` rejects with, after all that was open is closed. Later, that is a line in the log
 */
export async function openPerInterface(
  interfaces: Interfaces,
  open: (iface: NetInterface, failed: (error: Error) => void) => Promise<Closable>,
  log: Log,
  retryMs = RETRY_MS,
): Promise<PerInterface> {
  const opened = new Map<string, { readonly iface: NetInterface; readonly it: Closable }>()
  /** Why it could not be had on an interface: another reason is news. */
  const reasons = new Map<string, string>()
  const stopping = new AbortController()

  async function closeOn(name: string): Promise<void> {
    const it = opened.get(name)?.it
    opened.delete(name)
    await it?.close()
  }
  async function openOn(iface: NetInterface): Promise<void> {
    const it = await open(iface, (error) => void inTurn(() => died(iface, error)))
    opened.set(iface.name, { iface, it })
    reasons.delete(iface.name)
  }
  async function died(iface: NetInterface, error: Error): Promise<void> {
    if (opened.get(iface.name)?.iface !== iface) return // closed already
    await closeOn(iface.name)
    tryLater(iface, error)
  }
  function tryLater({ name }: NetInterface, error: unknown): void {
    const reason = reasonOf(error)
    if (reasons.get(name) !== reason) log('net.listen-failed', { iface: name, reason })
    reasons.set(name, reason)
    const pause = sleep(retryMs, undefined, { signal: stopping.signal, ref: false })
    void pause.then(
      () => inTurn(follow),
      () => {}, // stopped
    )
  }
  async function follow(): Promise<void> {
    for (const name of reasons.keys()) if (!interfaces.current.has(name)) reasons.delete(name)
    for (const [name, { iface }] of opened) if (interfaces.current.get(name) !== iface) await closeOn(name)
    for (const iface of interfaces.current.values()) {
      if (stopping.signal.aborted || opened.has(iface.name)) continue
      await openOn(iface).catch((error: unknown) => tryLater(iface, error))
    }
  }
  /** One change after the other. */
  let queue = Promise.resolve()
  function inTurn(work: () => Promise<void>): Promise<void> {
    const done = queue.then(work)
    queue = done.catch(() => {}) // whoever gave the work hears of it
    return done
  }
  async function stop(): Promise<void> {
    stopping.abort()
    stopListening()
    await inTurn(async () => {
      for (const name of opened.keys()) await closeOn(name)
    })
  }

  const stopListening = interfaces.listen(() => void inTurn(follow))
  try {
    await inTurn(async () => {
      for (const iface of interfaces.current.values()) await openOn(iface)
    })
  } catch (error) {
    await stop()
    throw error
  }
  return { troubles: () => [...reasons].map(([name, reason]) => `${name}: ${reason}`), stop }
}
