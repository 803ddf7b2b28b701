/**
 * What `bootcfg check` finds in the data directory, as it stands now.
 */
import { h } from 'preact'

import { formatCount } from '../format.js'
import { card, command, emptyState, markOf, mono, timeOf, whenKnown } from '../parts.js'
import { boxProblems } from './appliance.js'

/** @import { Problem } from '../../../../core/check.ts' */
/** @import { Site } from '../main.js' */

const SHOWN_MAX = 300

/** @param {Site} site */
export function problemsView(site) {
  const fact = site.api.problems()
  const ofBox = site.box === undefined ? [] : (site.api.appliance().value?.problems ?? [])
  return whenKnown(fact, ({ problems, errors, warnings, checkedAt, behind, total }) => [
    h(
      'div',
      { class: 'tools' },
      h('h1', null, 'Problems'),
      h(
        'p',
        { class: 'quiet tools-text' },
        `${formatCount(errors, 'error')}, ${formatCount(warnings, 'warning')}`,
        checkedAt && [' · checked ', timeOf(checkedAt, site.nowMs)],
      ),
    ),
    behind !== null &&
      h(
        'p',
        { class: 'banner', role: 'status' },
        `The last good data serves in place of what is on the disk: ${behind}`,
      ),
    boxProblems(ofBox),
    total === 0 && behind === null ? noProblems(checkedAt) : byFile(problems.slice(0, SHOWN_MAX)),
    total > SHOWN_MAX &&
      h(
        'p',
        { class: 'quiet' },
        `Shown are ${SHOWN_MAX} of ${formatCount(total, 'problem')}; bootcfg check prints all.`,
      ),
  ])
}

/** @param {string | null} checkedAt */
function noProblems(checkedAt) {
  if (checkedAt === null) return h('p', { class: 'quiet', role: 'status' }, 'The data directory is being checked …')
  return emptyState(
    'No problem in the data directory',
    h(
      'p',
      null,
      'Every group’s files are rendered and checked whenever one is edited. The same before an edit is taken over, for example in CI:',
    ),
    command('bootcfg check -config data/config.yaml -data-path data'),
  )
}

/** @param {readonly Problem[]} problems */
function byFile(problems) {
  const files = Map.groupBy(problems, ({ file }) => file)
  return [...files].map(([file, found]) =>
    h(
      'div',
      { key: file },
      card(mono(file), h('span', { class: 'count' }, found.length), h('ul', { class: 'plain' }, found.map(problemRow))),
    ),
  )
}

/**
 * @param {Problem} problem
 * @param {number} at
 */
function problemRow({ severity, line, column, message, code }, at) {
  const place = line === null ? '' : column === null ? `line ${line}` : `line ${line}, column ${column}`
  return h(
    'li',
    { key: at, class: 'problem' },
    markOf(severity),
    h(
      'div',
      { class: 'problem-main' },
      h('div', { class: 'problem-text' }, message),
      h('div', { class: 'quiet' }, [place, code].filter(Boolean).join(' · ')),
    ),
  )
}
