/** How the page follows the server: by its stream, and by asking where there is none. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { Changes } from '../../../../src/http/ui/client/api.js'
import { follow } from '../../../../src/http/ui/client/follow.js'

/** The last one is what the page has open. */
let streams: FakeStream[]
let connections: string[]
let events: string[]
let asked: string[]
let answer: () => Promise<Changes>
let page: EventTarget & { hidden: boolean }

class FakeStream extends EventTarget {
  static readonly CLOSED = 2
  readyState = 0
  readonly url: string
  constructor(url: string) {
    super()
    this.url = url
    streams.push(this)
  }
  says(name: string, id: string, data: unknown = {}): void {
    this.dispatchEvent(Object.assign(new Event(name), { data: JSON.stringify(data), lastEventId: id }))
  }
  /** @param isFinal - the answer was an error, after which a browser gives up */
  breaks(isFinal: boolean): void {
    this.readyState = isFinal ? 2 : 0
    this.dispatchEvent(new Event('error'))
  }
  close(): void {
    this.readyState = 2
  }
}

const changes = (id: string, of: Partial<Changes> = {}): Changes => ({
  id,
  resumed: true,
  more: false,
  changes: [],
  ...of,
})
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const open = (): FakeStream[] => streams.filter(({ readyState }) => readyState !== 2)

beforeEach(() => {
  vi.useFakeTimers()
  ;[streams, connections, events, asked] = [[], [], [], []]
  answer = () => Promise.resolve(changes('run-1'))
  page = Object.assign(new EventTarget(), { hidden: false })
  vi.stubGlobal('document', page)
  vi.stubGlobal('EventSource', FakeStream)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

function start(): void {
  follow(
    (since) => {
      asked.push(since)
      return answer()
    },
    (connection) => {
      if (connections.at(-1) !== connection) connections.push(connection)
    },
    (name) => events.push(name),
  )
}

test('a stream that greets is followed, and nothing is asked', async () => {
  start()
  streams[0]!.says('hello', 'run-0', { resumed: false })
  for (let times = 0; times < 20; times++) {
    await pass(15_000)
    streams[0]!.says('here', 'run-0')
  }
  streams[0]!.says('machine', 'run-1')
  expect([connections, events, asked]).toEqual([['connecting', 'live'], ['hello', 'machine'], []])
})

test('where there are followers enough, it asks for what has changed since, and tries the stream ever more seldom', async () => {
  start()
  streams[0]!.breaks(true)
  answer = () => Promise.resolve(changes('run-7', { changes: [{ event: 'machine', data: {} }] }))
  await pass(100)
  expect([connections, events, asked]).toEqual([['connecting', 'polling'], ['machine'], ['']])
  await pass(6000)
  expect(asked).toEqual(['', 'run-7'])
  for (let times = 0; times < 120; times++) {
    await pass(5000)
    for (const stream of open()) stream.breaks(true)
  }
  expect(asked.length).toBeGreaterThan(100)
  expect(streams.length).toBeGreaterThan(3)
  expect(streams.length).toBeLessThan(8)
  expect(connections).toEqual(['connecting', 'polling'])
})

test('when the stream is to be had again, it goes on there from what it knows', async () => {
  start()
  streams[0]!.breaks(true)
  await pass(30_000)
  expect(streams.at(-1)!.url).toBe('/api/events?since=run-1')
  streams.at(-1)!.says('hello', 'run-1', { resumed: true })
  const count = asked.length
  await pass(30_000)
  expect([connections, asked.length]).toEqual([['connecting', 'polling', 'live'], count])
})

test('a stream that something on the way holds back is given up for asking', async () => {
  start()
  await pass(9000)
  expect([connections, open()]).toEqual([['connecting', 'polling'], []])
})

test('so is one that has fallen silent', async () => {
  start()
  streams[0]!.says('hello', 'run-0', { resumed: true })
  await pass(45_000)
  expect(connections).toEqual(['connecting', 'live', 'polling'])
})

test('a server that does not answer is asked ever more seldom, and its stream tried as soon as it answers', async () => {
  start()
  answer = () => Promise.reject(new TypeError('refused'))
  streams[0]!.breaks(true)
  await pass(10 * 60_000)
  expect(connections).toEqual(['connecting', 'reconnecting'])
  expect(asked.length).toBeGreaterThan(8)
  expect(asked.length).toBeLessThan(18)
  answer = () => Promise.resolve(changes('new-0', { resumed: asked.at(-1) === 'new-0' }))
  for (let seconds = 0; events.length === 0 && seconds < 70; seconds++) await pass(1000)
  expect(events).toEqual(['hello'])
  expect(streams).toHaveLength(2)
})

test('what is asked while the stream comes is not told after it', async () => {
  start()
  streams[0]!.breaks(true)
  const late = Promise.withResolvers<Changes>()
  await pass(25_000)
  answer = () => late.promise
  await pass(6000)
  streams.at(-1)!.says('hello', 'run-9', { resumed: true })
  late.resolve(changes('run-8', { changes: [{ event: 'machine', data: {} }] }))
  await pass(60)
  expect(events).toEqual(['hello'])
})

test('a page that nobody sees leaves the stream to others, and has it again when it is seen', async () => {
  start()
  streams[0]!.says('hello', 'run-0', { resumed: false })
  page.hidden = true
  page.dispatchEvent(new Event('visibilitychange'))
  await pass(60_000)
  expect(open()).toEqual([])
  expect(asked.length).toBeGreaterThan(1)
  expect(asked.length).toBeLessThan(6)
  page.hidden = false
  page.dispatchEvent(new Event('visibilitychange'))
  await pass(10)
  expect(open()).toHaveLength(1)
})
