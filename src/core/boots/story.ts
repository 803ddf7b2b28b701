/**
 * The entries of an attempt, by what rules ask of them, and the words that they are told in. Pure.
 */
import { isBootScriptUrl } from '../urls.ts'
import type { Diagnosis, Entry, Stage, State } from './attempt.ts'
import { missingOf, type Plan } from './plan.ts'

/** What a rule has to say. */
export type Finding = Omit<Diagnosis, 'code'>

/** What the rules look at. */
export interface Facts {
  readonly key: string
  readonly state: State
  readonly stage: Stage
  readonly entries: readonly Entry[]
  readonly plan: Plan | undefined
  readonly overtaken: boolean
  readonly startedMs: number
  readonly endedMs: number | undefined
}

/** Title of a DISCOVER that iPXE sent. */
export const BY_IPXE = 'DISCOVER by iPXE'

/** Reasons that the recorder writes and the rules know. */
export const REASON = {
  silent: 'no group requires its mac or uuid, and -answer is known',
  noHttp: 'its iPXE has no HTTP',
} as const

export class Story {
  readonly facts: Facts
  readonly nearest: () => string | undefined

  constructor(facts: Facts, nearest: () => string | undefined) {
    this.facts = facts
    this.nearest = nearest
  }

  last(...kinds: readonly Entry['kind'][]): Entry | undefined {
    return this.facts.entries.findLast((entry) => kinds.includes(entry.kind))
  }

  has(kind: Entry['kind'], outcome: Entry['outcome'] = 'ok'): boolean {
    return this.facts.entries.some((entry) => entry.kind === kind && entry.outcome === outcome)
  }

  count(kind: Entry['kind'], outcome: Entry['outcome'] = 'ok'): number {
    const alike = this.facts.entries.filter((entry) => entry.kind === kind && entry.outcome === outcome)
    return alike.reduce((sum, entry) => sum + (entry.count ?? 1), 0)
  }

  /** Kernel and initrds that were not sent whole. */
  missing(): readonly string[] {
    const { plan, entries } = this.facts
    return plan === undefined ? [] : missingOf(plan, entries)
  }

  /** An iPXE runs there, and knows where its script is. */
  get runsIpxe(): boolean {
    return this.has('autoexec') || this.facts.entries.some(namesScript)
  }

  get hasScript(): boolean {
    return this.has('script') || this.has('ipxe')
  }

  get durationMs(): number {
    return (this.facts.endedMs ?? this.facts.startedMs) - this.facts.startedMs
  }
}

function namesScript({ kind, outcome, file }: Entry): boolean {
  return kind === 'offer' && outcome === 'ok' && file !== undefined && isBootScriptUrl(file)
}

/** A program that was read so often, without a script after it, leads nowhere. */
const LOOP_READS = 3

/** The program that an attempt reads again and again without asking for its script, if it does. */
export function loopOf(entries: readonly Entry[]): { readonly title: string; readonly reads: number } | undefined {
  if (entries.some(({ kind }) => kind === 'script' || kind === 'ipxe')) return undefined
  const reads = new Map<string, number>()
  for (const { kind, outcome, title, count = 1 } of entries) {
    if (kind === 'read' && outcome === 'ok') reads.set(title, (reads.get(title) ?? 0) + count)
  }
  for (const [title, count] of reads) if (count >= LOOP_READS) return { title, reads: count }
  return undefined
}

export function isConfig(kind: Entry['kind']): boolean {
  return kind === 'ignition' || kind === 'cloud'
}

export function ofSpec({ facts }: Story): string {
  const spec = facts.entries.findLast((entry) => entry.spec !== undefined)?.spec
  return spec === undefined ? '' : ` (spec ${JSON.stringify(spec)} names it)`
}

export function progress({ bytes = 0, totalBytes }: Entry): string {
  return totalBytes === undefined ? formatBytes(bytes) : `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`
}

function formatBytes(bytes: number): string {
  if (bytes < 10_000) return `${bytes} B`
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}

export function formatSeconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`
}
