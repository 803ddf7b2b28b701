/**
 * The event stream over real connections: who connects, leaves, is slow or comes again learns how things are in the end.
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { GroupIndex } from '../../../src/core/find-group.ts'
import type { StoreState } from '../../../src/core/store/store.ts'
import { Changes, tellChanges } from '../../../src/http/changes.ts'
import { createEvents, type Events } from '../../../src/http/events.ts'
import { fakeBoots, machineOf, NO_PROBLEMS, told } from './site.ts'

const MAC = '52:54:00:89:d8:10'
const macOf = (number: number): string =>
  `52:54:00:00:${(number >> 8).toString(16).padStart(2, '0')}:${(number & 255).toString(16).padStart(2, '0')}`

const boots = fakeBoots()
const problems = told(NO_PROBLEMS)
const store = told<StoreState>({
  snapshot: { groups: new GroupIndex([]), specs: new Map(), ignition: new Map(), cloud: new Map() },
  broken: new Map(),
  behind: undefined,
  loadedAtMs: Date.UTC(2026, 10, 22, 21),
  loads: { loaded: 1, refused: 0, failed: 0 },
})

interface Received {
  readonly id: string
  readonly event: string
  readonly data: Record<string, unknown>
}

/** A client as a browser's EventSource is one. */
class Client implements AsyncDisposable {
  readonly events: Received[] = []
  readonly #leaving = new AbortController()
  readonly #ended: Promise<void>

  constructor(url: string, lastId?: string) {
    this.#ended = this.#read(url, lastId).catch(() => {}) // it has left, or was made to
  }

  async #read(url: string, lastId?: string): Promise<void> {
    const headers = lastId === undefined ? {} : { 'last-event-id': lastId }
    const { body } = await fetch(url, { headers, signal: this.#leaving.signal })
    let text = ''
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      const blocks = text.split('\n\n')
      text = blocks.pop()!
      for (const block of blocks) this.#take(block)
    }
  }

  #take(block: string): void {
    const fields = Object.fromEntries(block.split('\n').map((line) => /^(\w*): ?(.*)$/.exec(line)!.slice(1, 3)))
    this.events.push({ id: fields.id!, event: fields.event!, data: JSON.parse(fields.data) })
  }

  async has(event: string, fits: (data: Received['data']) => boolean = () => true): Promise<Received> {
    return vi.waitFor(() => {
      const found = this.events.find((received) => received.event === event && fits(received.data))
      if (found === undefined) throw new Error(`no ${event} in ${JSON.stringify(this.events)}`)
      return found
    }, 5000)
  }

  get ended(): Promise<void> {
    return this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving.abort()
    await this.#ended
  }
}

let changes: Changes
let events: Events
let server: Server
let url: string

async function serve(limits: Parameters<typeof createEvents>[1] = {}): Promise<void> {
  changes = new Changes({ boots, problems, store }, 'run')
  events = createEvents(changes, { batchMs: 5, ...limits })
  server = createServer((request, response) => events.add(response, String(request.headers['last-event-id'] ?? '')))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

beforeEach(() => serve())
afterEach(async () => {
  events.stop()
  changes.stop()
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

describe('a client', () => {
  test('is greeted, and told of a machine as it is now without its labels and attempts', async () => {
    await using client = new Client(url)
    expect((await client.has('hello')).data).toEqual({ resumed: false })
    boots.set(machineOf(MAC, { hostname: 'node1' }))
    const { data } = await client.has('machine')
    expect(data).toMatchObject({ mac: MAC, hostname: 'node1' })
    expect(data).not.toHaveProperty('labels')
  })
  test('is told of a machine once where it changed many times, in its last state', async () => {
    await using client = new Client(url)
    await client.has('hello')
    for (let times = 1; times <= 50; times++) boots.set(machineOf(MAC, { hostname: `node${times}` }))
    await client.has('machine', ({ hostname }) => hostname === 'node50')
    expect(client.events.filter(({ event }) => event === 'machine')).toHaveLength(1)
  })
  test('is told when a machine is remembered no more', async () => {
    await using client = new Client(url)
    await client.has('hello')
    boots.set(machineOf(MAC))
    await client.has('machine')
    boots.forget(MAC)
    expect((await client.has('forgotten')).data).toEqual({ mac: MAC })
  })
  test('is told of problems and of another snapshot', async () => {
    await using client = new Client(url)
    await client.has('hello')
    problems.become({ ...NO_PROBLEMS, errors: 2 })
    expect((await client.has('problems')).data).toMatchObject({ errors: 2, warnings: 0 })
    store.become({ ...store.state(), behind: 'groups file refused' })
    expect((await client.has('groups')).data).toEqual({
      groups: 0,
      specs: 0,
      loadedAt: '2026-11-22T21:00:00.000Z',
      behind: 'groups file refused',
    })
  })
  test('text of the network cannot make an event of its own', async () => {
    await using client = new Client(url)
    await client.has('hello')
    boots.set(machineOf(MAC, { hostname: 'a\n\nevent: problems\ndata: {}\n\n' }))
    expect((await client.has('machine')).data['hostname']).toBe('a\n\nevent: problems\ndata: {}\n\n')
    expect(client.events.map(({ event }) => event)).toEqual(['hello', 'machine'])
  })
})

describe('a client that comes again', () => {
  test('is told what it has missed, and no more', async () => {
    const before = new Client(url)
    await before.has('hello')
    boots.set(machineOf(macOf(1)))
    const { id } = await before.has('machine')
    await before[Symbol.asyncDispose]()
    boots.set(machineOf(macOf(2)))
    boots.set(machineOf(macOf(3)))
    await using again = new Client(url, id)
    expect((await again.has('hello')).data).toEqual({ resumed: true })
    await again.has('machine', ({ mac }) => mac === macOf(3))
    expect(again.events.slice(1).map(({ data }) => data['mac'])).toEqual([macOf(2), macOf(3)])
  })
  test('to another run of the program reads all anew', async () => {
    await using client = new Client(url, 'other-0')
    expect((await client.has('hello')).data).toEqual({ resumed: false })
  })
  for (const id of ['run-99999', 'run-', 'run-x', '-1', 'run--1', `run-${'9'.repeat(30)}`]) {
    test(`with the id ${id.slice(0, 20)}, which was never given, reads all anew`, async () => {
      await using client = new Client(url, id)
      expect((await client.has('hello')).data).toEqual({ resumed: false })
    })
  }
  test('after more changes than are remembered reads all anew', async () => {
    for (let number = 0; number < 20_001; number++) boots.set(machineOf(`m${number}`))
    await using client = new Client(url, 'run-0')
    expect((await client.has('hello')).data).toEqual({ resumed: false })
  })
})

describe('who asks now and then', () => {
  const macsOf = ({ changes: told }: ReturnType<typeof tellChanges>) =>
    told.map(({ data }) => (data as { mac: string }).mac)

  test('reads all first, and is then told what has changed since the answer before', () => {
    const first = tellChanges(changes, '')
    expect(first).toEqual({ id: 'run-0', resumed: false, more: false, changes: [] })
    boots.set(machineOf(macOf(1)))
    boots.set(machineOf(macOf(2), { hostname: 'early' }))
    boots.set(machineOf(macOf(2), { hostname: 'late' }))
    const second = tellChanges(changes, first.id)
    expect(second).toMatchObject({ id: 'run-3', resumed: true, more: false })
    expect(second.changes).toMatchObject([
      { event: 'machine', data: { mac: macOf(1) } },
      { event: 'machine', data: { mac: macOf(2), hostname: 'late' } },
    ])
    boots.forget(macOf(1))
    const third = tellChanges(changes, second.id)
    expect(third.changes).toEqual([{ event: 'forgotten', data: { mac: macOf(1) } }])
    expect(tellChanges(changes, third.id).changes).toEqual([])
  })
  test('is told of many in parts, and that there are more', () => {
    for (let number = 0; number < 1200; number++) boots.set(machineOf(macOf(number)))
    const macs: string[] = []
    for (let id = 'run-0', more = true; more;) {
      const part = tellChanges(changes, id)
      macs.push(...macsOf(part))
      ;({ id, more } = part)
    }
    expect(macs).toHaveLength(1200)
    expect(new Set(macs).size).toBe(1200)
  })
  for (const id of ['other-0', 'run-99999', 'run-x', '-1']) {
    test(`with the id ${id}, which was never given, reads all anew`, () => {
      expect(tellChanges(changes, id)).toMatchObject({ resumed: false, changes: [] })
    })
  }
  test('may go on by the stream', async () => {
    boots.set(machineOf(macOf(1)))
    const { id } = tellChanges(changes, '')
    boots.set(machineOf(macOf(2)))
    await using client = new Client(url, id)
    await client.has('machine', ({ mac }) => mac === macOf(2))
    expect(client.events.map(({ event }) => event)).toEqual(['hello', 'machine'])
  })
})

describe('limits', () => {
  test('many changes come in several parts, all of them', async () => {
    await using client = new Client(url)
    await client.has('hello')
    for (let number = 0; number < 1700; number++) boots.set(machineOf(macOf(number)))
    await client.has('machine', ({ mac }) => mac === macOf(1699))
    expect(new Set(client.events.map(({ data }) => data['mac'])).size).toBe(1701) // hello has none
  })
  test('it is full when so many are there, and has room again when one leaves', async () => {
    events.stop()
    changes.stop()
    server.close()
    await serve({ clientsMax: 2 })
    const first = new Client(url)
    await using second = new Client(url)
    await Promise.all([first.has('hello'), second.has('hello')])
    expect(events.isFull).toBe(true)
    await first[Symbol.asyncDispose]()
    await vi.waitFor(() => expect(events.isFull).toBe(false))
  })
  test('a client that reads nothing is given up; it costs the others nothing', { timeout: 20_000 }, async () => {
    events.stop()
    changes.stop()
    server.close()
    await serve({ heartbeatMs: 50, stuckMs: 200 })
    const stuck = connect(Number(new URL(url).port), '127.0.0.1')
    stuck.on('error', () => {})
    stuck.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    stuck.pause()
    await using client = new Client(url)
    await client.has('hello')
    await vi.waitFor(() => expect(events.clients).toBe(2))
    const long = 'x'.repeat(5000)
    for (let round = 0; events.clients === 2 && round < 100; round++) {
      for (let number = 0; number < 400; number++) boots.set(machineOf(macOf(number), { hostname: `${round}${long}` }))
      await sleep(50)
    }
    await vi.waitFor(() => expect(events.clients).toBe(1), 5000)
    boots.set(machineOf(macOf(1), { hostname: 'at last' }))
    await client.has('machine', ({ hostname }) => hostname === 'at last')
    stuck.destroy()
  })
  test('a connection on which nothing happens is kept alive', async () => {
    events.stop()
    changes.stop()
    server.close()
    await serve({ heartbeatMs: 20 })
    await using client = new Client(url)
    const said = () => client.events.filter(({ event }) => event === 'here').length
    await vi.waitFor(() => expect(said()).toBeGreaterThan(2))
  })
  test('a stop ends it for all, so that nobody holds up the end of the program', async () => {
    await using client = new Client(url)
    await client.has('hello')
    events.stop()
    await client.ended
    expect(events.clients).toBe(0)
  })
})
