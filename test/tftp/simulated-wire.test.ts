/**
 * Server and client, joined by a wire that loses, repeats, reorders and delays packets, on a clock that is only counted.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { asNeeded, type Blocks } from '../../src/tftp/blocks.ts'
import { decode, encode, type Packet } from '../../src/tftp/packet.ts'
import type { Event, Step, Terms, Transfer } from '../../src/tftp/transfer-state.ts'
import { begin, step } from '../../src/tftp/transfer.ts'
import { randomFrom } from './random.ts'

/** What becomes of one packet: how long it takes, and how often it arrives. */
interface Fate {
  readonly copies: 0 | 1 | 2
  readonly delayMs: number
}

const CLEAN: Fate = { copies: 1, delayMs: 0.1 }

interface ClientOptions {
  readonly window: number
  /** Acknowledges every block that it did not expect, as EDK2 does; else only what ends a window or a gap. */
  readonly eager: boolean
  /** Sends its last ACK again when nothing comes. */
  readonly patienceMs: number
}

/** A receiver after RFC 1350 and RFC 7440. Its block size is that of the first block. */
class Client {
  readonly received: Uint8Array[] = []
  isDone = false
  #expected = 1
  #inWindow = 0
  #hasToldOfGap = false
  readonly #options: ClientOptions
  readonly #blockBytes: number

  constructor(options: ClientOptions, blockBytes: number) {
    this.#options = options
    this.#blockBytes = blockBytes
  }

  /** @returns the ACK to send, if any */
  take(packet: Packet): number | undefined {
    if (packet.op === 'oack') return this.#expected === 1 ? 0 : undefined
    if (packet.op !== 'data') return undefined
    if (packet.block !== (this.#expected & 0xffff)) {
      if (!this.#options.eager && this.#hasToldOfGap) return undefined
      this.#hasToldOfGap = true
      this.#inWindow = 0
      return this.#options.window === 1 && !this.#options.eager ? undefined : this.#last()
    }
    if (!this.isDone) this.received.push(Uint8Array.from(packet.bytes))
    this.#hasToldOfGap = false
    this.#expected += 1
    this.#inWindow += 1
    this.isDone = packet.bytes.length < this.#blockBytes
    if (!this.isDone && this.#inWindow < this.#options.window) return undefined
    this.#inWindow = 0
    return this.#last()
  }

  #last(): number {
    return (this.#expected - 1) & 0xffff
  }
}

interface Outcome {
  readonly transfer: Transfer
  readonly client: Client
  readonly dataSent: number
  readonly endMs: number
}

/** @param fateOf - of the n-th packet on the wire, and its block if it is DATA */
function run(
  blocks: Blocks,
  terms: Terms,
  options: ClientOptions,
  fateOf: (n: number, block: number | undefined) => Fate,
  limitMs = 1e6,
): Outcome {
  const client = new Client(options, blocks.packetBytes - 4)
  const queue: { atMs: number; n: number; to: 'server' | 'client'; bytes: Uint8Array }[] = []
  let [nowMs, n, dataSent] = [0, 0, 0]
  let transfer!: Transfer
  let quietSinceMs = 0
  let lastAck: number | undefined

  function put(to: 'server' | 'client', bytes: Uint8Array): void {
    const packet = decode(bytes)
    if (packet.op === 'data') dataSent += 1
    const { copies, delayMs } = fateOf(n, packet.op === 'data' ? packet.block : undefined)
    for (let copy = 0; copy < copies; copy++) queue.push({ atMs: nowMs + delayMs + copy, n: n++, to, bytes })
    if (copies === 0) n += 1
  }
  function perform([next, effects]: Step): void {
    transfer = next
    for (const effect of effects) {
      if (effect.do !== 'send') continue
      for (let block = effect.first; block <= effect.last; block++) {
        put('client', block === 0 ? encode({ op: 'oack', options: [] }) : blocks.packets(block, block))
      }
    }
  }
  const happened = (event: Event): void => perform(step(transfer, event, terms))
  const acknowledge = (block: number): void => {
    lastAck = block
    quietSinceMs = nowMs
    put('server', encode({ op: 'ack', block }))
  }

  perform(begin(terms, 0))
  while (transfer.at === 'sending' && nowMs < limitMs) {
    queue.sort((a, b) => a.atMs - b.atMs || a.n - b.n)
    const next = queue[0]
    const impatientMs = lastAck === undefined || client.isDone ? Infinity : quietSinceMs + options.patienceMs
    if (next !== undefined && next.atMs <= Math.min(transfer.dueMs, impatientMs)) {
      queue.shift()
      nowMs = Math.max(nowMs, next.atMs)
      const packet = decode(next.bytes)
      if (next.to === 'client') {
        const block = client.take(packet)
        if (block !== undefined) acknowledge(block)
      } else if (packet.op === 'ack') happened({ type: 'ack', block: packet.block, nowMs })
    } else if (transfer.dueMs <= impatientMs) {
      nowMs = Math.max(nowMs, transfer.dueMs)
      happened({ type: 'time', nowMs, mute: false })
    } else {
      nowMs = Math.max(nowMs, impatientMs)
      acknowledge(lastAck!)
    }
  }
  return { transfer, client, dataSent, endMs: nowMs }
}

const calm: ClientOptions = { window: 1, eager: false, patienceMs: 1000 }

const terms = (blocks: Blocks, window: number, oack = true): Terms => ({
  blocks: blocks.count,
  oack,
  window,
  timeoutMs: undefined,
})

const fates = fc.record({
  copies: fc.oneof({ weight: 8, arbitrary: fc.constant(1 as const) }, fc.constantFrom(0 as const, 2 as const)),
  delayMs: fc.integer({ min: 0, max: 40 }),
})

test('a client that is not starved gets exactly the file, whatever the wire does', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 600 }),
      fc.constantFrom(1, 2, 4, 16),
      fc.boolean(),
      fc.boolean(),
      fc.infiniteStream(fates),
      (file, window, eager, oack, stream) => {
        const blocks = asNeeded(file, 16)
        const options = { window: oack ? window : 1, eager, patienceMs: 700 }
        // Misfortune ends at some time: who loses every packet gets no file.
        const fateOf = (n: number): Fate => (n < 400 ? stream.next().value : CLEAN)
        const { transfer, client } = run(blocks, terms(blocks, oack ? window : 1, oack), options, fateOf)
        if (transfer.at === 'failed') expect(transfer.reason).toMatch(/never acknowledged|no answer/)
        else expect(Buffer.concat(client.received)).toEqual(Buffer.from(file))
      },
    ),
    { numRuns: 300 },
  )
})

test('up to one packet in ten is lost, and every transfer still succeeds', () => {
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom(1, 4, 16), fc.boolean(), (seed, window, eager) => {
      const blocks = asNeeded(new Uint8Array(3000).fill(7), 16)
      const random = randomFrom(seed)
      const options = { window, eager, patienceMs: 1000 }
      // The first answer is left alone: an address that never acknowledged has only three tries.
      const fateOf = (n: number): Fate => (n > 2 && random() < 0.1 ? { copies: 0, delayMs: 0 } : CLEAN)
      const { transfer, client } = run(blocks, terms(blocks, window), options, fateOf)
      expect(transfer.at).toBe('sent')
      expect(Buffer.concat(client.received).length).toBe(3000)
    }),
    { numRuns: 100 },
  )
})

test.each([1, 2, 3, 4])('block %i of a window of 4 is lost: no pause, and little is sent twice', (lost) => {
  const blocks = asNeeded(new Uint8Array(16 * 40), 16)
  let isLost = false
  const fateOf = (_: number, block: number | undefined): Fate => {
    if (isLost || block !== 8 + lost) return CLEAN
    isLost = true
    return { copies: 0, delayMs: 0 }
  }
  const { transfer, dataSent, endMs } = run(blocks, terms(blocks, 4), { ...calm, window: 4, eager: true }, fateOf)
  expect(transfer.at).toBe('sent')
  // A window whose last block is lost has nothing behind it that would tell of the gap.
  expect(endMs).toBeLessThan(lost === 4 ? 150 : 50)
  expect(dataSent - blocks.count).toBeLessThanOrEqual(5)
})

test('an eager client and one lost ACK make no storm', () => {
  const blocks = asNeeded(new Uint8Array(16 * 400), 16)
  const fateOf = (n: number): Fate => (n === 12 ? { copies: 0, delayMs: 0 } : CLEAN)
  const { transfer, dataSent } = run(blocks, terms(blocks, 4), { ...calm, window: 4, eager: true }, fateOf)
  expect(transfer.at).toBe('sent')
  expect(dataSent - blocks.count).toBeLessThanOrEqual(12)
})

test('every packet arrives twice: in lock-step each block is sent once all the same', () => {
  const blocks = asNeeded(new Uint8Array(16 * 100), 16)
  const { transfer, dataSent } = run(blocks, terms(blocks, 1), { ...calm, eager: true }, () => ({
    copies: 2,
    delayMs: 1,
  }))
  expect(transfer.at).toBe('sent')
  expect(dataSent).toBe(blocks.count)
})

test('a round trip of 300 ms: after the first blocks nothing is sent twice', () => {
  const blocks = asNeeded(new Uint8Array(16 * 50), 16)
  const { transfer, dataSent } = run(blocks, terms(blocks, 1), { ...calm, patienceMs: 5000 }, () => ({
    copies: 1,
    delayMs: 150,
  }))
  expect(transfer).toMatchObject({ at: 'sent', resent: 0 })
  expect(dataSent).toBe(blocks.count)
})

test.each([1, 16])(
  '204,801 blocks with window %i: the numbers wrap three times, and the file is the same',
  (window) => {
    const file = Buffer.alloc(8 * 204_800, 'not the same in each block ')
    const blocks = asNeeded(file, 8)
    const { transfer, client } = run(blocks, terms(blocks, window), { ...calm, window }, () => CLEAN)
    expect(transfer).toMatchObject({ at: 'sent', resent: 0 })
    expect(Buffer.concat(client.received).equals(file)).toBe(true)
  },
)
