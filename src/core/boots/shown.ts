/**
 * Text from the network as it is kept: printable ASCII, of limited length, holding on to nothing longer that it was cut from.
 */
import { type Group, groupLabel } from '../groups.ts'
import type { Labels } from '../labels.ts'
import { printable } from '../log.ts'
import { ownText } from '../own-text.ts'

const TEXT_MAX = 200
const LABELS_MAX = 40

export function shown(text: string, lengthMax = TEXT_MAX): string {
  return ownText(printable(text, lengthMax))
}

const groupLabels = new WeakMap<Group, string>()

/** What a machine's group goes by. Made once for each. */
export function shownGroupLabel(group: Group): string {
  const known = groupLabels.get(group)
  if (known !== undefined) return known
  const label = shown(groupLabel(group))
  groupLabels.set(group, label)
  return label
}

export function shownLabels(labels: Labels): Record<string, string> {
  return Object.fromEntries(keptLabels(labels))
}

/** The first so many that say something. */
export function keptLabels(labels: Labels): Labels {
  const kept = new Map<string, string>()
  for (const [key, value] of labels) {
    if (kept.size === LABELS_MAX) break
    if (value !== '') kept.set(shown(key), shown(value))
  }
  return kept
}
