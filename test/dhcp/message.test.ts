/** Decoding: what machines send, what they should not send, and what nobody sends but an attacker. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { DecodeError } from '../../src/core/decode-error.ts'
import { formatMessage } from '../../src/dhcp/message-text.ts'
import { decode } from '../../src/dhcp/message.ts'
import { captured, DHCP_PACKETS, hex, optionsOf, rawRequest } from '../support/dhcp-packets.ts'

const DISCOVER = '35 01 01'

test('every captured message reads as the golden file says', async () => {
  const texts = DHCP_PACKETS.map(({ name, src, dst, hex }) => {
    return `## ${name}: ${src} -> ${dst}\n${formatMessage(decode(Buffer.from(hex, 'hex')))}\n`
  })
  expect(texts.length).toBeGreaterThanOrEqual(15)
  await expect(texts.join('\n')).toMatchFileSnapshot('../fixtures/packets.txt')
})

test('each field of the header is read from its own place', () => {
  const bytes = hex(
    `02 07 05 03 04050607 0809 8a0b 0c0d0e0f 10111213 14151617 18191a1b 1c1d1e1f20 212223242526272829 2a2b`,
  )
  const sname = 'S'.padEnd(63, 's')
  const file = 'F'.padEnd(127, 'f')
  const datagram = Buffer.concat([bytes, Buffer.from(`${sname}\0${file}\0`), hex('63825363 350105 ff')])
  expect(decode(datagram)).toEqual({
    op: 'reply',
    type: 'ack',
    htype: 7,
    hlen: 5,
    hops: 3,
    xid: 0x04050607,
    secs: 0x0809,
    flags: 0x8a0b,
    ciaddr: 0x0c0d0e0f,
    yiaddr: 0x10111213,
    siaddr: 0x14151617,
    giaddr: 0x18191a1b,
    chaddr: new Uint8Array(hex('1c1d1e1f20 212223242526272829 2a2b')),
    sname,
    file,
    options: new Map(),
    truncated: false,
  })
})

test('a view that starts inside its buffer is decoded from its own start', () => {
  const bytes = Buffer.concat([hex('ffffff'), captured('edk2-x64-discover')])
  expect(decode(bytes.subarray(3))).toEqual(decode(captured('edk2-x64-discover')))
})

describe('not a message', () => {
  const cases: [name: string, datagram: Buffer, code: string][] = [
    ['nothing', Buffer.alloc(0), 'truncated'],
    ['an op that does not exist', rawRequest(DISCOVER, [0, '03']), 'bad-value'],
    ['an address of 17 bytes', rawRequest(DISCOVER, [2, '11']), 'bad-value'],
    ['an address of 255 bytes', rawRequest(DISCOVER, [2, 'ff']), 'bad-value'],
    ['no kind of hardware, yet an address', rawRequest(DISCOVER, [1, '00']), 'bad-value'],
    ['no address and no client id', rawRequest(DISCOVER, [1, '20 00']), 'bad-value'],
    ['no address and an empty client id', rawRequest(`${DISCOVER} 3d 00`, [1, '20 00']), 'bad-value'],
    ['plain BOOTP', rawRequest(DISCOVER, [236, '00000000']), 'bad-magic'],
    ['another cookie', rawRequest(DISCOVER, [236, 'deadbeef']), 'bad-magic'],
    ['no options', rawRequest(''), 'unsupported'],
    ['no message type', rawRequest('0c 01 61 ff'), 'unsupported'],
    ['cut off before the message type', rawRequest('0c ff 61 35 01 01'), 'unsupported'],
    ['a message type behind END', rawRequest('ff 35 01 01'), 'unsupported'],
    ['a message type of no byte', rawRequest('35 00 ff'), 'bad-value'],
    ['a message type of two bytes', rawRequest('35 02 01 01 ff'), 'bad-value'],
    ['message type 0', rawRequest('35 01 00 ff'), 'bad-value'],
    ['message type 9', rawRequest('35 01 09 ff'), 'bad-value'],
    ['message type 255', rawRequest('35 01 ff ff'), 'bad-value'],
  ]
  for (const [name, datagram, code] of cases) {
    test(name, () => {
      expect(() => decode(datagram)).toThrow(expect.objectContaining({ name: 'DecodeError', code }))
    })
  }

  test('a datagram that is shorter than the header, at any length', () => {
    const whole = rawRequest('')
    for (let length = 0; length < 240; length++) {
      expect(() => decode(whole.subarray(0, length))).toThrow(expect.objectContaining({ code: 'truncated' }))
    }
  })
})

describe('lenient where machines are careless', () => {
  const cases: [name: string, datagram: Buffer, options: Record<number, string>, truncated?: boolean][] = [
    ['pads before the first option', rawRequest(`00 00 ${DISCOVER} ff`), {}],
    ['500 pads', rawRequest(`${'00'.repeat(500)} ${DISCOVER} 00 0c 01 61 ff`), { 12: '61' }],
    ['no END', rawRequest(`${DISCOVER} 0c 01 61`), { 12: '61' }],
    ['anything behind END', rawRequest(`${DISCOVER} ff 0c 09 61`), {}],
    ['a last option without length', rawRequest(`${DISCOVER} 0c 01 61 3c`), { 12: '61' }, true],
    ['an option one byte longer than the message', rawRequest(`${DISCOVER} 0c 01 61 3c 03 6162`), { 12: '61' }, true],
    ['an option of 255 bytes with 3 left', rawRequest(`${DISCOVER} 3c ff 616263`), {}, true],
    ['an option without value', rawRequest(`${DISCOVER} 50 00 ff`), { 80: '' }],
    ['a second message type', rawRequest(`${DISCOVER} 35 01 03 ff`), {}],
    ['a second server id', rawRequest(`${DISCOVER} 36 04 0a000001 36 04 0a000002`), { 54: '0a000001' }],
    [
      'a value in three parts',
      rawRequest(`${DISCOVER} 3c 01 61 0c 01 78 3c 02 6263 3c 01 64`),
      { 60: '61626364', 12: '78' },
    ],
    ['control characters in a host name', rawRequest(`${DISCOVER} 0c 06 00 0d0a 1b c3 ff`), { 12: '000d0a1bc3ff' }],
    ['zero and all bytes in a client id', rawRequest(`${DISCOVER} 3d 03 00ff80`), { 61: '00ff80' }],
    ['an address of 16 bytes', rawRequest(DISCOVER, [1, '20 10']), {}],
    ['no address, but a client id', rawRequest(`${DISCOVER} 3d 02 ff01`, [1, '20 00']), { 61: 'ff01' }],
    [
      'a block of options that overruns, inside a sound option',
      rawRequest(`${DISCOVER} 52 03 01ff61 ff`),
      { 82: '01ff61' },
    ],
  ]
  for (const [name, datagram, options, truncated] of cases) {
    test(name, () => {
      const message = decode(datagram)
      expect(message).toMatchObject({ type: 'discover', truncated: truncated ?? false })
      expect(message.options).toEqual(optionsOf(options))
    })
  }
})

describe('options in file and sname (RFC 2131 section 4.1)', () => {
  const [SNAME, FILE] = [44, 108]
  const cases: [
    name: string,
    datagram: Buffer,
    options: Record<number, string>,
    names: [sname: string, file: string],
  ][] = [
    [
      'file first, then sname',
      rawRequest(`${DISCOVER} 34 01 03 3c 01 61`, [FILE, '3c 01 62 ff'], [SNAME, '3c 01 63 ff']),
      { 60: '616263' },
      ['', ''],
    ],
    ['file alone', rawRequest(`${DISCOVER} 34 01 01`, [FILE, '0c 01 62 ff'], [SNAME, '6e']), { 12: '62' }, ['n', '']],
    ['sname alone', rawRequest(`${DISCOVER} 34 01 02`, [FILE, '66'], [SNAME, '0c 01 62 ff']), { 12: '62' }, ['', 'f']],
    ['the message type in file', rawRequest('34 01 01', [FILE, '35 01 01']), {}, ['', '']],
    [
      'an overload inside file is not followed',
      rawRequest(`${DISCOVER} 34 01 01`, [FILE, '34 01 03 0c 01 62'], [SNAME, '0f 01 61']),
      { 12: '62' },
      ['\x0f\x01a', ''],
    ],
    ['a file of pads ends with it', rawRequest(`${DISCOVER} 34 01 01`), {}, ['', '']],
    ['overload 0 is none', rawRequest(`${DISCOVER} 34 01 00`, [FILE, '66']), {}, ['', 'f']],
    ['overload 4 is none', rawRequest(`${DISCOVER} 34 01 04`, [FILE, '66']), {}, ['', 'f']],
    ['an overload of two bytes is none', rawRequest(`${DISCOVER} 34 02 0101`, [FILE, '66']), {}, ['', 'f']],
  ]
  for (const [name, datagram, options, names] of cases) {
    test(name, () => {
      const message = decode(datagram)
      expect([message.sname, message.file]).toEqual(names)
      expect(message.options).toEqual(optionsOf(options))
    })
  }

  test('fields without NUL end where they end', () => {
    const message = decode(rawRequest(DISCOVER, [44, '73'.repeat(64)], [108, '66'.repeat(128)]))
    expect([message.sname, message.file]).toEqual(['s'.repeat(64), 'f'.repeat(128)])
  })
})

describe('any bytes', () => {
  const seeds = DHCP_PACKETS.map(({ hex }) => Buffer.from(hex, 'hex'))

  /** A captured message, cut and with some bytes changed. */
  const damaged = fc
    .tuple(fc.constantFrom(...seeds), fc.nat(), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }))
    .map(([seed, cut, changes]) => {
      const bytes = Buffer.from(seed.subarray(0, cut % 3 === 0 ? cut % (seed.length + 1) : seed.length))
      for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte
      return bytes
    })

  function isDecodedOrRefused(bytes: Uint8Array): boolean {
    try {
      decode(bytes)
      return true
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      return false
    }
  }

  test('random ones are refused with DecodeError, or decoded', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => void isDecodedOrRefused(bytes)),
      { numRuns: 5000 },
    )
  })

  test('damaged messages too, and both happens', () => {
    const seen = new Set<boolean>()
    fc.assert(
      fc.property(damaged, (bytes) => void seen.add(isDecodedOrRefused(bytes))),
      { numRuns: 15_000 },
    )
    expect(seen.size).toBe(2)
  })

  test('a datagram of 65,507 bytes costs no more than one of 4096', () => {
    const datagram = Buffer.concat([rawRequest(DISCOVER), Buffer.alloc(65_507 - 243, hex('0c 01 61'))])
    const { options, truncated } = decode(datagram)
    expect(options.get(12)!.length).toBeLessThan(4096 / 3)
    expect(truncated).toBe(true)
  })
})
