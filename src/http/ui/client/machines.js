/**
 * All machines that the server remembers: read page by page, then kept up to date by its events.
 */

import { reasonOf } from './api.js'

/** @import { MachineSummary } from '../../../core/boots/attempt.ts' */
/** @import { Api } from './api.js' */

/** The first page is what a large screen shows, so that there is something to see at once; index.html has it fetched early. */
const FIRST_PAGE = 40
const PAGE = 1000
/** Between two pages the browser draws what it has, and does what is asked of it. */
const PAUSE_MS = 30
/** Events in a burst are shown together. */
const BATCH_MS = 150
/** How fast a measured rate follows the true one. */
const RATE_WEIGHT = 0.4

export class Machines {
  /** @type {Map<string, MachineSummary>} */
  byMac = new Map()
  /** Counts every change, so that what is derived can be kept. */
  version = 0
  /** Whether all pages were read. */
  isComplete = false
  /** Why they could not be. */
  problem = ''
  #api
  #changed
  /** Loads begun; an older one that is still going on is void. */
  #loads = 0
  /**
   * Told of since the last load began, by a page or an event: one that is heard of meanwhile moves to a page that was read.
   *
   * @type {Set<string>}
   */
  #present = new Set()
  /** @type {(() => void)[]} */
  #waiting = []
  /** @type {Map<string, { bytes: number, atMs: number, bytesPerSecond: number | undefined }>} */
  #rates = new Map()

  /**
   * @param {Api} api
   * @param {() => void} changed
   */
  constructor(api, changed) {
    this.#api = api
    this.#changed = changed
  }

  /** Read all from the start, after which events count. Machines that the server has forgotten are gone then. */
  async load() {
    const load = ++this.#loads
    this.#present = new Set()
    try {
      for (let offset = 0, limit = FIRST_PAGE; ; offset += limit, limit = PAGE) {
        const { machines, total } = await this.#api.machines(offset, limit)
        if (load !== this.#loads) return this.#showMeanwhile(machines)
        for (const machine of machines) this.#take(machine)
        this.problem = ''
        // Not after each page: numbers would jump, and all would be sorted again and again.
        if (offset === 0) this.#touch()
        if (machines.length === 0 || offset + machines.length >= total) break
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
      }
      for (const mac of this.byMac.keys()) if (!this.#present.has(mac)) this.byMac.delete(mac)
      this.isComplete = true
    } catch (error) {
      if (load === this.#loads) this.problem = reasonOf(error)
    }
    this.#touch()
  }

  /**
   * What was asked for too early is better than nothing, until what was asked for since is there.
   *
   * @param {readonly MachineSummary[]} machines
   */
  #showMeanwhile(machines) {
    if (this.byMac.size > 0) return
    for (const machine of machines) this.byMac.set(machine.mac, machine)
    this.#touch()
  }

  /** @param {MachineSummary} machine */
  update(machine) {
    this.#later(() => this.#take(machine))
  }

  /** @param {string} mac */
  forget(mac) {
    this.#later(() => {
      this.byMac.delete(mac)
      this.#rates.delete(mac)
    })
  }

  /**
   * Bytes a second of kernel and initrd, as of late; undefined when nothing is known of it.
   *
   * @param {string} mac
   */
  rateOf(mac) {
    return this.#rates.get(mac)?.bytesPerSecond
  }

  /** @param {() => void} change */
  #later(change) {
    this.#waiting.push(change)
    if (this.#waiting.length > 1) return
    setTimeout(() => {
      for (const next of this.#waiting.splice(0)) next()
      this.#touch()
    }, BATCH_MS)
  }

  /** @param {MachineSummary} machine */
  #take(machine) {
    const { mac, last } = machine
    this.byMac.set(mac, machine)
    this.#present.add(mac)
    if (last?.state === 'booting' && last.stage === 'kernel') this.#measure(mac, last.bytes)
    else this.#rates.delete(mac)
  }

  /**
   * @param {string} mac
   * @param {number} bytes
   */
  #measure(mac, bytes) {
    const [before, atMs] = [this.#rates.get(mac), performance.now()]
    if (before === undefined || bytes < before.bytes) {
      this.#rates.set(mac, { bytes, atMs, bytesPerSecond: undefined })
    } else if (bytes > before.bytes && atMs - before.atMs > BATCH_MS) {
      const now = ((bytes - before.bytes) * 1000) / (atMs - before.atMs)
      const was = before.bytesPerSecond ?? now
      this.#rates.set(mac, { bytes, atMs, bytesPerSecond: was + (now - was) * RATE_WEIGHT })
    }
  }

  #touch() {
    this.version += 1
    this.#changed()
  }
}
