/**
 * `/api/groups`: the groups in the order in which they are tried, and which machines each caught. Pure.
 */
import type { Caught } from '../../core/boots/overview.ts'
import { shown, shownGroupLabel } from '../../core/boots/shown.ts'
import { type Group, groupLabel } from '../../core/groups.ts'
import { type Page, pageOf } from './query.ts'

/** Machines listed for one group; more are counted. */
const MACHINES_MAX = 100

export function groupList(
  groups: readonly Group[],
  machines: readonly Caught[],
  { caught, ...page }: Page & { readonly caught: boolean },
) {
  const macs = macsByGroup(machines)
  const caughtBy = (group: Group): readonly string[] => macs.get(keyOf(shownGroupLabel(group), shown(group.spec))) ?? []
  const { items, page: part } = pageOf(caught ? groups.filter((group) => caughtBy(group).length > 0) : groups, page)
  return {
    groups: items.map((group) => ({
      label: groupLabel(group),
      name: group.name,
      spec: group.spec,
      require: Object.fromEntries(group.require.map(({ key, value }) => [key, value])),
      line: group.line,
      machines: caughtBy(group).slice(0, MACHINES_MAX),
      machineCount: caughtBy(group).length,
    })),
    ...part,
  }
}

/** Machines know their group by its label. */
function macsByGroup(machines: readonly Caught[]): ReadonlyMap<string, readonly string[]> {
  const macs = new Map<string, string[]>()
  for (const { mac, group, spec } of machines) {
    const key = keyOf(group, spec)
    const known = macs.get(key)
    if (known === undefined) macs.set(key, [mac])
    else known.push(mac)
  }
  return macs
}

function keyOf(group: string, spec: string): string {
  return `${group}\0${spec}`
}
