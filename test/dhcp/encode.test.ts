/** Encoding: what the pickiest firmware wants, and that nothing is lost on the way through. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { encode } from '../../src/dhcp/encode.ts'
import { decode, type Message, TYPES } from '../../src/dhcp/message.ts'
import { OPTION } from '../../src/dhcp/options.ts'
import { ascii, captured, DHCP_PACKETS, optionsOf, type OptionsHex, variant } from '../support/dhcp-packets.ts'

const OPTIONS_AT = 240

function offer(options: OptionsHex, fields: Partial<Message> = {}): Message {
  return { ...variant('dnsmasq-proxy-offer-uefi', fields), options: optionsOf(options) }
}

/** The options area up to END, in hex. */
function area(message: Message, bytesMax?: number): string {
  const hex = Buffer.from(encode(message, bytesMax)).subarray(OPTIONS_AT).toString('hex')
  return hex.replace(/(00)*$/, '')
}

for (const { name, hex } of DHCP_PACKETS) {
  test(`${name} survives decoding and encoding`, () => {
    const message = decode(Buffer.from(hex, 'hex'))
    expect(decode(encode(message, 1444))).toEqual(message)
  })
}

test('a captured message is written as it was, to the byte, but for padding', () => {
  const unpadded = (bytes: Uint8Array): string =>
    Buffer.from(bytes)
      .toString('hex')
      .replace(/(00)*$/, '')
  // Here iPXE has option 54 not second, where it is always written.
  for (const { name } of DHCP_PACKETS.filter(({ name }) => name !== 'ipxe-request4011')) {
    expect(unpadded(encode(decode(captured(name)), 1444)), name).toBe(unpadded(captured(name)))
  }
})

describe('the order and size of options', () => {
  test('53 first, 54 second, 82 last, END', () => {
    expect(area(offer({ 82: '0102', 60: '61', 54: '0a000001', 97: '62' }))).toBe(
      '350102 36040a000001 3c0161 610162 52020102 ff'.replaceAll(' ', ''),
    )
  })

  test('a short message is padded to 300 bytes with zeros behind END', () => {
    const bytes = encode(offer({ 54: '0a000001' }))
    expect(bytes).toHaveLength(300)
    expect(Buffer.from(bytes.subarray(OPTIONS_AT + 9)).toString('hex')).toBe(`ff${'00'.repeat(50)}`)
  })

  test('a value of 520 bytes goes in parts of 255, 255 and 10', () => {
    const value = 'ab'.repeat(520)
    const message = offer({ 67: value })
    expect(area(message, 1444)).toBe(
      `350102 43ff${'ab'.repeat(255)} 43ff${'ab'.repeat(255)} 430a${'ab'.repeat(10)} ff`.replaceAll(' ', ''),
    )
    expect(decode(encode(message, 1444)).options).toEqual(message.options)
  })

  test('an empty value keeps its place', () => {
    expect(area(offer({ 80: '' }))).toBe('3501025000ff')
  })
})

describe('a message that would be too long', () => {
  const needed = {
    54: '0a000001',
    60: ascii('PXEClient'),
    97: '00'.repeat(17),
    43: '060108ff',
    51: '00000e10',
    1: 'ffffff00',
    3: '0a000001',
  }

  test('leaves out what firmware can do without, the last first', () => {
    const message = offer({ ...needed, 12: '61'.repeat(100), 15: '62'.repeat(100), 17: '63'.repeat(100), 82: '0102' })
    const { options } = decode(encode(message, 548))
    expect(options.has(12)).toBe(true)
    expect([options.has(15), options.has(17)]).toEqual([true, false])
    expect([...Object.keys(needed), '82'].filter((code) => !options.has(Number(code)))).toEqual([])
  })

  test('never is longer than it may be', () => {
    const message = offer({ ...needed, 12: '61'.repeat(700) })
    expect(encode(message, 548).length).toBeLessThanOrEqual(548)
    expect(encode(message, 1444).length).toBeGreaterThan(700)
  })

  test('gives up option 82 last, and whole (RFC 3046 section 2.2)', () => {
    const { options } = decode(encode(offer({ ...needed, 61: '0102', 82: '01'.repeat(400) }), 548))
    expect([options.has(82), options.has(61)]).toEqual([false, false])
    expect(options.has(97)).toBe(true)
  })

  test('that cannot be made to fit is a fault of ours', () => {
    expect(() => encode(offer({ 67: '61'.repeat(500) }), 548)).toThrow(RangeError)
  })
})

describe('what the layout cannot hold is a fault of ours', () => {
  const cases: [name: string, message: Message][] = [
    ['a file of 128 bytes, which EDK2 reads past', offer({}, { file: 'f'.repeat(128) })],
    ['an sname of 64 bytes', offer({}, { sname: 's'.repeat(64) })],
    ['a file name beyond bytes', offer({}, { file: 'ž.efi' })],
    ['a NUL in a file name', offer({}, { file: 'a\0b' })],
    ['an address beyond 32 bits', offer({}, { siaddr: 2 ** 32 })],
    ['a negative xid', offer({}, { xid: -1 })],
    ['a chaddr of 6 bytes', offer({}, { chaddr: new Uint8Array(6) })],
    ['a pad', offer({ 0: '00' })],
    ['an END', offer({ 255: '00' })],
    ['an overload', offer({ 52: '01' })],
    ['a server id of 3 bytes, for which EDK2 drops the message', offer({ 54: '0a0000' })],
  ]
  for (const [name, message] of cases) {
    test(name, () => expect(() => encode(message)).toThrow(RangeError))
  }

  test('names of the longest length are written', () => {
    const message = offer({}, { file: 'f'.repeat(127), sname: 's'.repeat(63) })
    expect(decode(encode(message))).toEqual(message)
  })
})

const u8 = fc.nat(0xff)
const u16 = fc.nat(0xffff)
const u32 = fc.nat(0xffffffff)
const fieldText = (maxLength: number) =>
  fc.array(fc.integer({ min: 1, max: 255 }), { maxLength }).map((codes) => String.fromCharCode(...codes))
const FIXED: Readonly<Record<number, number>> = { 1: 4, 50: 4, 51: 4, 54: 4, 57: 2 }
/** Of these only the first part counts, so that they cannot be longer than one. */
const ONE_PART: readonly number[] = [OPTION.clientId, OPTION.architecture, OPTION.machineGuid]

const option = fc
  .integer({ min: 1, max: 254 })
  .filter((code) => code !== OPTION.messageType && code !== OPTION.overload)
  .chain((code) => {
    const length = FIXED[code]
    const maxLength = length ?? (ONE_PART.includes(code) ? 255 : 600)
    const value = fc.uint8Array({ minLength: length ?? 0, maxLength })
    return value.map((value) => [code, value] as const)
  })

const message: fc.Arbitrary<Message> = fc.record(
  {
    op: fc.constantFrom('request', 'reply'),
    type: fc.constantFrom(...TYPES),
    htype: fc.integer({ min: 1, max: 255 }),
    hlen: fc.integer({ min: 1, max: 16 }),
    hops: u8,
    xid: u32,
    secs: u16,
    flags: u16,
    ciaddr: u32,
    yiaddr: u32,
    siaddr: u32,
    giaddr: u32,
    chaddr: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    sname: fieldText(63),
    file: fieldText(127),
    options: fc.array(option, { maxLength: 5 }).map((options) => new Map(options)),
    truncated: fc.constant(false),
  },
  { noNullPrototype: true },
)

test('decode(encode(x)) is x', () => {
  fc.assert(
    fc.property(message, (x) => {
      expect(decode(encode(x, 4096))).toEqual(x)
    }),
    { numRuns: 1000 },
  )
})
