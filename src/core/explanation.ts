/**
 * What a machine would get and why, as a value: the JSON of `bootcfg explain -json` and `/api/explain`
 * (docs/explain.schema.json). `explanation-text.ts` makes it text for people.
 */
import { type Group, groupLabel } from './groups.ts'
import { describeLost, type Lost, type MatchStory } from './match-story.ts'

export interface Explanation {
  readonly machine: {
    readonly mac: string | null
    readonly uuid: string | null
    readonly architecture: string | null
    /** As requests say them, normalized. */
    readonly labels: Readonly<Record<string, string>>
  }
  readonly server: {
    /** Under which the machine reaches this server. */
    readonly url: string
    /** Of the interface that it asks by. */
    readonly address: string
    /** There is no such interface now: the address stands in for its own. */
    readonly assumed: boolean
  }
  readonly group: GroupShown | null
  /** Groups that match too, then those that are nearest to matching. */
  readonly lost: readonly LostShown[]
  /** How many lost in all. */
  readonly lostCount: number
  /** Null where DHCP does not answer, or nobody asked for it. */
  readonly dhcp: readonly DhcpShown[] | null
  /** What the firmware, and then iPXE, reads next to itself; null as `dhcp`. */
  readonly files: readonly FileShown[] | null
  readonly http: readonly HttpShown[]
  /** Kernel and initrds of its spec that are below `/assets/`; null where assets are switched off. */
  readonly assets: readonly AssetShown[] | null
  /** What is configured and fails, a sentence each. */
  readonly problems: readonly string[]
}

interface GroupShown {
  readonly name: string
  /** Of the groups file. */
  readonly line: number
  readonly spec: string
}

interface LostShown extends GroupShown {
  readonly why: Lost['why']
  readonly differences: readonly {
    readonly key: string
    readonly wanted: string
    readonly got: string | null
    readonly onlyCase: boolean
  }[]
  readonly text: string
}

export interface DhcpShown {
  readonly runs: 'firmware' | 'ipxe'
  readonly port: 67 | 4011
  readonly request: Packet
  readonly reply: (Packet & { readonly to: string; readonly file: string }) | null
  readonly reason: string | null
}

/** `text` has a field or option a line. */
interface Packet {
  readonly hex: string
  readonly text: readonly string[]
}

export interface FileShown {
  readonly by: 'tftp' | 'http'
  /** As it is asked for. */
  readonly name: string
  /** Of what is sent; null when nothing is. */
  readonly content: Content | null
  readonly reason: string | null
}

export interface HttpShown {
  /** Path and query. */
  readonly target: string
  readonly status: number
  readonly type: string
  readonly content: Content
  readonly reason: string | null
}

export interface AssetShown {
  readonly target: string
  readonly bytes: number | null
  readonly reason: string | null
}

/** Bytes as they are sent. Of a program, which nobody reads, only size and sum are shown. */
export interface Content {
  readonly bytes: number
  readonly sha256: string
  /** Where they are text. */
  readonly text?: string
  /** Where they are not. */
  readonly base64?: string
}

export function showMatch({ winner, lost, lostCount }: MatchStory): Pick<Explanation, 'group' | 'lost' | 'lostCount'> {
  return { group: winner === undefined ? null : showGroup(winner), lost: lost.map(showLost), lostCount }
}

function showGroup(group: Group): GroupShown {
  return { name: groupLabel(group), line: group.line, spec: group.spec }
}

function showLost(lost: Lost): LostShown {
  const differences = lost.why === 'differs' ? lost.differences : []
  const shown = differences.map(({ key, value, got, onlyCase }) => ({ key, wanted: value, got: got ?? null, onlyCase }))
  return { ...showGroup(lost.group), why: lost.why, differences: shown, text: describeLost(lost) }
}
