/**
 * The story behind a match: which group catches a machine, and why each other one did not.
 *
 * Pure, one pass over all groups. Who wins is `GroupIndex.find`'s word; here it is only told.
 */
import type { GroupIndex } from './find-group.ts'
import { type Group, groupLabel, type Requirement, requirementText } from './groups.ts'
import type { Labels } from './labels.ts'

/** A requirement that a machine does not meet. */
interface Difference extends Requirement {
  /** What the machine says; undefined when it says nothing of that name. */
  readonly got: string | undefined
  /** Only upper and lower case differ. */
  readonly onlyCase: boolean
}

export type Lost =
  | { readonly group: Group; readonly why: 'differs'; readonly differences: readonly Difference[] }
  /** It matches too, but the winner is tried first (see `inOrderOfTrial`). */
  | { readonly group: Group; readonly why: 'fewer-requirements' | 'lesser-text' | 'later-in-file' }

export interface MatchStory {
  readonly winner: Group | undefined
  /** Those that match too, then those that are nearest to matching. */
  readonly lost: readonly Lost[]
  /** How many lost in all. */
  readonly lostCount: number
}

/** More are not told. */
const LOST_MAX = 20

export function matchStory(index: GroupIndex, labels: Labels, lostMax = LOST_MAX): MatchStory {
  const winner = index.find(labels)
  const lost = nearest(index.groups, labels, lostMax, winner).map((group) => whyLost(group, labels, winner))
  return { winner, lost, lostCount: index.groups.length - (winner === undefined ? 0 : 1) }
}

/** The group that all but matches a machine which none does, and what differs. */
export function closest(groups: readonly Group[], labels: Labels): (Lost & { why: 'differs' }) | undefined {
  const [group] = nearest(groups, labels, 1)
  return group && { group, why: 'differs', differences: differencesOf(group, labels) }
}

/** `group "node1" wants mac=52:54:00:89:d8:10, not 52:54:00:89:d8:11` */
export function describeLost(lost: Lost): string {
  const group = `group ${JSON.stringify(groupLabel(lost.group))}`
  if (lost.why !== 'differs') return `${group} ${MATCHES_TOO[lost.why]}`
  return `${group} wants ${lost.differences.map(describeDifference).join('; ')}`
}

const MATCHES_TOO: Record<Exclude<Lost['why'], 'differs'>, string> = {
  'fewer-requirements': 'matches too, but requires less',
  'lesser-text': 'matches too and requires as much, but the greater text of requirements is tried first',
  'later-in-file': 'requires the same, but stands later in the file',
}

function describeDifference({ key, value, got, onlyCase }: Difference): string {
  if (got === undefined) return `${key}=${value}, which the machine does not say`
  return `${key}=${value}, not ${got === '' ? 'an empty one' : got}${onlyCase ? ' (differs only in case)' : ''}`
}

/**
 * What each requirement adds to a group's distance. So a group with the machine's mac and something else is nearer than one
 * with another mac, and one with a slip of the pen in its mac is nearer than one that means another machine.
 */
const DISTANCE = { met: -2, onlyCase: 0, slip: 1, absent: 3, differs: 4 } as const

interface Near {
  readonly group: Group
  readonly distance: number
}

/** Nearest first; at the same distance in the order of the groups. Of a hundred thousand it makes only a few objects. */
function nearest(groups: readonly Group[], labels: Labels, max: number, winner?: Group): Group[] {
  const found: Near[] = []
  for (const group of groups) {
    if (group === winner) continue
    const distance = distanceOf(group, labels)
    if (found.length === max && distance >= found[max - 1]!.distance) continue
    let at = found.length
    while (at > 0 && found[at - 1]!.distance > distance) at -= 1
    found.splice(at, 0, { group, distance })
    if (found.length > max) found.pop()
  }
  return found.map(({ group }) => group)
}

/** @returns -Infinity when it matches */
function distanceOf({ require }: Group, labels: Labels): number {
  let distance = 0
  let isMatch = true
  for (const { key, value } of require) {
    const step = stepOf(value, labels.get(key))
    distance += DISTANCE[step]
    if (step !== 'met') isMatch = false
  }
  return isMatch ? -Infinity : distance
}

function stepOf(wanted: string, got: string | undefined): keyof typeof DISTANCE {
  if ((got ?? '') === wanted) return 'met'
  if (got === undefined) return 'absent'
  if (isCaseOnly(wanted, got)) return 'onlyCase'
  return isSlip(wanted, got) ? 'slip' : 'differs'
}

function isCaseOnly(wanted: string, got: string): boolean {
  return wanted.length === got.length && wanted.toLowerCase() === got.toLowerCase()
}

const SLIP_CHARACTERS_MAX = 2
/** Between shorter texts everything looks like a slip. */
const SLIP_LENGTH_MIN = 6

/** Two characters that stand together, or one, are wrong, missing or too many. */
function isSlip(wanted: string, got: string): boolean {
  const [shorter, longer] = wanted.length < got.length ? [wanted, got] : [got, wanted]
  if (shorter.length < SLIP_LENGTH_MIN || longer.length - shorter.length > SLIP_CHARACTERS_MAX) return false
  let head = 0
  while (head < shorter.length && shorter.charCodeAt(head) === longer.charCodeAt(head)) head += 1
  const [endShorter, endLonger] = [shorter.length - 1, longer.length - 1]
  let tail = 0
  while (
    tail < shorter.length - head &&
    shorter.charCodeAt(endShorter - tail) === longer.charCodeAt(endLonger - tail)
  ) {
    tail += 1
  }
  return longer.length - head - tail <= SLIP_CHARACTERS_MAX
}

function differencesOf({ require }: Group, labels: Labels): Difference[] {
  return require.flatMap(({ key, value }) => {
    const got = labels.get(key)
    if ((got ?? '') === value) return []
    return [{ key, value, got, onlyCase: got !== undefined && isCaseOnly(value, got) }]
  })
}

function whyLost(group: Group, labels: Labels, winner: Group | undefined): Lost {
  const differences = differencesOf(group, labels)
  if (differences.length > 0 || winner === undefined) return { group, why: 'differs', differences }
  if (group.require.length < winner.require.length) return { group, why: 'fewer-requirements' }
  return { group, why: requirementText(group) === requirementText(winner) ? 'later-in-file' : 'lesser-text' }
}
