/**
 * The computer that this server runs on, and its parts.
 */
import { h } from 'preact'

import { formatBytes, formatSeconds } from '../format.js'
import { card, facts, meter, mono, whenKnown } from '../parts.js'

/** @import { HostFacts } from '../../../api/host.ts' */
/** @import { Site } from '../main.js' */

/** @param {Site} site */
export function hostView(site) {
  const fact = site.api.host()
  return whenKnown(fact, (host) => [
    h('div', { class: 'tools' }, h('h1', null, 'Host'), h('p', { class: 'quiet tools-text' }, host.hostname)),
    h('div', { class: 'tiles' }, modulesCard(host), loadCard(host), disksCard(host), interfacesCard(host)),
  ])
}

/** @param {HostFacts} host */
function modulesCard({ modules, process }) {
  return card(
    'Modules',
    null,
    h(
      'ul',
      { class: 'plain' },
      modules.map(({ name, state, detail }) =>
        h(
          'li',
          { key: name, class: 'module' },
          h('span', { class: 'module-name' }, name),
          h('span', { class: `module-state is-${state}` }, state),
          h('span', { class: 'quiet module-detail' }, detail),
        ),
      ),
    ),
    facts([
      ['Version', process.version],
      ['Running for', formatSeconds(process.uptimeMs)],
      ['Memory', formatBytes(process.memoryBytes)],
      ['Event-loop delay', h('span', { class: 'number' }, `${process.loopDelayMs.toFixed(1)} ms`)],
    ]),
  )
}

/** @param {HostFacts} host */
function loadCard({ load, memory, processors, os, kernel, architecture, uptimeMs }) {
  const used = memory.totalBytes - memory.availableBytes
  return card(
    'Load',
    null,
    meter('Processors', load.percent / 100, `${Math.round(load.percent)} % of ${processors}`, false),
    meter('Memory', used / memory.totalBytes, `${formatBytes(used)} of ${formatBytes(memory.totalBytes)}`),
    facts([
      ['Load average', h('span', { class: 'number' }, load.averages.map((average) => average.toFixed(2)).join(', '))],
      ['System', os],
      ['Kernel', `${kernel}, ${architecture}`],
      ['Up for', formatSeconds(uptimeMs)],
    ]),
  )
}

/** @param {HostFacts} host */
function disksCard({ disks }) {
  return card(
    'Disks',
    null,
    disks.length === 0 && h('p', { class: 'quiet card-text' }, 'None is mounted.'),
    disks.map(({ mount, usedBytes, totalBytes }) =>
      meter(mono(mount), usedBytes / totalBytes, `${formatBytes(usedBytes)} of ${formatBytes(totalBytes)}`),
    ),
  )
}

/** @param {HostFacts} host */
function interfacesCard({ interfaces }) {
  return card(
    'Interfaces',
    null,
    h(
      'ul',
      { class: 'plain' },
      interfaces.map(({ name, state, addresses, megabitPerSecond, received, sent }) =>
        h(
          'li',
          { key: name, class: 'interface' },
          h('span', { class: 'mono' }, name),
          h('span', { class: `module-state is-${state === 'down' ? 'off' : 'running'}` }, state),
          h('span', { class: 'quiet mono interface-addresses' }, addresses.join(' ') || 'no address'),
          h(
            'span',
            { class: 'quiet number interface-traffic' },
            [
              megabitPerSecond !== null && `${megabitPerSecond.toLocaleString('en')} Mbit/s`,
              `${formatBytes(received)} in`,
              `${formatBytes(sent)} out`,
            ]
              .filter(Boolean)
              .join(' · '),
          ),
        ),
      ),
    ),
  )
}
