/**
 * The groups in the order in which they are tried, and the machines that each has caught.
 */
import { h } from 'preact'

import { formatCount } from '../format.js'
import { command, emptyState, findBox, mono, whenKnown } from '../parts.js'
import { formatRoute } from '../route.js'

/** @import { Group } from '../api.js' */
/** @import { Site } from '../main.js' */

/** On the page at once. */
const SHOWN_MAX = 200
const MACHINES_MAX = 5

/**
 * @param {Site} site
 * @param {string} find
 */
export function groupsView(site, find) {
  const fact = site.api.groups()
  return whenKnown(fact, ({ groups, specs, behind, total }) => {
    const wanted = find.trim().toLowerCase()
    const found = groups.filter((group) => textOf(group).includes(wanted))
    return [
      h(
        'div',
        { class: 'tools' },
        h('h1', null, 'Groups'),
        h(
          'p',
          { class: 'quiet tools-text' },
          `${formatCount(total, 'group')}, ${formatCount(specs, 'spec')}; the first that matches counts`,
        ),
        findBox('Find groups', 'Find name, requirement, spec …', find, (text) =>
          site.replaceRoute({ at: 'groups', find: text }),
        ),
      ),
      behind !== null &&
        h(
          'p',
          { class: 'banner', role: 'status' },
          `The groups file cannot be used, these are the last good groups: ${behind}`,
        ),
      total === 0
        ? noGroups()
        : found.length === 0
          ? emptyState(
              'Nothing found',
              h('p', null, `No group has “${find}” in its name, its requirements or its spec.`),
            )
          : h(
              'section',
              { class: 'card groups' },
              h(
                'ol',
                { class: 'plain' },
                found.slice(0, SHOWN_MAX).map((group) => groupRow(site, group)),
              ),
            ),
      (found.length > SHOWN_MAX || total > groups.length) &&
        h(
          'p',
          { class: 'quiet' },
          `Shown are ${Math.min(found.length, SHOWN_MAX)} of ${formatCount(total, 'group')}; find more by name.`,
        ),
    ]
  })
}

/** @param {Group} group */
function textOf({ label, spec, require }) {
  const pairs = Object.entries(require).map(([key, value]) => `${key}=${value}`)
  return [label, spec, ...pairs].join(' ').toLowerCase()
}

function noGroups() {
  return emptyState(
    'There is no group',
    h(
      'p',
      null,
      'A group says which machines get which spec. This one takes every machine; it goes into the groups file (-config):',
    ),
    command(
      'api_version: v1alpha1\ngroups:\n  - name: default\n    spec: flatcar # the name of a folder below specs/\n',
    ),
  )
}

/**
 * @param {Site} site
 * @param {Group} group
 */
function groupRow(site, { label, spec, require, line, machines, machineCount }) {
  const requirements = Object.entries(require)
  return h(
    'li',
    { key: `${line} ${label}`, class: 'group' },
    h(
      'div',
      { class: 'group-main' },
      h('div', { class: 'group-name' }, label, h('span', { class: 'quiet' }, ` line ${line}`)),
      h(
        'div',
        { class: 'requirements' },
        requirements.length === 0
          ? h('span', { class: 'quiet' }, 'takes every machine that no other group takes')
          : requirements.map(([key, value]) => h('span', { key, class: 'requirement mono' }, `${key}=${value}`)),
      ),
    ),
    h('div', { class: 'group-spec' }, h('span', { class: 'quiet' }, 'spec '), spec || 'none'),
    h(
      'div',
      { class: 'group-machines' },
      machineCount === 0
        ? h('span', { class: 'quiet' }, 'caught none yet')
        : [
            machines
              .slice(0, MACHINES_MAX)
              .map((mac) =>
                h(
                  'a',
                  { key: mac, href: formatRoute({ at: 'machine', mac }) },
                  site.machines.byMac.get(mac)?.hostname ?? mono(mac),
                ),
              ),
            machineCount > MACHINES_MAX &&
              h(
                'a',
                { key: 'more', class: 'quiet', href: formatRoute({ at: 'machines', show: '', find: label }) },
                `and ${(machineCount - MACHINES_MAX).toLocaleString('en')} more`,
              ),
          ],
    ),
  )
}
