/**
 * All machines: what moves, what wants somebody, what nobody configured, the rest.
 */
import { h } from 'preact'

import { formatCount } from '../format.js'
import { keepLast } from '../keep-last.js'
import { List } from '../list.js'
import { countSections, listMachines, SECTIONS } from '../machine-list.js'
import { emptyState, findBox } from '../parts.js'
import { gettingStarted } from './getting-started.js'
import { HEADING_REM, headingRow, heightOf, machineRow } from './machine-row.js'

/** @import { Row, Section } from '../machine-list.js' */
/** @import { Machines } from '../machines.js' */
/** @import { Site } from '../main.js' */

/**
 * @param {Site} site
 * @param {{ show: string, find: string }} route
 */
export function machinesView(site, { show, find }) {
  const { machines } = site
  if (machines.byMac.size === 0) {
    if (machines.isComplete) return gettingStarted(site)
    return h(
      'p',
      { class: 'quiet', role: 'status' },
      machines.problem ? `Cannot be shown: ${machines.problem}.` : 'Loading…',
    )
  }
  const { rows, counts } = listOf(machines, machines.version, find, show)
  return [
    h(
      'div',
      { class: 'tools' },
      h('h1', null, 'Machines'),
      h(
        'div',
        { class: 'chips', role: 'group', 'aria-label': 'Show only' },
        SECTIONS.map((section) => chip(site, section, counts[section], show, find)),
      ),
      findBox('Find machines', 'Find name, MAC, group …', find, (text) =>
        site.replaceRoute({ at: 'machines', show, find: text }),
      ),
    ),
    rows.length === 0
      ? emptyState(
          'Nothing found',
          h(
            'p',
            null,
            find
              ? `No machine has “${find}” in its name, MAC, UUID, address, group, spec or architecture.`
              : 'There is no such machine now.',
          ),
        )
      : rowList(site, rows),
  ]
}

/** Of ten thousand machines, not sorted for every frame: `version` changes with any of them. */
const listOf = keepLast(
  (
    /** @type {Machines} */ machines,
    /** @type {number} */ _version,
    /** @type {string} */ find,
    /** @type {string} */ show,
  ) => listMachines(machines.byMac.values(), find, show),
)

/**
 * @param {Site} site
 * @param {Section} section
 * @param {number} count
 * @param {string} show
 * @param {string} find
 */
function chip(site, section, count, show, find) {
  const isShown = show === section
  return h(
    'button',
    {
      key: section,
      type: 'button',
      class: `chip for-${section}${count === 0 ? ' is-zero' : ''}`,
      'aria-pressed': isShown,
      onClick: () => site.replaceRoute({ at: 'machines', show: isShown ? '' : section, find }),
    },
    h('span', { class: 'number' }, site.machines.isComplete ? count.toLocaleString('en') : '…'),
    ` ${section}`,
  )
}

/**
 * @param {Site} site
 * @param {readonly Row[]} rows
 */
function rowList(site, rows) {
  const firstUnknown = rows.find((row) => row.kind === 'machine' && row.section === 'unknown')
  const isOpen = (/** @type {Row} */ row) =>
    row.kind === 'machine' && row.section === 'unknown' && (site.opened.get(row.machine.mac) ?? row === firstUnknown)
  return h(List, {
    label: 'Machines',
    keys: rows.map((row) => (row.kind === 'heading' ? `section ${row.section}` : row.machine.mac)),
    heightOf: (at) => {
      const row = rows[at]
      return row?.kind === 'machine' ? heightOf(site, row.machine, isOpen(row)) : HEADING_REM
    },
    renderRow: (at) => {
      const row = rows[at]
      if (row === undefined) return null
      return row.kind === 'heading'
        ? headingRow(row.section, site.machines.isComplete ? row.count : undefined)
        : machineRow(site, row.machine, row.section, isOpen(row))
    },
  })
}

const countsOf = keepLast((/** @type {Machines} */ machines, /** @type {number} */ _version) =>
  countSections(machines.byMac.values()),
)

/** @param {Site} site */
export function titleOf({ machines }) {
  if (!machines.isComplete) return 'Machines'
  const counts = countsOf(machines, machines.version)
  const said = /** @type {const} */ (['booting', 'failed', 'unknown']).flatMap((section) =>
    counts[section] === 0 ? [] : [`${counts[section]} ${section}`],
  )
  return said.join(', ') || formatCount(machines.byMac.size, 'machine')
}
