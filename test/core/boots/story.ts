/**
 * Boots as the rooms report them, in a few words: time is a number of seconds, and each step happens at the time that it
 * has got to.
 */
import type { Attempt } from '../../../src/core/boots/attempt.ts'
import {
  LIMITS,
  type RecorderEvents,
  type RecorderLimits,
  type Site,
} from '../../../src/core/boots/recorder-options.ts'
import { Recorder } from '../../../src/core/boots/recorder.ts'
import type { Group } from '../../../src/core/groups.ts'
import type { BootEvent, Purpose, Requested } from '../../../src/core/journal.ts'
import type { Spec } from '../../../src/core/specs.ts'
import { ValueMap } from '../../../src/core/value.ts'

export const MAC = '52:54:00:aa:bb:01'
export const UUID = '16e7d8a7-bfa9-428b-9117-363341bb330b'
export const ADDRESS = '10.9.0.100'
export const SCRIPT_URL = 'http://10.9.0.2:8080/boot.ipxe'
/** Half past one in the morning. */
export const WALL = Date.parse('2026-11-23T01:30:00.000Z')

const ABLE = { http: true, able: true }
const ROM = { http: true, able: false }
const IPXE = { able: ABLE, rom: ROM, plain: { http: false, able: false } }

export const GROUP: Group = { name: 'node', spec: 'node', require: [], metadata: ValueMap.from('any', []), line: 1 }

export const SPEC: Spec = {
  id: 'node',
  writtenId: 'node',
  boot: { kernel: '/assets/vmlinuz', initrd: ['/assets/initrd.gz'], cmdline: null },
  cloudId: '',
  ignitionId: 'node.yaml',
}

export interface StoryOptions {
  readonly site?: Partial<Site>
  readonly limits?: Partial<RecorderLimits>
  readonly events?: RecorderEvents
}

export class Story {
  readonly recorder: Recorder
  /** Attempts that have ended, as often as they did. */
  readonly ended: Attempt[] = []
  readonly saved: string[] = []
  #nowMs = 0
  #setByMs = 0
  #transfers = 0

  constructor({ site, limits }: StoryOptions = {}) {
    this.recorder = new Recorder(
      { spec: (id) => (id === SPEC.id ? SPEC : undefined), nearest: () => undefined, isKnown: () => false, ...site },
      { ...LIMITS, ...limits },
      { ended: (attempt) => this.ended.push(attempt), save: (line) => this.saved.push(line) },
      (nowMs) => WALL + this.#setByMs + nowMs,
    )
  }

  get nowMs(): number {
    return this.#nowMs
  }

  report(event: BootEvent): this {
    this.recorder.take(event, this.#nowMs)
    return this
  }

  /** Time passes, second by second. */
  wait(seconds: number): this {
    for (let left = seconds; left > 0; left--) {
      this.#nowMs += Math.min(left, 1) * 1000
      this.recorder.tick(this.#nowMs)
    }
    return this
  }

  /** The clock on the wall is wrong until somebody sets it. */
  setClock(byMs: number): this {
    this.#setByMs += byMs
    return this
  }

  discover(boot = 'snponly.efi', runs?: keyof typeof IPXE, mac = MAC): this {
    return this.report({
      type: 'asked',
      mac,
      uuid: UUID,
      iface: 'eth0',
      port: 67,
      architecture: runs === undefined ? 7 : 0,
      ipxe: runs && IPXE[runs],
      boot,
      answer: 'told',
      reason: 'because',
    })
  }

  askAgainAt4011(boot = 'snponly.efi'): this {
    return this.report({
      type: 'asked',
      mac: MAC,
      uuid: UUID,
      iface: 'eth0',
      port: 4011,
      architecture: 7,
      ipxe: undefined,
      boot,
      answer: 'told',
      reason: 'because',
    })
  }

  refuse(answer: 'nothing-fits' | 'silent', reason: string, runs?: keyof typeof IPXE): this {
    const ipxe = runs && IPXE[runs]
    const about = { mac: MAC, uuid: UUID, iface: 'eth0', port: 67, architecture: 7, boot: undefined } as const
    return this.report({ type: 'asked', ...about, ipxe, answer, reason })
  }

  address(address = ADDRESS, mac = MAC): this {
    return this.report({ type: 'address', mac, address })
  }

  /** @returns what ends it */
  begin(via: 'tftp' | 'http', file: string, totalBytes: number, address = ADDRESS) {
    const id = ++this.#transfers
    const from = via === 'http' ? 'assets' : 'firmware'
    this.report({ type: 'began', via, id, address, from, file, totalBytes, blockBytes: 1468, window: 4 })
    return {
      move: (bytes: number): this => this.report({ type: 'moved', via, id, bytes }),
      end: (outcome: 'whole' | 'part' | 'probe' | 'failed' = 'whole', bytes = totalBytes, reason?: string): this =>
        this.report({ type: 'ended', via, id, bytes, outcome, resent: 0, reason }),
    }
  }

  read(file = 'snponly.efi', address = ADDRESS): this {
    return this.begin('tftp', file, 284_672, address).end()
  }

  probe(file = 'snponly.efi'): this {
    return this.begin('tftp', file, 284_672).end('probe', 0)
  }

  download(file: string, totalBytes = 1000, address = ADDRESS): this {
    return this.begin('http', file, totalBytes, address).end()
  }

  request(purpose: Purpose, more: Partial<Requested> = {}): this {
    const path = purpose === 'script' ? '/boot.ipxe' : `/${purpose}`
    const about = { address: ADDRESS, path, status: 200, bytes: 100, ms: 1 }
    const labels = more.labels ?? new Map<string, string>()
    const query = new URLSearchParams([...labels]).toString()
    const nothing = { body: undefined, group: undefined, reason: undefined }
    return this.report({
      type: 'requested',
      purpose,
      query,
      labels,
      unconfigured: false,
      ...about,
      ...nothing,
      ...more,
    })
  }

  /** As iPXE asks: with its MAC and UUID. */
  ask(purpose: Purpose, more: Partial<Requested> = {}): this {
    return this.request(purpose, { labels: LABELS, group: GROUP, ...more })
  }

  /** From the offer to the script, as UEFI and snponly.efi do. */
  untilScript(): this {
    return this.discover().wait(4).address().probe().read().wait(1).read('autoexec.ipxe').request('script').ask('ipxe')
  }

  untilKernel(): this {
    return this.untilScript().download('vmlinuz', 8_000_000).download('initrd.gz', 60_000_000)
  }

  /** Of the machine, in full. */
  latest(mac = MAC): Attempt {
    const [summary] = this.recorder.overview.machine(mac, this.#nowMs)?.attempts ?? []
    if (summary === undefined) throw new Error(`nothing of ${mac}`)
    return this.recorder.overview.attempt(summary.id, this.#nowMs)!
  }

  /** `failed firmware firmware-silent` */
  verdict(mac = MAC): string {
    const { state, stage, diagnosis } = this.latest(mac)
    return `${state} ${stage} ${diagnosis.code}`
  }

  count(mac = MAC): number {
    return this.recorder.overview.machine(mac, this.#nowMs)?.attempts.length ?? 0
  }
}

export const LABELS = new Map([
  ['uuid', UUID],
  ['mac', MAC],
  ['domain', ''],
  ['hostname', 'node1'],
  ['serial', 'R7'],
])

/** `discover ok, offer ok, …` */
export function kinds({ entries }: Attempt): string {
  return entries
    .map(({ kind, outcome, count }) => `${kind} ${outcome}${count === undefined ? '' : ` x${count}`}`)
    .join(', ')
}
