/**
 * Small pieces that several views are made of.
 */
import { h } from 'preact'

import { formatAgo, formatDuration, formatExact, formatPart, formatSeconds } from './format.js'

/** @import { ComponentChildren, TargetedInputEvent, VNode } from 'preact' */
/** @import { AttemptSummary, Stage } from '../../../core/boots/attempt.ts' */
/** @import { Fact } from './api.js' */

/** @typedef {'booting' | 'booted' | 'failed' | 'unknown' | 'seen' | 'error' | 'warning'} Mark */

/** Each state has a shape of its own beside its colour. */
const MARKS = {
  booting: ['Booting', 'M8 2a6 6 0 1 1-6 6'],
  booted: ['Booted', 'M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5M5 8.3l2.1 2.1L11.2 6'],
  failed: ['Failed', 'M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5M5.7 5.7l4.6 4.6m0-4.6-4.6 4.6'],
  unknown: [
    'Unknown',
    'M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5M6.2 6.2a1.8 1.8 0 1 1 2.4 1.9c-.4.2-.6.5-.6 1v.2m0 2v.1',
  ],
  seen: ['Seen', 'M8 4.75a3.25 3.25 0 1 0 0 6.5 3.25 3.25 0 0 0 0-6.5'],
  error: ['Error', 'M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5M8 4.8v3.9m0 2.4v.1'],
  warning: ['Warning', 'M8 2.2 1.8 13.3h12.4zM8 6.4v3.2m0 1.9v.1'],
}

/** @param {Mark} mark */
export function markOf(mark) {
  const [name, d] = MARKS[mark]
  return h(
    'span',
    { class: `mark is-${mark}`, title: name },
    h('svg', { viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': true }, h('path', { d })),
    h('span', { class: 'unseen' }, name),
  )
}

/** In their order, as people call them. The last one, done, is where a boot has left them all behind. */
const STAGE_NAMES = /** @type {const} */ ([
  ['dhcp', 'DHCP'],
  ['firmware', 'Firmware'],
  ['script', 'Script'],
  ['kernel', 'Kernel'],
  ['config', 'Config'],
])

/** @param {Stage} stage */
export function stageName(stage) {
  return STAGE_NAMES.find(([name]) => name === stage)?.[1] ?? 'Done'
}

/**
 * How far a boot is. Kernel and initrd take most of the time, so that their part is the longest and fills as bytes arrive.
 *
 * @param {AttemptSummary} attempt
 * @param {{ named?: boolean }} [how] - named: with the names of the stages
 */
export function stagesOf({ state, stage, bytes, totalBytes }, { named = false } = {}) {
  const at = STAGE_NAMES.findIndex(([name]) => name === stage)
  const here = at < 0 ? STAGE_NAMES.length : at
  const part = totalBytes === null || totalBytes === 0 ? 0 : Math.min(1, bytes / totalBytes)
  const steps = STAGE_NAMES.map(([key, name], step) => {
    const is =
      step < here
        ? 'past'
        : step > here
          ? 'ahead'
          : state === 'failed'
            ? 'stopped'
            : state === 'booted'
              ? 'past'
              : 'here'
    const filled = is === 'past' ? 1 : is === 'stopped' ? 1 : is === 'here' ? (key === 'kernel' ? part : 0.5) : 0
    return h(
      'li',
      { key, class: `stage is-${is} stage-${key}`, ...(is === 'here' && { 'aria-current': 'step' }) },
      h('span', { class: 'track' }, h('span', { class: 'fill', style: { width: `${filled * 100}%` } })),
      named && h('span', { class: 'stage-name' }, name),
    )
  })
  const where = here === STAGE_NAMES.length ? 'all stages passed' : `stage ${stageName(stage)}`
  return h('ol', { class: `stages for-${state}${named ? ' is-named' : ''}`, 'aria-label': where }, steps)
}

/**
 * Of kernel and initrd; empty while nothing was sent.
 *
 * @param {AttemptSummary} attempt
 */
export function bytesText({ bytes, totalBytes }) {
  return bytes === 0 ? '' : formatPart(bytes, totalBytes ?? bytes)
}

/**
 * Relative, exact for who hovers.
 *
 * @param {string} iso
 * @param {number} nowMs
 */
export function timeOf(iso, nowMs) {
  return h('time', { dateTime: iso, title: formatExact(iso) }, formatAgo(Date.parse(iso), nowMs))
}

/**
 * @param {AttemptSummary} attempt
 * @param {number} nowMs
 */
export function tookOf({ state, startedAt, durationMs }, nowMs) {
  return state === 'booting' ? formatSeconds(nowMs - Date.parse(startedAt)) : formatDuration(durationMs)
}

/** @param {ComponentChildren} children */
export function mono(children) {
  return h('span', { class: 'mono' }, children)
}

/**
 * Something to read in place of a list that is empty: what it would show, and what to do so that it does.
 *
 * @param {string} title
 * @param {ComponentChildren[]} children
 */
export function emptyState(title, ...children) {
  return h('div', { class: 'empty' }, h('h2', null, title), ...children)
}

/**
 * The same where there is nothing else on the page.
 *
 * @param {string} title
 * @param {ComponentChildren[]} children
 */
export function emptyPage(title, ...children) {
  return h('div', { class: 'empty' }, h('h1', null, title), ...children)
}

/**
 * @param {string} label
 * @param {string} placeholder
 * @param {string} value
 * @param {(text: string) => void} onFind
 */
export function findBox(label, placeholder, value, onFind) {
  return h('input', {
    class: 'find',
    type: 'search',
    placeholder,
    'aria-label': label,
    'aria-keyshortcuts': '/',
    value,
    onInput: (/** @type {TargetedInputEvent<HTMLInputElement>} */ event) => onFind(event.currentTarget.value),
  })
}

/**
 * A command to type, as it is.
 *
 * @param {string} text
 */
export function command(text) {
  return h('pre', { class: 'command' }, h('code', null, text))
}

/**
 * @param {ComponentChildren} title
 * @param {ComponentChildren} aside - at its right
 * @param {ComponentChildren[]} children
 */
export function card(title, aside, ...children) {
  return h(
    'section',
    { class: 'card' },
    h('div', { class: 'card-head' }, h('h2', null, title), aside && h('div', { class: 'card-aside' }, aside)),
    ...children,
  )
}

/**
 * Names and values; those without a value are left out.
 *
 * @param {readonly (readonly [name: string, value: ComponentChildren])[]} pairs
 */
export function facts(pairs) {
  const said = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '')
  return h(
    'dl',
    { class: 'facts' },
    said.map(([name, value]) => h('div', { key: name }, h('dt', null, name), h('dd', null, value))),
  )
}

/**
 * The view of a fact; while there is none, what becomes of it.
 *
 * @template T
 * @param {Fact<T>} fact
 * @param {(value: T) => ComponentChildren} render
 * @returns {ComponentChildren}
 */
export function whenKnown({ value, problem }, render) {
  if (value !== undefined) return render(value)
  return h('p', { class: 'quiet', role: 'status' }, problem === '' ? 'Loading…' : `Cannot be shown: ${problem}.`)
}

/**
 * Where one is, with links to what is above.
 *
 * @param {readonly (readonly [text: string, href: string])[]} above
 * @param {string} here
 * @returns {VNode}
 */
export function crumbs(above, here) {
  return h(
    'nav',
    { class: 'crumbs', 'aria-label': 'Breadcrumb' },
    above.map(([text, href]) => [h('a', { href }, text), h('span', { 'aria-hidden': true }, '/')]),
    h('span', { 'aria-current': 'page' }, here),
  )
}

/** Fuller than this is worth a look. */
const NEARLY_FULL = 0.9

/**
 * How full something is, or how far.
 *
 * @param {ComponentChildren} name
 * @param {number} part - 0 to 1
 * @param {string} text
 * @param {boolean} isWorse - the fuller
 */
export function meter(name, part, text, isWorse = true) {
  return h(
    'div',
    { class: 'meter' },
    h('div', { class: 'meter-line' }, h('span', null, name), h('span', { class: 'number' }, text)),
    h(
      'div',
      { class: `meter-track${isWorse && part > NEARLY_FULL ? ' is-full' : ''}` },
      h('span', { class: 'fill', style: { width: `${Math.min(1, part || 0) * 100}%` } }),
    ),
  )
}
