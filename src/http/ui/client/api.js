/**
 * Where the facts come from: the JSON API of this server, asked again when a view wants what has become stale.
 */

/** @import { ApplianceFacts } from '../../../core/appliance.ts' */
/** @import { Attempt, Machine, MachineSummary } from '../../../core/boots/attempt.ts' */
/** @import { Problem } from '../../../core/check.ts' */
/** @import { Explanation } from '../../../core/explanation.ts' */
/** @import { HostFacts } from '../../api/host.ts' */

/** Between two questions for the same thing. */
const PAUSE_MS = 500
/** Answers kept for views that one comes back to. */
const KEPT_MAX = 30
/** Nobody tells when the load changes. */
const HOST_STALE_MS = 5000
const BOX_STALE_MS = 5000
/** While it installs an update. */
const BUSY_BOX_STALE_MS = 1000
const APPLIANCE = '/api/appliance'
const BODIES = '/api/bodies/'
/** As many as the server gives at once. */
const LIMIT = 1000

/**
 * @template T
 * @typedef {object} Fact
 * @property {T | undefined} value - the last that was had; it stays while a newer one is fetched
 * @property {string} problem - why there is none newer; empty when there is nothing to say
 * @property {boolean} isMissing - the server does not have it, or not any more
 */

/** @typedef {Fact<any> & { askedAtMs: number, isStale: boolean, isAsking: boolean }} Kept */

/**
 * @typedef {{ label: string, spec: string, require: Record<string, string>, line: number, machines: string[], machineCount: number }} Group
 * @typedef {{ groups: Group[], specs: number, loadedAt: string, behind: string | null, total: number }} GroupList
 * @typedef {{ problems: Problem[], errors: number, warnings: number, checkedAt: string | null, loadedAt: string, behind: string | null, total: number }} ProblemList
 * @typedef {{ id: string, resumed: boolean, more: boolean, changes: { event: string, data: unknown }[] }} Changes
 */

export class Api {
  /** What this computer's clock lacks to the server's. */
  #clockLagMs = 0
  /** @type {Map<string, Kept>} */
  #kept = new Map()
  #changed

  /** @param {() => void} changed - called when a view would look different */
  constructor(changed) {
    this.#changed = changed
  }

  /** The server's time. */
  nowMs() {
    return Date.now() + this.#clockLagMs
  }

  /**
   * @param {string} mac
   * @returns {Fact<Machine>}
   */
  machine(mac) {
    return this.#read(machinePath(mac))
  }

  /**
   * @param {string} id
   * @returns {Fact<Attempt>}
   */
  attempt(id) {
    return this.#read(attemptPath(id))
  }

  /**
   * What a machine gets that says this of itself.
   *
   * @param {Pick<Machine, 'mac' | 'uuid' | 'labels'>} machine
   * @returns {Fact<Explanation>}
   */
  explanation({ mac, uuid, labels }) {
    const query = new URLSearchParams({ mac })
    if (uuid !== null) query.set('uuid', uuid)
    for (const [key, value] of Object.entries(labels)) {
      if (key !== 'mac' && key !== 'uuid') query.append('label', `${key}=${value}`)
    }
    return this.#read(`/api/explain?${query}`)
  }

  /**
   * What was sent in a step of a boot.
   *
   * @param {string} sum - as the step has it
   * @returns {Fact<string>}
   */
  body(sum) {
    return this.#read(`${BODIES}${encodeURIComponent(sum)}`)
  }

  /** @returns {Fact<GroupList>} */
  groups() {
    return this.#read(`/api/groups?limit=${LIMIT}`)
  }

  /** @returns {Fact<ProblemList>} */
  problems() {
    return this.#read(`/api/problems?limit=${LIMIT}`)
  }

  /** @returns {Fact<HostFacts>} */
  host() {
    return this.#read('/api/host', HOST_STALE_MS)
  }

  /** @returns {Fact<ApplianceFacts>} */
  appliance() {
    const known = this.#read(APPLIANCE, BOX_STALE_MS)
    const isBusy = ['checking', 'writing', 'verifying'].includes(known.value?.update.state)
    return isBusy ? this.#read(APPLIANCE, BUSY_BOX_STALE_MS) : known
  }

  /**
   * A part of all machines, at once.
   *
   * @param {number} offset
   * @param {number} limit - at most 1000
   * @returns {Promise<{ machines: MachineSummary[], total: number }>}
   */
  machines(offset, limit) {
    return this.#fetch(`/api/machines?offset=${offset}&limit=${limit}`)
  }

  /**
   * What has changed since the answer before, at once.
   *
   * @param {string} since - its id; empty the first time
   * @returns {Promise<Changes>}
   */
  changes(since) {
    return this.#fetch(`/api/changes?since=${encodeURIComponent(since)}`)
  }

  /** @param {Pick<MachineSummary, 'mac' | 'last'>} machine */
  machineChanged({ mac, last }) {
    const paths = new Set([machinePath(mac), ...(last === null ? [] : [attemptPath(last.id)])])
    this.#makeStale((path) => paths.has(path))
  }

  /** Groups, specs, files: what a machine gets, and what is wrong with it. */
  dataChanged() {
    this.#makeStale((path) => !path.startsWith('/api/attempts/') && !path.startsWith(BODIES))
  }

  everythingChanged() {
    this.#makeStale(() => true)
  }

  /**
   * The fact as far as it is known; what is unknown or stale is asked for, and `changed` told when it is there.
   *
   * @param {string} path
   * @param {number} [staleAfterMs]
   * @returns {Fact<any>}
   */
  #read(path, staleAfterMs = Infinity) {
    let kept = this.#kept.get(path)
    if (kept === undefined) {
      kept = { value: undefined, problem: '', isMissing: false, askedAtMs: -Infinity, isStale: true, isAsking: false }
      this.#kept.set(path, kept)
      if (this.#kept.size > KEPT_MAX) this.#kept.delete(String(this.#kept.keys().next().value))
    }
    const ageMs = performance.now() - kept.askedAtMs
    if (!kept.isAsking && ageMs >= PAUSE_MS && (kept.isStale || ageMs >= staleAfterMs)) void this.#ask(path, kept)
    return kept
  }

  /**
   * Views that show it now, or come to show it, have it anew.
   *
   * @param {(path: string) => boolean} isMeant
   */
  #makeStale(isMeant) {
    let isKept = false
    for (const [path, kept] of this.#kept) {
      if (!isMeant(path)) continue
      kept.isStale = true
      isKept = true
    }
    if (!isKept) return
    this.#changed()
    setTimeout(this.#changed, PAUSE_MS)
  }

  /**
   * @param {string} path
   * @param {Kept} kept
   */
  async #ask(path, kept) {
    Object.assign(kept, { isAsking: true, isStale: false, askedAtMs: performance.now() })
    try {
      kept.value = await this.#fetch(path)
      Object.assign(kept, { problem: '', isMissing: false })
    } catch (error) {
      const isMissing = error instanceof HttpError && error.status === 404
      Object.assign(kept, { isMissing, problem: reasonOf(error) })
      if (isMissing) kept.value = undefined
      else kept.isStale = true
    }
    kept.isAsking = false
    this.#changed()
  }

  /**
   * @param {string} path
   * @returns {Promise<any>} JSON of the shape that the server's own test holds its answers to, else text
   * @throws {HttpError} when the answer is no success; TypeError when there is none
   */
  async #fetch(path) {
    const answer = await fetch(path, { headers: { accept: 'application/json' } })
    this.#setClock(answer.headers.get('date'))
    if (!answer.ok) throw new HttpError(answer.status, path)
    return answer.headers.get('content-type')?.startsWith('application/json') ? answer.json() : answer.text()
  }

  /** @param {string | null} date - HTTP's, to the second: a small difference is none */
  #setClock(date) {
    const lagMs = date === null ? 0 : Date.parse(date) + 500 - Date.now()
    if (!Number.isNaN(lagMs)) this.#clockLagMs = Math.abs(lagMs) < 2000 ? 0 : lagMs
  }
}

class HttpError extends Error {
  /** @override */
  name = 'HttpError'

  /**
   * @param {number} status
   * @param {string} path
   */
  constructor(status, path) {
    super(`${path} is answered ${status}`)
    this.status = status
  }
}

/** @param {unknown} error */
export function reasonOf(error) {
  return error instanceof Error ? error.message : String(error)
}

/** @param {string} mac */
function machinePath(mac) {
  return `/api/machines/${encodeURIComponent(mac)}`
}

/** @param {string} id */
function attemptPath(id) {
  return `/api/attempts/${encodeURIComponent(id)}`
}
