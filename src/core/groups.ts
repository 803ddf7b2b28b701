/**
 * Groups, and the order in which they are tried; `find-group.ts` finds one without trying them all. Pure.
 */
import type { Labels } from './labels.ts'
import { atOnce, type Steps } from './turns.ts'
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
  /** The number of the template that was seen to give this group JSON which is served as it is: noted by `configs.ts`. */
  sound?: number | undefined
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
export function meets(require: readonly Requirement[], labels: Labels): boolean {
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
export const GROUPS_A_TURN = 5000

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
export function* ordering(groups: readonly Group[]): Steps<readonly Group[]> {
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
