/**
 * Groups, the order in which they are tried, and the index that finds one without trying them all.
 *
 * Pure. `GroupIndex.find` gives what `findByOrder` gives, only faster: a test holds them against each other.
 */
import type { Labels } from './labels.ts'
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
function matches(group: Group, labels: Labels): boolean {
  for (const { key, value } of group.require) if ((labels.get(key) ?? '') !== value) return false
  return true
}

/**
 * Groups as they are tried: most requirements first, then the greater requirement text in byte order, then the order
 * of the file.
 */
export function inOrderOfTrial(groups: readonly Group[]): readonly Group[] {
  const texts = new Map(groups.map((group) => [group, requirementText(group)]))
  return groups.toSorted(
    (a, b) => b.require.length - a.require.length || compareBytes(texts.get(b)!, texts.get(a)!), // sorting is stable
  )
}

/** The reference: try one after the other. */
export function findByOrder(ordered: readonly Group[], labels: Labels): Group | undefined {
  return ordered.find((group) => matches(group, labels))
}

interface Ranked {
  readonly group: Group
  /** Place in the order of trial. */
  readonly rank: number
}

/**
 * Every group that requires something stands in one bucket: under that one of its requirements which the fewest groups
 * share. A look-up visits a bucket per indexed key, so a hundred thousand groups that each require a mac cost what one does.
 */
export class GroupIndex {
  /** In order of trial. */
  readonly groups: readonly Group[]
  readonly #byKey: readonly (readonly [key: string, buckets: ReadonlyMap<string, readonly Ranked[]>])[]
  readonly #fallback: Group | undefined

  constructor(groups: readonly Group[]) {
    this.groups = inOrderOfTrial(groups)
    this.#byKey = [...bucketsOf(this.groups)]
    this.#fallback = this.groups.find((group) => group.require.length === 0)
  }

  find(labels: Labels): Group | undefined {
    let best: Ranked | undefined
    for (const [key, buckets] of this.#byKey) {
      const bucket = buckets.get(labels.get(key) ?? '')
      if (bucket === undefined) continue
      for (const candidate of bucket) {
        if (best !== undefined && candidate.rank > best.rank) break
        if (!matches(candidate.group, labels)) continue
        best = candidate
        break
      }
    }
    return best?.group ?? this.#fallback
  }
}

function bucketsOf(ordered: readonly Group[]): Map<string, Map<string, Ranked[]>> {
  const shares = countShares(ordered)
  const byKey = new Map<string, Map<string, Ranked[]>>()
  for (const [rank, group] of ordered.entries()) {
    const rarest = rarestOf(group.require, shares)
    if (rarest === undefined) continue
    const buckets = getOrAdd(byKey, rarest.key, () => new Map<string, Ranked[]>())
    getOrAdd(buckets, rarest.value, () => []).push({ group, rank })
  }
  return byKey
}

type Shares = ReadonlyMap<string, ReadonlyMap<string, number>>

function countShares(groups: readonly Group[]): Shares {
  const shares = new Map<string, Map<string, number>>()
  for (const group of groups) {
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
