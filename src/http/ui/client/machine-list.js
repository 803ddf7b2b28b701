/**
 * In which order machines are listed: what moves, what wants somebody, what nobody configured, the rest. Pure.
 */

/** @import { MachineSummary } from '../../../core/boots/attempt.ts' */

/** @typedef {'booting' | 'failed' | 'unknown' | 'others'} Section */

/** @type {readonly Section[]} */
export const SECTIONS = ['booting', 'failed', 'unknown', 'others']

/**
 * @typedef {{ kind: 'heading', section: Section, count: number }
 *   | { kind: 'machine', section: Section, machine: MachineSummary }} Row
 */

/** What a diagnosis is called when a group is what the machine is in want of. */
const WANTS_GROUP = new Set(['no-group', 'not-answered'])

/**
 * Unknown is a machine that no group means and none caught, so that a group is what it is in want of.
 *
 * @param {MachineSummary} machine
 * @returns {Section}
 */
export function sectionOf({ last, known, group }) {
  if (last?.state === 'booting') return 'booting'
  const wantsGroup = WANTS_GROUP.has(last?.diagnosis.code ?? '')
  if (last?.state === 'failed' && !wantsGroup) return 'failed'
  return group === null && (wantsGroup || !known) ? 'unknown' : last?.state === 'failed' ? 'failed' : 'others'
}

/**
 * @param {Iterable<MachineSummary>} machines
 * @param {string} find - what a machine's texts must contain, in any case; empty: all
 * @param {string} show - a section; empty: all
 * @returns {{ rows: Row[], counts: Record<Section, number> }} the counts are of what was found, whatever is shown
 */
export function listMachines(machines, find, show) {
  const wanted = find.trim().toLowerCase()
  /** @type {Record<Section, MachineSummary[]>} */
  const found = { booting: [], failed: [], unknown: [], others: [] }
  for (const machine of machines) {
    if (wanted === '' || textOf(machine).includes(wanted)) found[sectionOf(machine)].push(machine)
  }
  /** @type {Row[]} */
  const rows = []
  for (const section of SECTIONS) {
    const inSection = found[section].toSorted(byStart)
    if (inSection.length === 0 || (show !== '' && show !== section)) continue
    rows.push({ kind: 'heading', section, count: inSection.length })
    for (const machine of inSection) rows.push({ kind: 'machine', section, machine })
  }
  const counts = {
    booting: found.booting.length,
    failed: found.failed.length,
    unknown: found.unknown.length,
    others: found.others.length,
  }
  return { rows, counts }
}

/**
 * @param {Iterable<MachineSummary>} machines
 * @returns {Record<Section, number>}
 */
export function countSections(machines) {
  const counts = { booting: 0, failed: 0, unknown: 0, others: 0 }
  for (const machine of machines) counts[sectionOf(machine)] += 1
  return counts
}

/** @param {MachineSummary} machine */
function textOf({ mac, uuid, address, hostname, group, spec, last }) {
  return `${mac} ${uuid} ${address} ${hostname} ${group} ${spec} ${last?.architecture} ${last?.state}`.toLowerCase()
}

/**
 * By the start of the last attempt, which stands still while a machine asks again and again; ISO times sort as text.
 *
 * @param {MachineSummary} a
 * @param {MachineSummary} b
 */
function byStart(a, b) {
  const [startA, startB] = [a.last?.startedAt ?? a.lastSeenAt, b.last?.startedAt ?? b.lastSeenAt]
  return startA < startB ? 1 : startA > startB ? -1 : a.mac < b.mac ? -1 : 1
}
