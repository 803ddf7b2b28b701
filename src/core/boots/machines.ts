/**
 * The machines that are remembered, and which of them a request is of. Bounded: the one heard of longest ago is forgotten.
 *
 * A machine goes by its MAC; one whose MAC nobody knows yet by `address:` and its address.
 */
import type { Requested } from '../journal.ts'
import type { Labels } from '../labels.ts'
import { normalizeMac } from '../mac.ts'
import { AgedMap } from './aged-map.ts'
import type { AttemptSummary } from './attempt.ts'
import type { LiveAttempt } from './live.ts'
import { Names } from './names.ts'
import { keptLabels, shown } from './shown.ts'

export interface MachineRecord {
  readonly key: string
  uuid: string | undefined
  address: string | undefined
  /** That the labels came by: the same again tells nothing new. */
  query: string | undefined
  labels: Labels
  group: string | undefined
  spec: string | undefined
  /** In the time of events. */
  heardMs: number
  live: LiveAttempt | undefined
  /** Ids of those that are over, the latest last. */
  past: string[]
  /** The last of those. */
  last: AttemptSummary | undefined
}

export interface MachinesEvents {
  readonly forgotten: (machine: MachineRecord) => void
  /** One that went by its address is this machine. */
  readonly named: (nameless: MachineRecord, machine: MachineRecord, nowMs: number) => void
}

/** The names that a machine has at most: an address and a UUID. */
const NAMES_PER_MACHINE = 2

/** Longer ones are looked into again and again. */
const QUERY_MAX = 500

const NO_LABELS: Labels = new Map()

export class Machines {
  /** By key, the one heard of longest ago first. */
  readonly #records = new AgedMap<string, MachineRecord>()
  readonly #names: Names
  /** MACs of network cards that a machine does not boot by: the key that it goes by. */
  readonly #otherMacs = new Map<string, string>()
  readonly #max: number
  readonly #events: MachinesEvents
  #newest: MachineRecord | undefined

  constructor(max: number, events: MachinesEvents) {
    this.#max = max
    this.#events = events
    this.#names = new Names(max * NAMES_PER_MACHINE)
  }

  get(key: string): MachineRecord | undefined {
    return this.#records.get(key)
  }

  get count(): number {
    return this.#records.size
  }

  /** The one heard of last first. */
  all(): MachineRecord[] {
    return [...this.#records.values()].toReversed()
  }

  /** The machine, made if need be, now the one heard of last. */
  heard(key: string, nowMs: number): MachineRecord {
    const machine = this.#newest?.key === key ? this.#newest : this.#touch(key)
    machine.heardMs = nowMs
    return machine
  }

  /** It boots by this MAC, whichever its iPXE said before. */
  bootsBy(mac: string, nowMs: number): MachineRecord {
    this.#otherMacs.delete(mac)
    return this.heard(mac, nowMs)
  }

  /** The machine that an HTTP request is of. */
  ofRequest({ purpose, labels, path, address }: Requested, nowMs: number): MachineRecord {
    const uuid = labels.get('uuid')
    if (purpose === 'pixiecore') {
      // Pixiecore asks for it, from an address of its own.
      const mac = normalizeMac(path.slice(path.lastIndexOf('/') + 1))
      return mac === undefined ? this.ofAddress(address, nowMs) : this.heard(mac, nowMs)
    }
    const mac = labels.get('mac')
    if (mac === undefined) return this.ofAddress(address, nowMs, uuid)
    const there = this.#names.get(address)
    const key = this.#otherMacs.get(mac) ?? mac
    if (there !== undefined && there !== key && this.#boots(there, uuid)) {
      // It boots by another of its network cards than the one that iPXE counts as the first.
      this.#otherMacs.set(mac, there)
      if (this.#otherMacs.size > this.#max) this.#otherMacs.clear()
      return this.heard(there, nowMs)
    }
    const machine = this.heard(key, nowMs)
    if (machine.address === address && there === key) return machine
    this.#names.claim(address, key, nowMs)
    if (this.#names.get(address) === key) this.#moveTo(machine, address, nowMs)
    return machine
  }

  ofAddress(address: string, nowMs: number, uuid?: string): MachineRecord {
    const key = this.#names.get(address) ?? (uuid && this.#names.get(byUuid(uuid)))
    const machine = this.heard(key ?? byAddress(address), nowMs)
    machine.address ??= address
    return machine
  }

  /** DHCP says that it has this address. */
  hasAddress(machine: MachineRecord, address: string, nowMs: number): void {
    this.#names.give(address, machine.key, nowMs)
    this.#moveTo(machine, address, nowMs)
  }

  /** iPXE says all that it knows of the machine; what asks later, often no more than who it is. */
  learn(machine: MachineRecord, { purpose, query, labels }: Requested, nowMs: number): void {
    if (query === machine.query || labels.size === 0) return
    machine.query = shown(query, QUERY_MAX)
    machine.labels = keptLabels(purpose === 'ipxe' ? labels : new Map([...machine.labels, ...labels]))
    const uuid = machine.labels.get('uuid')
    if (uuid === undefined) return
    machine.uuid = uuid
    this.#names.claim(byUuid(uuid), machine.key, nowMs)
  }

  forget(machine: MachineRecord): void {
    const { key, address, uuid } = machine
    this.#records.delete(key)
    if (this.#newest === machine) this.#newest = undefined
    if (address !== undefined) this.#names.drop(address, key)
    if (uuid !== undefined) this.#names.drop(byUuid(uuid), key)
    this.#events.forgotten(machine)
  }

  #moveTo(machine: MachineRecord, address: string, nowMs: number): void {
    if (machine.address !== undefined && machine.address !== address) this.#names.drop(machine.address, machine.key)
    machine.address = address
    const nameless = this.#records.get(byAddress(address))
    if (nameless !== undefined) this.#events.named(nameless, machine, nowMs)
  }

  /** It is on its way, and this is its UUID. */
  #boots(key: string, uuid: string | undefined): boolean {
    const machine = this.#records.get(key)
    return uuid !== undefined && machine?.uuid === uuid && machine.live?.hasBegun === true
  }

  #touch(key: string): MachineRecord {
    const machine = this.#records.get(key) ?? newRecord(key)
    this.#records.renew(key, machine)
    this.#newest = machine
    const forgotten = this.#records.size > this.#max ? this.#records.removeOldest() : undefined
    if (forgotten !== undefined) this.forget(forgotten[1])
    return machine
  }
}

function newRecord(key: string): MachineRecord {
  const nothing = { uuid: undefined, address: undefined, query: undefined, group: undefined, spec: undefined }
  return { key, ...nothing, labels: NO_LABELS, heardMs: 0, live: undefined, past: [], last: undefined }
}

/** Nobody knows its MAC. */
export function isNameless(key: string): boolean {
  return key.startsWith(BY_ADDRESS)
}

const BY_ADDRESS = 'address:'

function byAddress(address: string): string {
  return `${BY_ADDRESS}${shown(address)}`
}

function byUuid(uuid: string): string {
  return `uuid ${uuid}`
}
