/**
 * The group that an unknown machine is in want of, as a person would write it into the groups file. Pure.
 */

/** @import { MachineSummary } from '../../../core/boots/attempt.ts' */

/**
 * Values are quoted: YAML would read some MACs as numbers (10:20:30:40:50:59 is one in base 60). JSON's quotes are YAML's.
 *
 * @param {Pick<MachineSummary, 'mac' | 'uuid' | 'hostname'>} machine
 * @param {readonly string[]} specs - ids of those that there are
 * @returns {string} one item of the list `groups`
 */
export function groupYaml({ mac, uuid, hostname }, specs) {
  const [first, ...others] = specs
  const more = others.slice(0, OTHER_SPECS_MAX)
  const hint =
    first === undefined
      ? ' # the name of a folder below specs/'
      : more.length > 0
        ? ` # or ${more.join(', ')}${others.length > more.length ? ', …' : ''}`
        : ''
  const requirement = isMac(mac) ? `mac: ${quote(mac)}` : uuid === null ? undefined : `uuid: ${quote(uuid)}`
  return [
    `  - name: ${quote(hostname ?? mac)}`,
    `    spec: ${first === undefined ? '""' : plain(first)}${hint}`,
    ...(requirement === undefined ? [] : [`    require: {${requirement}}`]),
    '',
  ].join('\n')
}

const OTHER_SPECS_MAX = 4

/** @param {string} key - of a machine, which goes by its address while nobody knows its MAC */
export function isMac(key) {
  return !key.startsWith('address:')
}

/** @param {string} text */
function quote(text) {
  return JSON.stringify(text)
}

/** @param {string} id */
function plain(id) {
  return /^[A-Za-z][\w./-]*$/.test(id) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(id) ? id : quote(id)
}
