/**
 * The group that a machine is in want of, ready to copy.
 */
import { h } from 'preact'

import { CopyButton } from '../copy.js'
import { groupYaml } from '../group-yaml.js'

/** @import { MachineSummary } from '../../../../core/boots/attempt.ts' */
/** @import { Site } from '../main.js' */

/**
 * @param {Site} site
 * @param {MachineSummary} machine
 */
export function groupCode(site, machine) {
  const text = groupYaml(machine, site.specs)
  return h(
    'div',
    { class: 'yaml' },
    h('pre', { tabIndex: 0, 'aria-label': `Group for ${machine.mac}` }, h('code', null, text)),
    h(CopyButton, { text, what: `the group for ${machine.mac}` }),
  )
}

/**
 * @param {Site} site
 * @param {MachineSummary} machine
 */
export function groupLines({ specs }, machine) {
  return groupYaml(machine, specs).split('\n').length - 1
}
