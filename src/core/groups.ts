/**
 * Groups, the order in which they are tried, and the index that finds one without trying them all.
 *
 * Pure. `GroupIndex.find` gives what `findByOrder` gives, only faster: a test holds them against each other.
 */
import type { Labels } from './labels.ts'
import { atOnce, inTurns, type Pause, type Steps } from './turns.ts'
import { compareBytes } from './utf8.ts'
import type { ValueMap } from './value.ts'

export interface Requirement {
  readonly key: string
  readonly value: string
}

export interface Group {
  /** Optional in the file; empty when it was left out. */
  readonly name: string
  /** Id of the spec, which may not exist. */
  readonly spec: string
  /** In byte order of `key=value`. Empty: matches every machine. */
  readonly require: readonly Requirement[]
  readonly metadata: ValueMap
  /** Line of the groups file on which the group starts. */
  readonly line: number
}

/** `k=v,k=v` of the requirements: two groups with the same text catch the same machines. */
export function requirementText(group: Group): string {
  return group.require.map((r) => `${r.key}=${r.value}`).join(',')
}

/** How people call a group: by its name, else by what it requires. */
export function groupLabel(group: Group): string {
  return group.name || (group.require.length === 0 ? 'the default group' : requirementText(group))
}

/** All requirements hold; a label that is absent reads as the empty string. */
function meets(require: readonly Requirement[], labels: Labels): boolean {
  for (const { key, value } of require) if ((labels.get(key) ?? '') !== value) return false
  return true
}

/**
 * Groups as they are tried: most requirements first, then the greater requirement text in byte order, then the order
 * of the file.
 */
export function inOrderOfTrial(groups: readonly Group[]): readonly Group[] {
  return atOnce(ordering(groups))
}

/** The reference: try one after the other. */
export function findByOrder(ordered: readonly Group[], labels: Labels): Group | undefined {
  return ordered.find(({ require }) => meets(require, labels))
}

/** Groups looked at between two pauses: some ten milliseconds. */
const GROUPS_A_TURN = 5000

/** A group in its bucket. */
interface Ranked {
  readonly group: Group
  /** Place in the order of trial. */
  readonly rank: number
  /** That is tried after it. */
  readonly next: Ranked | undefined
  /** What it requires beside that which its bucket stands for: the first of it at hand, since each step costs a look into far memory. */
  readonly key: string | undefined
  readonly value: string | undefined
  readonly more: readonly Requirement[]
}

/** The first of each bucket, by the value that all in it require. A list: most hold one group, and an array costs five times that. */
type Buckets = Map<string, Ranked>

/**
 * Every group that requires something stands in one bucket: under that one of its requirements which the fewest groups
 * share. A look-up visits a bucket per indexed key, so a hundred thousand groups that each require a mac cost what one does.
 */
export class GroupIndex {
  /** In order of trial. */
  readonly groups: readonly Group[]
  readonly #byKey: readonly (readonly [key: string, buckets: Readonly<Buckets>])[]
  readonly #fallback: Group | undefined

  constructor(groups: readonly Group[], indexed: Indexed = atOnce(indexing(groups))) {
    this.groups = indexed.ordered
    this.#byKey = [...indexed.byKey]
    this.#fallback = this.groups.find((group) => group.require.length === 0)
  }

  /** As the constructor, but many groups take many turns, so that nobody waits long for theirs. */
  static async build(groups: readonly Group[], pause: Pause): Promise<GroupIndex> {
    return new GroupIndex(groups, await inTurns(indexing(groups), pause))
  }

  find(labels: Labels): Group | undefined {
    let best: Ranked | undefined
    for (const [key, buckets] of this.#byKey) {
      let candidate = buckets.get(labels.get(key) ?? '')
      for (; candidate !== undefined; candidate = candidate.next) {
        if (best !== undefined && candidate.rank > best.rank) break
        if (!matchesRest(candidate, labels)) continue
        best = candidate
        break
      }
    }
    return best?.group ?? this.#fallback
  }
}

function matchesRest({ key, value, more }: Ranked, labels: Labels): boolean {
  if (key === undefined) return true
  return (labels.get(key) ?? '') === value && meets(more, labels)
}

/** Tells whether some group could be meant for this machine. */
export type IsKnown = (machine: { readonly mac: string; readonly uuid: string | undefined }) => boolean

/**
 * Whether a group requires a mac or a uuid, and each of them that it requires is the machine's; its other requirements
 * are left aside, since firmware tells nothing else. A uuid counts in lower case.
 */
export function knownMachines(groups: readonly Group[]): IsKnown {
  /** `mac`, `mac uuid` or ` uuid`, as groups require them: a mac has no space in it. */
  const known = new Set<string>()
  for (const { require } of groups) {
    const mac = require.find(({ key }) => key === 'mac')?.value
    const uuid = require.find(({ key }) => key === 'uuid')?.value.toLowerCase()
    if (uuid !== undefined) known.add(`${mac ?? ''} ${uuid}`)
    else if (mac !== undefined) known.add(mac)
  }
  return ({ mac, uuid }) => {
    if (known.has(mac)) return true
    const id = uuid?.toLowerCase()
    return id !== undefined && (known.has(`${mac} ${id}`) || known.has(` ${id}`))
  }
}

interface Trial {
  readonly group: Group
  readonly text: string
}

function compareTrials(a: Trial, b: Trial): number {
  return b.group.require.length - a.group.require.length || compareBytes(b.text, a.text)
}

/** A merge sort from the bottom up, since an array's own makes no pauses; stable as that is. */
function* ordering(groups: readonly Group[]): Steps<readonly Group[]> {
  let runs: Trial[][] = []
  for (let at = 0; at < groups.length; at += GROUPS_A_TURN) {
    const run = groups.slice(at, at + GROUPS_A_TURN).map((group) => ({ group, text: requirementText(group) }))
    runs.push(run.toSorted(compareTrials))
    yield
  }
  while (runs.length > 1) {
    const longer: Trial[][] = []
    for (let at = 0; at < runs.length; at += 2) longer.push(yield* merged(runs[at]!, runs[at + 1] ?? []))
    runs = longer
  }
  return (runs[0] ?? []).map(({ group }) => group)
}

function* merged(a: readonly Trial[], b: readonly Trial[]): Steps<Trial[]> {
  const both: Trial[] = []
  for (let [atA, atB] = [0, 0]; atA < a.length || atB < b.length;) {
    if (both.length % GROUPS_A_TURN === 0) yield
    const fromA = atB === b.length || (atA < a.length && compareTrials(a[atA]!, b[atB]!) <= 0)
    both.push(fromA ? a[atA++]! : b[atB++]!)
  }
  return both
}

interface Indexed {
  readonly ordered: readonly Group[]
  readonly byKey: ReadonlyMap<string, Buckets>
}

function* indexing(groups: readonly Group[]): Steps<Indexed> {
  const shares = yield* countShares(groups)
  const ordered = yield* ordering(groups)
  const byKey = new Map<string, Buckets>()
  for (let rank = ordered.length - 1; rank >= 0; rank--) {
    if (rank % GROUPS_A_TURN === 0) yield
    const group = ordered[rank]!
    const rarest = rarestOf(group.require, shares)
    if (rarest === undefined) continue
    const buckets = getOrAdd(byKey, rarest.key, () => new Map<string, Ranked>())
    const [first, ...more] = group.require.filter((requirement) => requirement !== rarest)
    const rest = { key: first?.key, value: first?.value, more: more.length === 0 ? NO_MORE : more }
    buckets.set(rarest.value, { group, rank, next: buckets.get(rarest.value), ...rest })
  }
  return { ordered, byKey }
}

const NO_MORE: readonly Requirement[] = []

type Shares = ReadonlyMap<string, ReadonlyMap<string, number>>

function* countShares(groups: readonly Group[]): Steps<Shares> {
  const shares = new Map<string, Map<string, number>>()
  for (const [at, group] of groups.entries()) {
    if (at % GROUPS_A_TURN === 0) yield
    for (const { key, value } of group.require) {
      const counts = getOrAdd(shares, key, () => new Map<string, number>())
      counts.set(value, (counts.get(value) ?? 0) + 1)
    }
  }
  return shares
}

/** The requirement that the fewest groups share; between equals the key with more values, so that few keys are indexed. */
function rarestOf(require: readonly Requirement[], shares: Shares): Requirement | undefined {
  let rarest: Requirement | undefined
  let rarestCount = Infinity
  let rarestValues = 0
  for (const requirement of require) {
    const counts = shares.get(requirement.key)!
    const count = counts.get(requirement.value)!
    if (count > rarestCount || (count === rarestCount && counts.size <= rarestValues)) continue
    rarest = requirement
    rarestCount = count
    rarestValues = counts.size
  }
  return rarest
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}
