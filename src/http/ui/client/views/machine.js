/**
 * One machine: what it is, what became of its boots, what it gets.
 */
import { h } from 'preact'

import { isMac } from '../group-yaml.js'
import { sectionOf } from '../machine-list.js'
import {
  bytesText,
  card,
  crumbs,
  emptyPage,
  facts,
  markOf,
  mono,
  stagesOf,
  timeOf,
  tookOf,
  whenKnown,
} from '../parts.js'
import { formatRoute } from '../route.js'
import { groupCode } from './group-code.js'
import { renderedCard } from './rendered.js'

/** @import { AttemptSummary, Machine } from '../../../../core/boots/attempt.ts' */
/** @import { Site } from '../main.js' */

/**
 * @param {Site} site
 * @param {string} mac
 */
export function machineView(site, mac) {
  const fact = site.api.machine(mac)
  if (fact.isMissing) return neverHeard(mac)
  return whenKnown(fact, (machine) => [
    crumbs([['Machines', '#/']], machine.hostname ?? mac),
    headline(machine),
    sectionOf(machine) === 'unknown' && wantsGroup(site, machine),
    h(
      'div',
      { class: 'columns' },
      h('div', { class: 'column' }, attemptsCard(site, machine), isMac(mac) && renderedCard(site, machine)),
      h('div', { class: 'column side' }, factsCard(site, machine), labelsCard(machine)),
    ),
  ])
}

/** @param {string} mac */
function neverHeard(mac) {
  return emptyPage(
    `${mac} is not remembered`,
    h(
      'p',
      null,
      'It has not been heard since this server was started, or so many others were that it was forgotten. Switched on, it appears here.',
    ),
  )
}

/** @param {Machine} machine */
function headline(machine) {
  const { mac, hostname, last } = machine
  const section = sectionOf(machine)
  return h(
    'header',
    { class: 'headline' },
    h(
      'div',
      { class: 'headline-title' },
      markOf(section === 'unknown' ? 'unknown' : (last?.state ?? 'seen')),
      h(
        'div',
        null,
        h('h1', { class: hostname === null ? 'mono' : undefined }, hostname ?? mac),
        hostname !== null && h('span', { class: 'quiet mono' }, mac),
      ),
    ),
    last && [
      h('p', { class: 'diagnosis' }, last.diagnosis.text),
      last.diagnosis.advice && h('p', { class: 'advice' }, last.diagnosis.advice),
    ],
  )
}

/**
 * @param {Site} site
 * @param {Machine} machine
 */
function wantsGroup(site, machine) {
  return card(
    'A group for exactly this machine',
    h('span', { class: 'quiet' }, 'goes into the groups file; no restart needed'),
    groupCode(site, machine),
  )
}

/**
 * @param {Site} site
 * @param {Machine} machine
 */
function attemptsCard(site, { attempts }) {
  return card(
    'Boots',
    h('span', { class: 'count' }, attempts.length),
    attempts.length === 0
      ? h('p', { class: 'quiet card-text' }, 'None was seen.')
      : h(
          'ul',
          { class: 'plain' },
          attempts.map((attempt) => attemptRow(site, attempt)),
        ),
  )
}

/**
 * @param {Site} site
 * @param {AttemptSummary} attempt
 */
function attemptRow(site, attempt) {
  const { id, state, diagnosis, startedAt, architecture } = attempt
  return h(
    'li',
    { key: id, class: 'attempt' },
    markOf(state),
    h(
      'div',
      { class: 'attempt-main' },
      h('a', { class: 'name', href: formatRoute({ at: 'attempt', id }) }, diagnosis.text),
      h('div', { class: 'quiet' }, [architecture, bytesText(attempt)].filter(Boolean).join(' · ')),
    ),
    h('div', { class: 'attempt-stages' }, state !== 'seen' && stagesOf(attempt)),
    h('div', { class: 'number' }, tookOf(attempt, site.nowMs)),
    h('div', { class: 'number quiet' }, timeOf(startedAt, site.nowMs)),
  )
}

/**
 * @param {Site} site
 * @param {Machine} machine
 */
function factsCard(site, { mac, uuid, address, hostname, group, spec, last, lastSeenAt }) {
  return card(
    'Machine',
    null,
    facts([
      [
        'Group',
        group === null ? 'none caught it' : h('a', { href: formatRoute({ at: 'groups', find: group }) }, group),
      ],
      ['Spec', spec],
      ['MAC', isMac(mac) ? mono(mac) : 'not known yet'],
      ['UUID', uuid === null ? null : mono(uuid)],
      ['Address', address === null ? null : mono(address)],
      ['Host name', hostname],
      ['Architecture', last?.architecture],
      ['Last heard', timeOf(lastSeenAt, site.nowMs)],
    ]),
  )
}

/** @param {Machine} machine */
function labelsCard({ labels }) {
  const pairs = Object.entries(labels)
  if (pairs.length === 0) return null
  return card(
    'Labels',
    h('span', { class: 'quiet' }, 'what it says of itself'),
    facts(pairs.map(([key, value]) => /** @type {const} */ ([key, mono(value)]))),
  )
}
