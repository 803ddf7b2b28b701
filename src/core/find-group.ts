/**
 * The index that finds a machine's group without trying them all.
 *
 * Pure. `GroupIndex.find` gives what `findByOrder` gives, only faster: a test holds them against each other.
 */
import { type Group, GROUPS_A_TURN, meets, ordering, type Requirement } from './groups.ts'
import type { Labels } from './labels.ts'
import { TextTable } from './text-table.ts'
import { atOnce, inTurns, type Pause, type Steps } from './turns.ts'

/** A group in its bucket. */
interface Ranked {
  /** The value that its bucket stands for. */
  readonly text: string
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
type Buckets = TextTable<Ranked>

/**
 * Every group that requires something stands in one bucket: under that one of its requirements which the fewest groups
 * share. A look-up visits a bucket per indexed key, so a hundred thousand groups that each require a mac cost what one does.
 */
export class GroupIndex {
  /** In order of trial. */
  readonly groups: readonly Group[]
  readonly #byKey: readonly (readonly [key: string, buckets: Buckets])[]
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
    const buckets = getOrAdd(byKey, rarest.key, () => new TextTable<Ranked>())
    const [first, ...more] = group.require.filter((requirement) => requirement !== rarest)
    const rest = { key: first?.key, value: first?.value, more: more.length === 0 ? NO_MORE : more }
    buckets.set({ text: rarest.value, group, rank, next: buckets.get(rarest.value), ...rest })
  }
  return { ordered, byKey }
}

const NO_MORE: readonly Requirement[] = []

/** How many groups require a value of a key. */
interface Share {
  readonly text: string
  groups: number
}

type Shares = ReadonlyMap<string, TextTable<Share>>

function* countShares(groups: readonly Group[]): Steps<Shares> {
  const shares = new Map<string, TextTable<Share>>()
  for (const [at, group] of groups.entries()) {
    if (at % GROUPS_A_TURN === 0) yield
    for (const { key, value } of group.require) {
      const values = getOrAdd(shares, key, () => new TextTable<Share>())
      const share = values.get(value)
      if (share === undefined) values.set({ text: value, groups: 1 })
      else share.groups += 1
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
    const values = shares.get(requirement.key)!
    const count = values.get(requirement.value)!.groups
    if (count > rarestCount || (count === rarestCount && values.size <= rarestValues)) continue
    rarest = requirement
    rarestCount = count
    rarestValues = values.size
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
