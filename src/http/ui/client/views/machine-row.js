/**
 * One line of the list of machines. Its height is known before it is drawn, so that only the visible ones are.
 */
import { h } from 'preact'

import { formatRate } from '../format.js'
import { bytesText, markOf, stageName, stagesOf, timeOf, tookOf } from '../parts.js'
import { formatRoute } from '../route.js'
import { groupCode, groupLines } from './group-code.js'

/** @import { MachineSummary } from '../../../../core/boots/attempt.ts' */
/** @import { Section } from '../machine-list.js' */
/** @import { Site } from '../main.js' */

const SECTION_NAMES = { booting: 'Booting', failed: 'Failed', unknown: 'Unknown', others: 'Others' }

/** In rem, as style.css has it. */
export const HEADING_REM = 2.5
const ROW_REM = { wide: { line: 4, aroundCode: 2.75 }, narrow: { line: 6.25, aroundCode: 5 } }
const CODE_LINE_REM = 1.25

/** Asked for every machine of the list, so that it is made once. */
const narrow = matchMedia('(max-width: 48rem)')

/**
 * @param {Site} site
 * @param {MachineSummary} machine
 * @param {boolean} isOpen
 * @returns {number} rem
 */
export function heightOf(site, machine, isOpen) {
  const { line, aroundCode } = narrow.matches ? ROW_REM.narrow : ROW_REM.wide
  return isOpen ? line + aroundCode + groupLines(site, machine) * CODE_LINE_REM : line
}

/**
 * @param {Section} section
 * @param {number | undefined} count - undefined while not all are known
 */
export function headingRow(section, count) {
  return h(
    'h2',
    { class: `section for-${section}` },
    SECTION_NAMES[section],
    count !== undefined && h('span', { class: 'count' }, count.toLocaleString('en')),
    section === 'unknown' && h('span', { class: 'hint' }, 'no group catches them; add one'),
  )
}

/**
 * @param {Site} site
 * @param {MachineSummary} machine
 * @param {Section} section
 * @param {boolean} isOpen
 */
export function machineRow(site, machine, section, isOpen) {
  const { mac, hostname, group, last, address } = machine
  return h(
    'div',
    { class: `machine is-${section}` },
    h(
      'div',
      { class: 'machine-line' },
      markOf(section === 'unknown' ? 'unknown' : (last?.state ?? 'seen')),
      h(
        'div',
        { class: 'machine-main' },
        h(
          'div',
          { class: 'machine-title' },
          h(
            'a',
            { class: hostname === null ? 'name mono' : 'name', href: formatRoute({ at: 'machine', mac }) },
            hostname ?? mac,
          ),
          hostname === null
            ? address !== null && h('span', { class: 'quiet mono' }, address)
            : h('span', { class: 'quiet mono' }, mac),
        ),
        h(
          'div',
          { class: 'machine-story', title: last?.diagnosis.text },
          last?.diagnosis.text ?? 'Was heard, but asked for nothing yet.',
        ),
      ),
      h('div', { class: 'machine-progress' }, progress(site, machine, section)),
      section === 'unknown'
        ? h('div', { class: 'machine-group' }, openButton(site, machine, isOpen))
        : h('div', { class: 'machine-group', title: group ?? '' }, group ?? h('span', { class: 'quiet' }, '–')),
      h('div', { class: 'machine-took number' }, last && tookOf(last, site.nowMs)),
      h('div', { class: 'machine-when number' }, timeOf(last?.startedAt ?? machine.lastSeenAt, site.nowMs)),
    ),
    isOpen && groupCode(site, machine),
  )
}

/**
 * @param {Site} site
 * @param {MachineSummary} machine
 * @param {Section} section
 */
function progress(site, { mac, last }, section) {
  if (last === null || section === 'unknown' || last.state === 'seen') return null
  if (last.state === 'booted') return h('span', { class: 'quiet number' }, bytesText(last))
  const moved = last.state === 'booting' ? [bytesText(last), formatRate(site.machines.rateOf(mac), 1000)] : []
  return [
    stagesOf(last),
    h(
      'div',
      { class: 'progress-text number' },
      h('span', null, stageName(last.stage)),
      h('span', null, moved.filter((text) => text !== '').join(' · ')),
    ),
  ]
}

/**
 * @param {Site} site
 * @param {MachineSummary} machine
 * @param {boolean} isOpen
 */
function openButton(site, { mac }, isOpen) {
  return h(
    'button',
    { type: 'button', class: 'button', 'aria-expanded': isOpen, onClick: () => site.open(mac, !isOpen) },
    isOpen ? 'Hide group' : 'Make a group',
    h('span', { class: 'unseen' }, ` for ${mac}`),
  )
}
