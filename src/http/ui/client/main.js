/**
 * The status page: what is known of the site, the view that the address bar asks for, and one loop that draws it.
 *
 * Views are functions of what is known to elements; nothing in them touches the page. Text goes into it as text, whatever
 * machines say of themselves: no HTML is ever made of it.
 */
import { h, render } from 'preact'

import { Api } from './api.js'
import { Box } from './box.js'
import { ASK_MS, follow } from './follow.js'
import { Machines } from './machines.js'
import { formatRoute, parseRoute } from './route.js'
import { applianceView } from './views/appliance.js'
import { attemptView } from './views/attempt.js'
import { groupsView } from './views/groups.js'
import { hostView } from './views/host.js'
import { machineView } from './views/machine.js'
import { machinesView, titleOf } from './views/machines.js'
import { problemsView } from './views/problems.js'

/** @import { Route } from './route.js' */
/** @import { Connection } from './follow.js' */
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
 * @property {Box | undefined} box - absent where the server runs on no box of its own
 * @property {number} nowMs - the server's time
 * @property {(mac: string, isOpen: boolean) => void} open
 * @property {(route: Route) => void} replaceRoute - without a step for the back button
 */

/** Relative times and running durations go on so often. */
const TICK_MS = 1000

const api = new Api(draw)
const machines = new Machines(api, draw)
const { dataset } = document.documentElement
const box = dataset['appliance'] === undefined ? undefined : new Box(draw)
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
  void machines.load() // whether there is an event stream or not
  follow((since) => api.changes(since), onConnection, onEvent)
  draw()
}

/** @param {Connection} now */
function onConnection(now) {
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
    get specs() {
      return specsOf(api.groups().value) // asked for where it is wanted: of many machines it takes its time
    },
    opened,
    hidesBodies: dataset['bodies'] === 'hidden',
    box,
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
    case 'appliance':
      return applianceView(site)
    default:
      return hostView(site)
  }
}

/** @type {readonly (readonly [at: readonly Route['at'][], name: string, href: string])[]} */
const TABS = [
  [['machines', 'machine', 'attempt'], 'Machines', '#/'],
  [['groups'], 'Groups', '#/groups'],
  [['problems'], 'Problems', '#/problems'],
  [['appliance'], 'Appliance', '#/appliance'],
  [['host'], 'Host', '#/host'],
]

/** How many things are wrong, by the tab that names them. */
function badges() {
  const errors = api.problems().value?.errors ?? 0
  const ofBox = box === undefined ? 0 : (api.appliance().value?.problems.length ?? 0)
  return new Map([
    ['Problems', { count: errors, what: ' errors' }],
    ['Appliance', { count: ofBox, what: ' problems' }],
  ])
}

/** @param {Route} route */
function header({ at }) {
  const counts = badges()
  const tabs = TABS.filter(([, name]) => box !== undefined || name !== 'Appliance')
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
      tabs.map(([views, name, href]) => {
        const { count = 0, what = '' } = counts.get(name) ?? {}
        return h(
          'a',
          { key: name, href, ...(views.includes(at) && { 'aria-current': 'page' }) },
          name,
          count > 0 && h('span', { class: 'badge' }, count, h('span', { class: 'unseen' }, what)),
        )
      }),
    ),
    h(
      'div',
      { class: `connection is-${connection}`, role: 'status', title: WHYS[connection] },
      CONNECTIONS[connection],
    ),
  )
}

/** @type {Record<Connection, string>} */
const CONNECTIONS = {
  connecting: 'Connecting …',
  live: 'Live',
  polling: `Every ${ASK_MS / 1000} s`,
  reconnecting: 'Reconnecting …',
}
const WHYS = {
  connecting: 'The server has not answered yet.',
  live: 'Every change is shown as it happens.',
  polling:
    'The server is asked for changes now and then: its event stream has too many followers already, or does not come through.',
  reconnecting: 'The server does not answer. What is shown is how things were.',
}

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
