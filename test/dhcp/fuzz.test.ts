/**
 * A million datagrams that nobody should send: captured messages cut, flipped and joined, and noise behind a sound header.
 *
 * The same ones in every run. `message.test.ts` has properties that shrink what they find; this is for the number.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { expect, test } from 'vitest'

import { DecodeError } from '../../src/core/decode-error.ts'
import { decode } from '../../src/dhcp/message.ts'
import { captured, DHCP_PACKETS, rawRequest } from '../support/dhcp-packets.ts'
import { randomFrom } from '../tftp/random.ts'

const COUNT = 1_000_000
/** What a run may leave behind that is not a leak: compiled code, shapes of objects. */
const HEAP_BYTES_MAX = 8 << 20

const OPTIONS_AT = 240
const DATAGRAM_BYTES_MAX = 65_507

const SEEDS = [...DHCP_PACKETS.map(({ name }) => captured(name)), rawRequest('350101 3402 0000'), rawRequest('340103')]

const NOISE = Buffer.from(Uint8Array.from({ length: 2 * DATAGRAM_BYTES_MAX }, noiseByte(2)))

function noiseByte(seed: number): () => number {
  const random = randomFrom(seed)
  return () => Math.floor(random() * 256)
}

/** Each datagram is a view of the same memory, as from a socket. */
function damagedMessages(seed: number): () => Buffer {
  const random = randomFrom(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  const buffer = Buffer.alloc(DATAGRAM_BYTES_MAX)
  const kinds: ((length: number) => number)[] = [
    flipBits,
    changeBytes,
    (length) => below(length + 1), // cut off
    (length) => changeBytes(below(length + 1)),
    joinAnother,
    noise,
  ]
  return () => {
    const length = SEEDS[below(SEEDS.length)]!.copy(buffer)
    return buffer.subarray(0, kinds[below(kinds.length)]!(length))
  }

  function flipBits(length: number): number {
    const times = 1 + below(4)
    for (let count = 0; count < times; count++) buffer[below(length)]! ^= 1 << below(8)
    return length
  }
  function changeBytes(length: number): number {
    const times = length === 0 ? 0 : 1 + below(8)
    for (let count = 0; count < times; count++) buffer[below(length)] = below(256)
    return length
  }
  /** The options of one message behind a part of another's. */
  function joinAnother(length: number): number {
    const at = OPTIONS_AT + below(length - OPTIONS_AT + 1)
    return at + SEEDS[below(SEEDS.length)]!.copy(buffer, at, OPTIONS_AT)
  }
  /** Now and then as long as a datagram can be. */
  function noise(): number {
    const length = below(1000) === 0 ? DATAGRAM_BYTES_MAX : OPTIONS_AT + below(200)
    NOISE.copy(buffer, OPTIONS_AT + below(4), below(NOISE.length - length))
    return length
  }
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}

test('a million damaged messages are each decoded or refused, and leave nothing behind', { timeout: 120_000 }, () => {
  const next = damagedMessages(1)
  const [before, outcomes] = [heapBytes(), { decoded: 0, refused: 0 }]
  for (let count = 0; count < COUNT; count++) {
    const datagram = next()
    try {
      decode(datagram)
      outcomes.decoded += 1
    } catch (error) {
      if (!(error instanceof DecodeError))
        throw new Error(`message ${count}: ${datagram.toString('hex')}`, { cause: error })
      outcomes.refused += 1
    }
  }
  expect(outcomes.decoded).toBeGreaterThan(COUNT / 10)
  expect(outcomes.refused).toBeGreaterThan(COUNT / 10)
  expect(heapBytes() - before).toBeLessThan(HEAP_BYTES_MAX)
})
