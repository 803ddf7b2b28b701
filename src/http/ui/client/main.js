/**
 * The status page: what is known of the site, the view that the address bar asks for, and one loop that draws it.
 *
 * Views are functions of what is known to elements; nothing in them touches the page. Text goes into it as text, whatever
 * machines say of themselves: no HTML is ever made of it.
 */
import { h, render } from 'preact'

import { Api } from './api.js'
import { Machines } from './machines.js'
import { formatRoute, parseRoute } from './route.js'
import { openStream } from './stream.js'
import { attemptView } from './views/attempt.js'
import { groupsView } from './views/groups.js'
import { hostView } from './views/host.js'
import { machineView } from './views/machine.js'
import { machinesView, titleOf } from './views/machines.js'
import { problemsView } from './views/problems.js'

/** @import { Route } from './route.js' */
/** @import { Connection } from './stream.js' */
/** @import { GroupList } from './api.js' */

/**
 * What views may look at and ask for.
 *
 * @typedef {object} Site
 * @property {Api} api
 * @property {Machines} machines
 * @property {readonly string[]} specs - that groups name, the one that most of them name first
 * @property {ReadonlyMap<string, boolean>} opened - what a person has opened or closed
 * @property {boolean} hidesBodies
 * @property {number} nowMs - the server's time
 * @property {(mac: string, isOpen: boolean) => void} open
 * @property {(route: Route) => void} replaceRoute - without a step for the back button
 */

/** Relative times and running durations go on so often. */
const TICK_MS = 1000

const api = new Api(draw)
const machines = new Machines(api, draw)
/** @type {Map<string, boolean>} */
const opened = new Map()
/** @type {Connection} */
let connection = 'connecting'
let isDrawing = false

start()

function start() {
  addEventListener('hashchange', () => {
    scrollTo(0, 0)
    draw()
    focusMain()
  })
  addEventListener('keydown', onKey)
  setInterval(() => document.hidden || draw(), TICK_MS)
  document.addEventListener('visibilitychange', draw)
  openStream('/api/events', ['hello', 'machine', 'forgotten', 'groups', 'problems'], onConnection, onEvent)
  draw()
}

/** @param {Connection} now */
function onConnection(now) {
  // Without events there is still something to show.
  if (now === 'reconnecting' && connection === 'connecting') void machines.load()
  connection = now
  draw()
}

/**
 * @param {string} name
 * @param {any} data
 */
function onEvent(name, data) {
  switch (name) {
    case 'hello':
      if (data.resumed) return
      void machines.load()
      api.everythingChanged()
      break
    case 'machine':
      machines.update(data)
      api.machineChanged(data)
      break
    case 'forgotten':
      machines.forget(data.mac)
      api.machineChanged({ mac: data.mac, last: null })
      break
    default:
      api.dataChanged()
  }
}

/** Once before the next frame, however often it is called. */
function draw() {
  if (isDrawing) return
  isDrawing = true
  requestAnimationFrame(() => {
    isDrawing = false
    const root = document.querySelector('#app')
    if (root !== null) render(page(), root)
  })
}

function page() {
  const route = parseRoute(location.hash)
  const site = siteNow()
  document.title = `${titleOf(site)} · bootcfg`
  return [header(route), h('main', { id: 'main', tabIndex: -1, class: `at-${route.at}` }, view(site, route))]
}

/** @returns {Site} */
function siteNow() {
  return {
    api,
    machines,
    specs: specsOf(api.groups().value),
    opened,
    hidesBodies: document.documentElement.dataset['bodies'] === 'hidden',
    nowMs: api.nowMs(),
    open(mac, isOpen) {
      opened.set(mac, isOpen)
      draw()
    },
    replaceRoute(route) {
      history.replaceState(null, '', formatRoute(route))
      draw()
    },
  }
}

/** @param {GroupList | undefined} list */
function specsOf(list) {
  /** @type {Map<string, number>} */
  const counts = new Map()
  for (const { spec } of list?.groups ?? []) if (spec !== '') counts.set(spec, (counts.get(spec) ?? 0) + 1)
  return [...counts].toSorted(([, a], [, b]) => b - a).map(([spec]) => spec)
}

/**
 * @param {Site} site
 * @param {Route} route
 */
function view(site, route) {
  switch (route.at) {
    case 'machines':
      return machinesView(site, route)
    case 'machine':
      return machineView(site, route.mac)
    case 'attempt':
      return attemptView(site, route.id)
    case 'groups':
      return groupsView(site, route.find)
    case 'problems':
      return problemsView(site)
    default:
      return hostView(site)
  }
}

/** @type {readonly (readonly [at: readonly Route['at'][], name: string, href: string])[]} */
const TABS = [
  [['machines', 'machine', 'attempt'], 'Machines', '#/'],
  [['groups'], 'Groups', '#/groups'],
  [['problems'], 'Problems', '#/problems'],
  [['host'], 'Host', '#/host'],
]

/** @param {Route} route */
function header({ at }) {
  const errors = api.problems().value?.errors ?? 0
  return h(
    'header',
    { class: 'top' },
    h(
      'a',
      {
        class: 'skip',
        href: '#main',
        onClick: (/** @type {Event} */ event) =>
          (event.preventDefault(), focusMain()),
      },
      'Skip to content',
    ),
    h('a', { class: 'brand', href: '#/' }, 'bootcfg'),
    h(
      'nav',
      { 'aria-label': 'Views' },
      TABS.map(([views, name, href]) =>
        h(
          'a',
          { key: name, href, ...(views.includes(at) && { 'aria-current': 'page' }) },
          name,
          name === 'Problems' &&
            errors > 0 &&
            h('span', { class: 'badge' }, errors, h('span', { class: 'unseen' }, ' errors')),
        ),
      ),
    ),
    h('div', { class: `connection is-${connection}`, role: 'status' }, CONNECTIONS[connection]),
  )
}

const CONNECTIONS = { connecting: 'Connecting …', live: 'Live', reconnecting: 'Reconnecting …' }

function focusMain() {
  document.querySelector('main')?.focus({ preventScroll: true })
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return
  const find = document.querySelector('.find')
  if (!(find instanceof HTMLInputElement) || event.target instanceof HTMLInputElement) return
  event.preventDefault()
  find.select()
}
