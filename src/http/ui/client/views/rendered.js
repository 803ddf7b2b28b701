/**
 * What a machine would get now, of every route, by `/api/explain`: the answers are those that machines get.
 *
 * What a boot of before was given is not kept; so it is said where that may have been something else.
 */
import { h } from 'preact'

import { CopyButton } from '../copy.js'
import { formatBytes } from '../format.js'
import { card, timeOf, whenKnown } from '../parts.js'

/** @import { Machine } from '../../../../core/boots/attempt.ts' */
/** @import { HttpShown } from '../../../../core/explanation.ts' */
/** @import { Site } from '../main.js' */

/** More is not put on the page: a browser is slow with lines by the hundred thousand. */
const SHOWN_MAX = 200_000

const TITLE = 'What it would get now'

const NAMES = [
  ['/ipxe', 'iPXE script'],
  ['/ignition', 'Ignition'],
  ['/cloud', 'cloud-config'],
  ['/metadata', 'Metadata'],
]

/**
 * @param {Site} site
 * @param {Machine} machine
 */
export function renderedCard(site, machine) {
  if (site.hidesBodies) {
    return card(
      TITLE,
      null,
      h('p', { class: 'quiet card-text' }, 'Not shown: this server was started with -hide-bodies.'),
    )
  }
  const fact = site.api.explanation(machine)
  return card(
    TITLE,
    h('span', { class: 'quiet' }, 'if it asked at this moment'),
    sinceItsBoot(site, machine),
    whenKnown(fact, ({ http }) =>
      NAMES.map(([path, name]) => {
        const shown = http.find(({ target }) => target.split('?')[0] === path)
        return shown && rendered(name ?? '', shown)
      }),
    ),
  )
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
    ').',
  )
}

/**
 * @param {string} name
 * @param {HttpShown} shown
 */
function rendered(name, { target, status, content, reason }) {
  const { text, bytes } = content
  const summary = [
    h('span', { class: 'rendered-name' }, name),
    h('span', { class: 'quiet mono rendered-path' }, target.split('?')[0]),
    h(
      'span',
      { class: 'number rendered-size' },
      status === 200 ? formatBytes(bytes) : h('span', { class: status >= 500 ? 'is-failed-text' : 'quiet' }, status),
    ),
  ]
  if (status !== 200) {
    return h(
      'details',
      { key: name, class: 'rendered' },
      h('summary', null, summary),
      h('p', { class: 'card-text' }, reason ?? 'There is none.'),
    )
  }
  return h(
    'details',
    { key: name, class: 'rendered' },
    h('summary', null, summary),
    text === undefined
      ? h('p', { class: 'card-text quiet' }, 'Its bytes are no text.')
      : h(
          'div',
          { class: 'yaml' },
          h('pre', { tabIndex: 0, 'aria-label': name }, h('code', null, text.slice(0, SHOWN_MAX))),
          h(CopyButton, { text, what: name }),
          text.length > SHOWN_MAX &&
            h('p', { class: 'quiet' }, `Only the first ${formatBytes(SHOWN_MAX)} are shown; Copy takes all.`),
        ),
  )
}
