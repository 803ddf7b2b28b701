/**
 * The HTTP application with its API on top of boots that a test makes up.
 */
import type { Attempt, AttemptSummary, Machine, MachineSummary } from '../../../src/core/boots/attempt.ts'
import { summaryOf } from '../../../src/core/boots/attempt.ts'
import type { Boots } from '../../../src/core/boots/boots.ts'
import { createJournal } from '../../../src/core/journal.ts'
import type { ModuleState } from '../../../src/core/module-states.ts'
import type { Running } from '../../../src/core/module.ts'
import type { Checked } from '../../../src/core/problems.ts'
import type { Snapshot } from '../../../src/core/store/snapshot.ts'
import type { StoreState } from '../../../src/core/store/store.ts'
import type { HttpDeps } from '../../../src/http/app.ts'
import { appOn } from '../../support/site.ts'

export interface FakeBoots extends Omit<Boots, keyof Running> {
  /** Put a machine there, or another state of it. */
  set(machine: Machine): void
  forget(mac: string): void
  /** What machines were sent, by its sum. */
  readonly bodies: Map<string, string>
  /** Put an attempt there and say that it has ended. */
  end(attempt: Attempt): void
}

export function fakeBoots(): FakeBoots {
  const machines = new Map<string, Machine>()
  const attempts = new Map<string, Attempt>()
  const bodies = new Map<string, string>()
  const changeListeners = new Set<(macs: ReadonlySet<string>) => void>()
  const endListeners = new Set<(attempt: Attempt) => void>()
  const changed = (mac: string): void => changeListeners.forEach((listener) => listener(new Set([mac])))
  const summary = (mac: string): MachineSummary | undefined => {
    const machine = machines.get(mac)
    if (machine === undefined) return undefined
    const { labels: _labels, attempts: _attempts, ...rest } = machine
    return rest
  }
  return {
    machines: ({ offset, limit } = { offset: 0, limit: Infinity }) => {
      const newestFirst = [...machines.keys()].toReversed()
      return newestFirst.slice(offset, offset + limit).map((mac) => summary(mac)!)
    },
    machineCount: () => machines.size,
    caught: () =>
      [...machines.values()]
        .toReversed()
        .flatMap(({ mac, group, spec }) => (group === null ? [] : [{ mac, group, spec: spec ?? '' }])),
    summary,
    machine: (mac) => machines.get(mac),
    attempts: () => [...attempts.values()].map(summaryOf).toReversed(),
    attempt: (id) => attempts.get(id),
    body: (sum) => bodies.get(sum),
    bodies,
    onChange(listener) {
      changeListeners.add(listener)
      return () => void changeListeners.delete(listener)
    },
    onEnd(listener) {
      endListeners.add(listener)
      return () => void endListeners.delete(listener)
    },
    set(machine) {
      machines.set(machine.mac, machine)
      changed(machine.mac)
    },
    forget(mac) {
      machines.delete(mac)
      changed(mac)
    },
    end(attempt) {
      attempts.set(attempt.id, attempt)
      endListeners.forEach((listener) => listener(attempt))
    },
  }
}

export function attemptOf(mac: string, id: string, about: Partial<Attempt> = {}): Attempt {
  return {
    id,
    mac,
    state: 'booted',
    stage: 'done',
    startedAt: '2026-11-22T22:00:00.000Z',
    endedAt: '2026-11-22T22:00:21.500Z',
    durationMs: 21_500,
    diagnosis: { code: 'booted', text: 'It has booted', advice: '' },
    group: 'first node',
    spec: 'node',
    architecture: 'x64-uefi',
    bytes: 12_000_000,
    totalBytes: 12_000_000,
    entries: [
      { kind: 'discover', via: 'dhcp', title: 'DISCOVER', startMs: 0, durationMs: 0, outcome: 'ok', iface: 'br0' },
      {
        kind: 'read',
        via: 'tftp',
        title: 'snponly.efi',
        startMs: 900.5,
        durationMs: 80,
        outcome: 'ok',
        bytes: 300_000,
        resent: 2,
      },
      { kind: 'ipxe', via: 'http', title: '/ipxe', startMs: 3000, durationMs: null, outcome: 'going', status: 200 },
    ],
    labels: { mac, serial: 'R7' },
    uuid: null,
    address: '10.9.0.7',
    truncated: false,
    ...about,
  }
}

export function machineOf(mac: string, about: Partial<Machine> & { last?: AttemptSummary | null } = {}): Machine {
  const last = about.last ?? null
  return {
    mac,
    uuid: null,
    address: '10.9.0.7',
    hostname: null,
    group: 'first node',
    spec: 'node',
    known: true,
    lastSeenAt: '2026-11-22T22:00:21.500Z',
    last,
    labels: { mac },
    attempts: last === null ? [] : [last],
    ...about,
  }
}

export const NO_PROBLEMS: Checked = {
  problems: [],
  errors: 0,
  warnings: 0,
  behind: undefined,
  atMs: Date.UTC(2026, 10, 22, 22),
}

/** A value that others are told of when it changes. */
export function told<T>(first: T) {
  const listeners = new Set<() => void>()
  let value = first
  return {
    current: () => value,
    state: () => value,
    listen(listener: () => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    become(next: T) {
      value = next
      for (const listener of listeners) listener()
    },
  }
}

export function apiOn(snapshot: Snapshot, more: Partial<HttpDeps> = {}) {
  const boots = fakeBoots()
  const journal = createJournal()
  const problems = told(NO_PROBLEMS)
  const serving: StoreState = {
    snapshot,
    broken: new Map(),
    behind: undefined,
    loadedAtMs: Date.UTC(2026, 10, 22, 21),
    loads: { loaded: 1, refused: 0, failed: 0 },
  }
  const store = told(serving)
  const modules: ModuleState[] = [{ name: 'http', state: 'running', detail: 'http://localhost:8080' }]
  const status = { boots, problems, store, modules: () => modules, version: '1.2.3', listen: journal.listen }
  const app = appOn(snapshot, { status, report: journal.report, ...more })
  return { app, boots, journal, problems, store, modules }
}
