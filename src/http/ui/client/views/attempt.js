/**
 * One boot: what became of it as the headline, and every step as a bar on one time axis.
 */
import { h } from 'preact'

import { formatBytes, formatDuration, formatPart, formatRate, formatSeconds } from '../format.js'
import { bytesText, crumbs, emptyPage, facts, markOf, stagesOf, timeOf, tookOf, whenKnown } from '../parts.js'
import { formatRoute } from '../route.js'
import { barOf, spanOf, ticksOf } from '../timeline.js'
import { sentCard } from './sent.js'

/** @import { Attempt, Entry } from '../../../../core/boots/attempt.ts' */
/** @import { Site } from '../main.js' */

/**
 * @param {Site} site
 * @param {string} id
 */
export function attemptView(site, id) {
  const fact = site.api.attempt(id)
  if (fact.isMissing) return emptyPage('This boot is not remembered', h('p', null, 'Newer ones took its place.'))
  return whenKnown(fact, (attempt) => {
    const machine = site.machines.byMac.get(attempt.mac)
    return [
      crumbs(
        [
          ['Machines', '#/'],
          [machine?.hostname ?? attempt.mac, formatRoute({ at: 'machine', mac: attempt.mac })],
        ],
        'boot',
      ),
      headline(site, attempt),
      waterfall(site, attempt),
      sentCard(site, attempt),
    ]
  })
}

/**
 * @param {Site} site
 * @param {Attempt} attempt
 */
function headline(site, attempt) {
  const { state, diagnosis, startedAt, architecture, group, spec, address } = attempt
  return h(
    'header',
    { class: 'headline' },
    h('div', { class: 'headline-title' }, markOf(state), h('div', null, h('h1', null, diagnosis.text))),
    diagnosis.advice && h('p', { class: 'advice' }, diagnosis.advice),
    state !== 'seen' && stagesOf(attempt, { named: true }),
    h(
      'div',
      { class: 'card strip' },
      facts([
        ['Started', timeOf(startedAt, site.nowMs)],
        ['Took', h('span', { class: 'number' }, tookOf(attempt, site.nowMs))],
        ['Group', group],
        ['Spec', spec],
        ['Architecture', architecture],
        ['Address', address],
        ['Kernel and initrd', bytesText(attempt) && h('span', { class: 'number' }, bytesText(attempt))],
      ]),
    ),
  )
}

/**
 * @param {Site} site
 * @param {Attempt} attempt
 */
function waterfall(site, attempt) {
  const { entries, state, startedAt, durationMs, truncated } = attempt
  const sinceMs = state === 'booting' ? Math.max(durationMs, site.nowMs - Date.parse(startedAt)) : durationMs
  const spanMs = spanOf(entries, sinceMs)
  const ticks = ticksOf(spanMs)
  return h(
    'section',
    { class: 'card waterfall', 'aria-label': 'Steps' },
    h(
      'div',
      { class: 'entry head', 'aria-hidden': true },
      h('div', { class: 'entry-step' }, 'Step'),
      h('div', { class: 'entry-bytes' }, 'Bytes'),
      h('div', { class: 'entry-rate' }, 'Rate'),
      h('div', { class: 'entry-time' }, 'Time'),
      h(
        'div',
        { class: 'entry-axis' },
        ticks.map((ms) =>
          h('span', { key: ms, class: 'tick', style: { left: `${(ms / spanMs) * 100}%` } }, tickText(ms, spanMs)),
        ),
      ),
    ),
    h(
      'ol',
      { class: 'entries' },
      entries.map((entry, at) => entryRow(entry, at, spanMs, sinceMs, ticks)),
    ),
    truncated && h('p', { class: 'quiet card-text' }, 'There was more than is kept.'),
  )
}

/**
 * @param {number} ms
 * @param {number} spanMs
 */
function tickText(ms, spanMs) {
  if (ms === 0) return '0'
  return spanMs < 60_000 ? formatDuration(ms).replace('.0 s', ' s') : formatSeconds(ms)
}

/**
 * @param {Entry} entry
 * @param {number} at
 * @param {number} spanMs
 * @param {number} sinceMs
 * @param {readonly number[]} ticks
 */
function entryRow(entry, at, spanMs, sinceMs, ticks) {
  const { via, title, outcome, bytes, durationMs, startMs, count } = entry
  const { left, width } = barOf(entry, spanMs, sinceMs)
  const took = durationMs ?? sinceMs - startMs
  return h(
    'li',
    { key: at, class: `entry is-${outcome}${entry.kind === 'note' ? ' is-note' : ''}` },
    h(
      'div',
      { class: 'entry-step' },
      h('span', { class: 'via' }, via.toUpperCase()),
      h(
        'span',
        { class: 'entry-title' },
        entry.kind === 'offer' ? `OFFER ${title}` : title,
        count !== undefined && count > 1 && h('span', { class: 'quiet' }, ` ×${count}`),
      ),
      h('div', { class: 'entry-detail' }, detailOf(entry)),
    ),
    h('div', { class: 'entry-bytes number' }, bytesOf(entry)),
    h(
      'div',
      { class: 'entry-rate number quiet' },
      (bytes ?? 0) >= RATED_BYTES_MIN && took > 0 ? formatRate(bytes, took) : '',
    ),
    h(
      'div',
      { class: 'entry-time number', title: `begins after ${formatDuration(startMs)}` },
      h('span', { class: 'unseen' }, `${OUTCOMES[outcome]}, after ${formatDuration(startMs)}, `),
      durationMs === null ? formatSeconds(took) : durationMs === 0 ? '' : formatDuration(durationMs),
    ),
    h(
      'div',
      { class: 'entry-axis', 'aria-hidden': true },
      ticks.map((ms) =>
        h('span', { key: `tick ${ms}`, class: 'tick-line', style: { left: `${(ms / spanMs) * 100}%` } }),
      ),
      h('span', { key: 'bar', class: 'bar', style: { left: `${left}%`, width: `${width}%` } }),
    ),
  )
}

/** Of less, a rate says nothing. */
const RATED_BYTES_MIN = 20_000

const OUTCOMES = { ok: 'done', going: 'going on', failed: 'failed', probe: 'asked for the size only' }

/** @param {Entry} entry */
function bytesOf({ bytes, totalBytes, outcome }) {
  if (bytes === undefined || outcome === 'probe') return ''
  return outcome === 'ok' ? formatBytes(bytes) : formatPart(bytes, totalBytes ?? bytes)
}

/**
 * What else is known of a step, in the order in which one asks.
 *
 * @param {Entry} entry
 */
function detailOf(entry) {
  const { outcome, status, reason, group, spec, architecture, file, iface, blockBytes, window, resent, title } = entry
  const said = [
    status !== undefined && (status !== 200 || outcome === 'failed') && `${status}`,
    outcome === 'probe' && 'asked for the size only',
    reason,
    architecture,
    file !== undefined && file !== title && file !== `/assets/${title}` && file,
    group !== undefined && `group ${group}`,
    spec !== undefined && `spec ${spec}`,
    blockBytes !== undefined && outcome !== 'probe' && `blocks of ${blockBytes} B`,
    window !== undefined && window > 1 && outcome !== 'probe' && `${window} at once`,
    resent !== undefined && resent > 0 && `${resent} sent again`,
    iface !== undefined && `on ${iface}`,
  ]
  return said.filter(Boolean).join(' · ')
}
