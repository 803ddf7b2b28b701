/**
 * Which view the address bar asks for. Pure. All of it is behind the `#`, so that the server knows one page only.
 */

/**
 * @typedef {{ at: 'machines', show: string, find: string }
 *   | { at: 'machine', mac: string }
 *   | { at: 'attempt', id: string }
 *   | { at: 'groups', find: string }
 *   | { at: 'problems' }
 *   | { at: 'appliance' }
 *   | { at: 'host' }} Route
 */

/**
 * Whatever leads nowhere leads to the machines.
 *
 * @param {string} hash
 * @returns {Route}
 */
export function parseRoute(hash) {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  const [first, second] = path.split('/').map(decode)
  const params = new URLSearchParams(query)
  const find = params.get('find') ?? ''
  switch (first) {
    case 'machine':
      return second ? { at: 'machine', mac: second } : { at: 'machines', show: '', find }
    case 'attempt':
      return second ? { at: 'attempt', id: second } : { at: 'machines', show: '', find }
    case 'groups':
      return { at: 'groups', find }
    case 'problems':
    case 'appliance':
    case 'host':
      return { at: first }
    default:
      return { at: 'machines', show: params.get('show') ?? '', find }
  }
}

/**
 * As the target of a link.
 *
 * @param {Route} route
 */
export function formatRoute(route) {
  switch (route.at) {
    case 'machine':
      return `#/machine/${encodeURIComponent(route.mac)}`
    case 'attempt':
      return `#/attempt/${encodeURIComponent(route.id)}`
    case 'machines':
      return `#/${query({ show: route.show, find: route.find })}`
    case 'groups':
      return `#/groups${query({ find: route.find })}`
    default:
      return `#/${route.at}`
  }
}

/** @param {Record<string, string>} params - empty ones are left out */
function query(params) {
  const said = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== ''))
  return said.size === 0 ? '' : `?${said}`
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
