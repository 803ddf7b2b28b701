/**
 * What changes on the server, as it happens: by its event stream (src/http/events.ts), and by asking every few seconds
 * (src/http/changes.ts) where the stream is not to be had: the server serves a limited number, a browser opens six to one
 * server, and some proxies let none through.
 *
 *   connecting --hello--> live <--hello-- polling <--answered-- reconnecting
 *        |                 |               ^   |                  ^
 *        |                 +--cut off------|---|------------------+
 *        +--refused, or silent-------------+   +--not answered----+
 *
 * While it asks, it tries the stream again now and then.
 */

/** @import { Changes } from './api.js' */

/** @typedef {'connecting' | 'live' | 'polling' | 'reconnecting'} Connection */

const NAMES = ['hello', 'here', 'machine', 'forgotten', 'groups', 'problems']

/** A stream greets at once; one that has not by now is held back by something on the way. */
const GREETING_MS = 8000
/** The server says something every 15 s. */
const SILENCE_MS = 40_000

/** Between two questions. */
export const ASK_MS = 5000
/** ... of a page that nobody sees: its title still counts. */
const HIDDEN_ASK_MS = 20_000
/** ... when the server does not answer: twice as long each time, up to this. */
const ASK_MS_MAX = 60_000
/** Not all pages at once. */
const JITTER = 0.2
/** Between two tries of the stream: twice as long each time, up to this. */
const TRY_MS = 20_000
const TRY_MS_MAX = 320_000
/** A page that is hidden for so long gives its stream up: others may want it. */
const HIDDEN_MS = 5000

/**
 * @param {(since: string) => Promise<Changes>} ask
 * @param {(connection: Connection) => void} onConnection
 * @param {(name: string, data: unknown) => void} onEvent
 */
export function follow(ask, onConnection, onEvent) {
  /** Of the last change that is known. */
  let id = ''
  /** @type {EventSource | undefined} */
  let stream
  /** @type {ReturnType<typeof setTimeout> | undefined} - while it asks */
  let asking
  /** How often nobody answered. */
  let failures = 0
  let tryMs = TRY_MS
  let tryAtMs = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let silence
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let hiding

  document.addEventListener('visibilitychange', onVisibility)
  onConnection('connecting')
  if (document.hidden) startAsking()
  else openStream()

  function openStream() {
    const opened = new EventSource(`/api/events?since=${encodeURIComponent(id)}`)
    stream = opened
    expectWithin(GREETING_MS)
    opened.addEventListener('error', () => {
      if (opened.readyState === EventSource.CLOSED) return giveUp()
      // The browser connects again by itself.
      if (asking === undefined) onConnection('reconnecting')
      expectWithin(GREETING_MS)
    })
    for (const name of NAMES) {
      opened.addEventListener(name, (event) => {
        expectWithin(SILENCE_MS)
        if (name === 'hello') onHello()
        if (event.lastEventId !== '') id = event.lastEventId
        if (name !== 'here') onEvent(name, JSON.parse(event.data))
      })
    }
  }

  function onHello() {
    clearTimeout(asking)
    asking = undefined
    failures = 0
    tryMs = TRY_MS
    onConnection('live')
  }

  /** @param {number} ms */
  function expectWithin(ms) {
    clearTimeout(silence)
    silence = setTimeout(giveUp, ms)
  }

  function closeStream() {
    clearTimeout(silence)
    stream?.close()
    stream = undefined
  }

  function giveUp() {
    closeStream()
    tryAtMs = performance.now() + tryMs
    tryMs = Math.min(tryMs * 2, TRY_MS_MAX)
    if (asking === undefined) startAsking()
  }

  function startAsking() {
    asking = setTimeout(askNow, 0)
  }

  async function askNow() {
    const mine = asking
    const answer = await ask(id).catch(() => undefined)
    if (asking !== mine) return // the stream has come meanwhile
    if (answer === undefined) onNoAnswer()
    else onAnswer(answer)
    const pauseMs = answer?.more ? 0 : pauseOf(failures, document.hidden)
    asking = setTimeout(askNow, pauseMs * (1 + JITTER * (Math.random() - 0.5)))
  }

  function onNoAnswer() {
    failures += 1
    tryAtMs = 0 // when it answers again, its stream may be there too
    onConnection('reconnecting')
  }

  /** @param {Changes} answer */
  function onAnswer({ id: upTo, resumed, changes }) {
    failures = 0
    id = upTo
    onConnection('polling')
    if (!resumed) onEvent('hello', { resumed })
    for (const { event, data } of changes) onEvent(event, data)
    if (stream === undefined && !document.hidden && performance.now() >= tryAtMs) openStream()
  }

  function onVisibility() {
    clearTimeout(hiding)
    if (document.hidden) {
      hiding = setTimeout(() => {
        closeStream()
        if (asking === undefined) startAsking()
      }, HIDDEN_MS)
    } else if (stream === undefined) {
      clearTimeout(asking)
      tryAtMs = 0
      startAsking()
    }
  }
}

/**
 * @param {number} failures - in a row
 * @param {boolean} isHidden
 */
function pauseOf(failures, isHidden) {
  return Math.min((isHidden ? HIDDEN_ASK_MS : ASK_MS) * 2 ** failures, ASK_MS_MAX)
}
