/**
 * What a machine would get now, of every route, by `/api/explain`: the answers are those that machines get. What a boot was
 * sent is on its own page (`sent.js`).
 */
import { h } from 'preact'

import { CopyButton } from '../copy.js'
import { formatBytes } from '../format.js'
import { card, timeOf, whenKnown } from '../parts.js'
import { formatRoute } from '../route.js'

/** @import { Machine } from '../../../../core/boots/attempt.ts' */
/** @import { HttpShown } from '../../../../core/explanation.ts' */
/** @import { VNode } from 'preact' */
/** @import { Site } from '../main.js' */

/** More is not put on the page: a browser is slow with lines by the hundred thousand. */
const SHOWN_MAX = 200_000

const TITLE = 'What it would get now'

/** Of the routes whose answers are shown, in the order of a boot. */
export const NAMES = /** @type {const} */ ([
  ['/ipxe', 'iPXE script'],
  ['/ignition', 'Ignition'],
  ['/cloud', 'cloud-config'],
  ['/metadata', 'Metadata'],
])

/**
 * @param {Site} site
 * @param {Machine} machine
 */
export function renderedCard(site, machine) {
  if (site.hidesBodies) return hiddenCard(TITLE)
  const fact = site.api.explanation(machine)
  return card(
    TITLE,
    h('span', { class: 'quiet' }, 'if it asked at this moment'),
    sinceItsBoot(site, machine),
    whenKnown(fact, ({ http }) =>
      NAMES.map(([path, name]) => {
        const shown = shownAt(http, path)
        return shown && renderedNow(name, shown)
      }),
    ),
  )
}

/** @param {string} title */
export function hiddenCard(title) {
  return card(
    title,
    null,
    h('p', { class: 'quiet card-text' }, 'Not shown: this server was started with -hide-bodies.'),
  )
}

/**
 * @param {readonly HttpShown[]} http
 * @param {string} path
 */
export function shownAt(http, path) {
  return http.find(({ target }) => target.split('?')[0] === path)
}

/**
 * Whether the last boot may have been given something else.
 *
 * @param {Site} site
 * @param {Machine} machine
 */
function sinceItsBoot({ api, nowMs }, { attempts: [last] }) {
  const loadedAt = api.problems().value?.loadedAt
  if (last === undefined || loadedAt === undefined || Date.parse(loadedAt) < Date.parse(last.startedAt)) return null
  return h(
    'p',
    { class: 'card-text notice' },
    'Its last boot may have got something else: it began ',
    timeOf(last.startedAt, nowMs),
    ', before the data directory was last read (',
    timeOf(loadedAt, nowMs),
    '). ',
    h('a', { href: formatRoute({ at: 'attempt', id: last.id }) }, 'What it got'),
  )
}

/**
 * @param {string} name
 * @param {HttpShown} shown
 */
function renderedNow(name, { target, status, content, reason }) {
  const path = target.split('?')[0] ?? ''
  const { text, bytes } = content
  if (status === 200) return rendered({ name, path, size: formatBytes(bytes) }, textOf(name, text))
  const size = h('span', { class: status >= 500 ? 'is-failed-text' : 'quiet' }, status)
  return rendered({ name, path, size }, h('p', { class: 'card-text' }, reason ?? 'There is none.'))
}

/**
 * A line that opens.
 *
 * @param {{ name: string, path: string, size: VNode | string, note?: string }} line
 * @param {VNode | null} inside
 */
export function rendered({ name, path, size, note = '' }, inside) {
  return h(
    'details',
    { key: name, class: 'rendered' },
    h(
      'summary',
      null,
      h('span', { class: 'rendered-name' }, name),
      h('span', { class: 'quiet mono rendered-path' }, path),
      note !== '' && h('span', { class: 'quiet' }, note),
      h('span', { class: 'number rendered-size' }, size),
    ),
    inside,
  )
}

/**
 * @param {string} name
 * @param {string | undefined} text
 */
export function textOf(name, text) {
  if (text === undefined) return h('p', { class: 'card-text quiet' }, 'Its bytes are no text.')
  return h(
    'div',
    { class: 'yaml' },
    h('pre', { tabIndex: 0, 'aria-label': name }, h('code', null, text.slice(0, SHOWN_MAX))),
    h(CopyButton, { text, what: name }),
    text.length > SHOWN_MAX &&
      h('p', { class: 'quiet' }, `Only the first ${formatBytes(SHOWN_MAX)} are shown; Copy takes all.`),
  )
}
