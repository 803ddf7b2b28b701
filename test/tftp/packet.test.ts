import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { DecodeError } from '../../src/core/decode-error.ts'
import { decode, encode, type Packet } from '../../src/tftp/packet.ts'

const bytes = (...parts: (string | number)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from([part]))))

const read = { op: 'read', file: 'a', mode: 'octet', options: [] } as const

const understood: [string, Uint8Array, Packet][] = [
  ['RRQ', bytes('\0\x01a\0octet\0'), read],
  ['WRQ', bytes('\0\x02a\0octet\0'), { ...read, op: 'write' }],
  [
    'RRQ with options, spelt as they are',
    bytes('\0\x01a\0octet\0BLKSIZE\x001468\0tsize\x000\0'),
    {
      ...read,
      options: [
        ['BLKSIZE', '1468'],
        ['tsize', '0'],
      ],
    },
  ],
  ['a name without a value is no option', bytes('\0\x01a\0octet\0blksize\0'), read],
  ['a value without NUL is no option', bytes('\0\x01a\0octet\0blksize\x001468'), read],
  ['bytes of a name beyond ASCII', bytes('\0\x01', 0xe9, 0xff, '\0octet\0'), { ...read, file: '\u00e9\u00ff' }],
  ['DATA', bytes('\0\x03\x12\x34xyz'), { op: 'data', block: 0x1234, bytes: bytes('xyz') }],
  ['DATA without bytes', bytes('\0\x03\0\x01'), { op: 'data', block: 1, bytes: bytes() }],
  ['ACK', bytes('\0\x04', 0xff, 0xfe), { op: 'ack', block: 0xfffe }],
  ['ACK with bytes behind it', bytes('\0\x04\0\x01junk'), { op: 'ack', block: 1 }],
  ['ERROR', bytes('\0\x05\0\x08no\0'), { op: 'error', code: 8, text: 'no' }],
  ['ERROR without NUL, of a code nobody knows', bytes('\0\x05\x03\xe7no'), { op: 'error', code: 999, text: 'no' }],
  ['ERROR without text', bytes('\0\x05\0\0'), { op: 'error', code: 0, text: '' }],
  ['OACK', bytes('\0\x06blksize\x008\0'), { op: 'oack', options: [['blksize', '8']] }],
]
for (const [name, datagram, packet] of understood) {
  test(`understood: ${name}`, () => {
    const decoded = decode(datagram)
    expect(decoded.op === 'data' ? { ...decoded, bytes: Buffer.from(decoded.bytes) } : decoded).toEqual(packet)
  })
}

const refused: [string, Uint8Array, DecodeError['code'], number][] = [
  ['nothing', bytes(), 'truncated', 0],
  ['one byte', bytes(0), 'truncated', 0],
  ['opcode 0', bytes('\0\0a\0octet\0'), 'unsupported', 0],
  ['opcode 7', bytes('\0\x07a\0octet\0'), 'unsupported', 0],
  ['opcode 65535', bytes(0xff, 0xff), 'unsupported', 0],
  ['a file name without NUL', bytes('\0\x01abc'), 'truncated', 2],
  ['no mode', bytes('\0\x01abc\0'), 'truncated', 6],
  ['a mode without NUL', bytes('\0\x01abc\0octet'), 'truncated', 6],
  ['an ACK of three bytes', bytes('\0\x04\0'), 'truncated', 2],
]
for (const [name, datagram, code, offset] of refused) {
  test(`not understood: ${name}`, () => {
    expect(() => decode(datagram)).toThrow(expect.objectContaining({ name: 'DecodeError', code, offset }))
  })
}

test('what UEFI and iPXE really send is understood', () => {
  const fixtures = JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/packets.json'), 'utf8')) as {
    name: string
    hex: string
  }[]
  const packet = (name: string): Packet =>
    decode(Buffer.from(fixtures.find((fixture) => fixture.name === name)!.hex, 'hex'))
  expect(packet('edk2-rrq-probe')).toMatchObject({
    op: 'read',
    options: [
      ['tsize', '0'],
      ['blksize', '1468'],
      ['windowsize', '4'],
    ],
  })
  expect(packet('edk2-rrq-download')).toMatchObject({
    options: [
      ['blksize', '1468'],
      ['windowsize', '4'],
    ],
  })
  expect(packet('ipxe-rrq')).toMatchObject({
    options: [
      ['blksize', '1432'],
      ['tsize', '0'],
    ],
  })
  expect(packet('edk2-tftp-abort')).toMatchObject({ op: 'error', code: 8 })
})

test('encoding what cannot be said is a fault of ours', () => {
  expect(() => encode({ op: 'error', code: 0, text: 'a\0b' })).toThrow(RangeError)
  expect(() => encode({ op: 'error', code: 0, text: 'Ω' })).toThrow(RangeError)
  expect(() => encode({ op: 'ack', block: 65_536 })).toThrow(RangeError)
})

const u16 = fc.integer({ min: 0, max: 65_535 })
const text = fc.string({
  unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
})
const options = fc.array(fc.tuple(text, text), { maxLength: 5 })
const packets = fc.oneof(
  fc.record({ op: fc.constantFrom('read', 'write'), file: text, mode: text, options }, { noNullPrototype: true }),
  fc.record(
    { op: fc.constant('data'), block: u16, bytes: fc.uint8Array({ maxLength: 30 }) },
    { noNullPrototype: true },
  ),
  fc.record({ op: fc.constant('ack'), block: u16 }, { noNullPrototype: true }),
  fc.record({ op: fc.constant('error'), code: u16, text }, { noNullPrototype: true }),
  fc.record({ op: fc.constant('oack'), options }, { noNullPrototype: true }),
) as fc.Arbitrary<Packet>

test('decode(encode(x)) is x', () => {
  const comparable = (packet: Packet) => (packet.op === 'data' ? { ...packet, bytes: [...packet.bytes] } : packet)
  fc.assert(
    fc.property(packets, (packet) => {
      expect(comparable(decode(encode(packet)))).toEqual(comparable(packet))
    }),
  )
})

test('decode() throws DecodeError or nothing, on any bytes and on packets that are cut and flipped', () => {
  const damaged = fc.tuple(packets, fc.nat(100), fc.nat(100), fc.nat(255)).map(([packet, cutAt, flipAt, flip]) => {
    const datagram = Uint8Array.from(encode(packet))
    if (flipAt < datagram.length) datagram[flipAt]! ^= flip
    return datagram.subarray(0, cutAt)
  })
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 80 })), (datagram) => {
      try {
        decode(datagram)
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError)
      }
    }),
    { numRuns: 5000 },
  )
})
