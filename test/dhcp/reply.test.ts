/** What an answer looks like on the wire, and where it goes. */
import { describe, expect, test } from 'vitest'

import { encode } from '../../src/dhcp/encode.ts'
import { parseIpv4 } from '../../src/dhcp/ipv4.ts'
import { formatMessage } from '../../src/dhcp/message-text.ts'
import type { Message } from '../../src/dhcp/message.ts'
import { decode } from '../../src/dhcp/message.ts'
import { destination, reply } from '../../src/dhcp/reply.ts'
import type { Answer } from '../../src/dhcp/responder.ts'
import { hex, variant } from '../support/dhcp-packets.ts'

const OURS = parseIpv4('10.77.0.3')!
const GUID = '97 machineGuid: 0033221100554477668899aabbccddeeff'

function answer(changes: Partial<Answer> = {}): Answer {
  return {
    do: 'answer',
    type: 'offer',
    vendorClass: 'PXEClient',
    boot: { what: 'file', file: 'snponly.efi', url: undefined },
    architecture: 7,
    ipxe: false,
    bootItem: undefined,
    warning: undefined,
    ...changes,
  }
}

/** As the machine reads it, without the lines that say who it is. */
function text(request: Message, changes: Partial<Answer>): string[] {
  const lines = formatMessage(decode(encode(reply(request, answer(changes), OURS)))).split('\n')
  return lines.filter((line) => !/^(htype|chaddr)/.test(line))
}

const script = (url: string): Partial<Answer> => ({ boot: { what: 'script', url }, ipxe: true })

test('PXE firmware: the file is in the offer itself, no menu and no round trip', () => {
  const bytes = encode(reply(variant('edk2-x64-discover'), answer(), OURS))
  expect(bytes).toHaveLength(300)
  expect(formatMessage(decode(bytes)).split('\n')).toEqual([
    'reply offer',
    'htype 1 hlen 6 hops 0 xid 999a3d88 secs 0000 flags 8000',
    'chaddr 525400aabbcc00000000000000000000',
    'siaddr 10.77.0.3',
    'sname "10.77.0.3"',
    'file "snponly.efi"',
    '54 serverId: 0a4d0003',
    '60 vendorClass: "PXEClient"',
    GUID,
    '43 vendorEncapsulated:',
    '  6: 08',
  ])
  expect(Buffer.from(bytes).toString('hex')).toContain('2b04060108ff')
})

test('iPXE: a URL, an address to go with it, and a priority above the file name of another server', () => {
  expect(text(variant('ipxe-bios-rom-discover'), script('http://10.77.0.3:8080/boot.ipxe'))).toEqual([
    'reply offer',
    'siaddr 10.77.0.3',
    'file "http://10.77.0.3:8080/boot.ipxe"',
    '54 serverId: 0a4d0003',
    '60 vendorClass: "PXEClient"',
    GUID,
    '43 vendorEncapsulated:',
    '  6: 08',
    '175 ipxe:',
    '  1: 05',
    '61 clientId: 01525400aabbcc',
  ])
})

test('HTTPClient: its class, the URL, and no option 43', () => {
  const url = 'http://10.77.0.3:8080/firmware/ipxe-amd64.efi'
  const boot = { what: 'file', file: 'ipxe-amd64.efi', url } as const
  expect(text(variant('edk2-http-discover'), { vendorClass: 'HTTPClient', boot })).toEqual([
    'reply offer',
    'siaddr 10.77.0.3',
    `file "${url}"`,
    '54 serverId: 0a4d0003',
    '60 vendorClass: "HTTPClient"',
    GUID,
  ])
})

test('4011: an ACK that keeps the address and the flags of the machine', () => {
  expect(text(variant('edk2-x64-request4011'), { type: 'ack' })).toEqual([
    'reply ack',
    'ciaddr 10.77.0.133',
    'siaddr 10.77.0.3',
    'sname "10.77.0.3"',
    'file "snponly.efi"',
    '54 serverId: 0a4d0003',
    '60 vendorClass: "PXEClient"',
    GUID,
    '43 vendorEncapsulated:',
    '  6: 08',
  ])
})

test('boot server discovery: the item that was chosen is said back, and xid 0', () => {
  const item = Uint8Array.from(hex('80010000'))
  const message = reply(variant('ipxe-pxebs-request'), answer({ type: 'ack', bootItem: item }), OURS)
  expect(message.xid).toBe(0)
  expect(Buffer.from(message.options.get(43)!).toString('hex')).toBe('470480010000ff')
})

test('Raspberry Pi: the menu that its ROM looks for, and no file', () => {
  const message = reply(variant('edk2-x64-discover'), answer({ boot: { what: 'raspberry-pi' } }), OURS)
  expect(message.file).toBe('')
  expect(Buffer.from(message.options.get(43)!).toString('hex')).toBe(
    `0601030a04005058450914000011${Buffer.from('Raspberry Pi Boot').toString('hex')}ff`,
  )
})

describe('an offer', () => {
  test('is the same but for the machine, for machines that ask at once', () => {
    const [one, two] = [
      variant('edk2-x64-discover', { xid: 1 }),
      variant('edk2-x64-discover', { xid: 1, chaddr: new Uint8Array(16).fill(7) }),
    ]
    const [first, second] = [reply(one, answer(), OURS), reply(two, answer(), OURS)]
    expect([first.chaddr, second.chaddr]).toEqual([one.chaddr, two.chaddr])
    expect({ ...first, chaddr: 0 }).toEqual({ ...second, chaddr: 0 })
  })

  test('goes by broadcast, and says so, also to a machine that did not ask for it', () => {
    expect(reply(variant('edk2-x64-discover', { flags: 0 }), answer(), OURS).flags).toBe(0x8000)
  })

  test('has no address for the machine, also if it says that it has one', () => {
    const message = reply(variant('edk2-x64-discover', { ciaddr: 0x0a4d0085 }), answer(), OURS)
    expect([message.ciaddr, message.yiaddr]).toEqual([0, 0])
  })

  test('says the GUID back only where it is one', () => {
    const guidOf = (value: string | undefined) =>
      reply(variant('edk2-x64-discover', {}, { 97: value }), answer(), OURS).options.get(97)
    expect(guidOf('00'.repeat(17))).toEqual(new Uint8Array(17))
    expect([guidOf(undefined), guidOf(''), guidOf('01'.repeat(17)), guidOf('00'.repeat(16))]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  test('keeps a hardware address of 16 bytes, and none', () => {
    const request = variant('edk2-x64-discover', { htype: 32, hlen: 0 }, { 61: 'ff0102' })
    expect(reply(request, answer(), OURS)).toMatchObject({ htype: 32, hlen: 0, chaddr: request.chaddr })
  })

  test('has no option 13, 51 or 52 in any form', () => {
    const { options } = reply(variant('edk2-x64-discover'), answer(), OURS)
    expect([13, 51, 52].filter((code) => options.has(code))).toEqual([])
  })
})

describe('the name of the file', () => {
  const url = (length: number): string => 'http://h/'.padEnd(length, 'x')

  test('of 127 characters is in its field', () => {
    const message = reply(variant('ipxe-bios-rom-discover'), answer(script(url(127))), OURS)
    expect([message.file, message.options.has(67)]).toEqual([url(127), false])
  })

  for (const length of [128, 254]) {
    test(`of ${length} characters is in option 67, with a NUL, and fits where nothing is said of the size`, () => {
      const request = variant('ipxe-bios-rom-discover', {}, { 57: undefined })
      const message = decode(encode(reply(request, answer(script(url(length))), OURS)))
      expect(message.file).toBe('')
      expect(Buffer.from(message.options.get(67)!).toString('latin1')).toBe(`${url(length)}\0`)
      expect(message.options.has(43) && message.options.has(97)).toBe(true)
    })
  }
})

describe('relays', () => {
  const AGENT = '0104 61626364 01ff'
  test('get option 82 back to the byte, last, even if it makes no sense inside', () => {
    const bytes = encode(
      reply(variant('ipxe-bios-rom-discover', { giaddr: 0x0a090001 }, { 82: AGENT }), answer(), OURS),
    )
    expect(Buffer.from(bytes).toString('hex')).toMatch(/520801046162636401ffff0*$/)
  })

  test('get it back empty as well', () => {
    const request = variant('ipxe-bios-rom-discover', { giaddr: 0x0a090001 }, { 82: '' })
    expect(Buffer.from(encode(reply(request, answer(), OURS))).toString('hex')).toMatch(/5200ff0*$/)
  })

  test('do not get back what a machine made up', () => {
    expect(reply(variant('edk2-x64-discover', {}, { 82: AGENT }), answer(), OURS).options.has(82)).toBe(false)
  })
})

describe('a reply goes', () => {
  const machine = { address: '10.77.0.133', port: 4011 }
  const fresh = { address: '0.0.0.0', port: 68 }
  const rows: [name: string, fields: Partial<Message>, port: 67 | 4011, from: typeof fresh, to: string][] = [
    ['to all, to a fresh machine', {}, 67, fresh, '255.255.255.255:68'],
    ['to all, also without the broadcast flag', { flags: 0 }, 67, fresh, '255.255.255.255:68'],
    ['to all, also if it says that it has an address', { ciaddr: 0x0a4d0085 }, 67, fresh, '255.255.255.255:68'],
    ['to all, to a machine with an address of 16 bytes', { htype: 32, hlen: 16 }, 67, fresh, '255.255.255.255:68'],
    ['to all, to a machine without one', { htype: 32, hlen: 0 }, 67, fresh, '255.255.255.255:68'],
    ['to the relay, port 67', { giaddr: 0x0a090001 }, 67, { address: '10.9.0.1', port: 67 }, '10.9.0.1:67'],
    ['to the sender, on 4011', {}, 4011, machine, '10.77.0.133:4011'],
    ['to the port that iPXE sends from', {}, 4011, { ...machine, port: 68 }, '10.77.0.133:68'],
  ]
  for (const [name, fields, port, from, to] of rows) {
    test(name, () => {
      const peer = destination(variant('edk2-x64-discover', fields), port, from)
      expect(`${peer.address}:${peer.port}`).toBe(to)
    })
  }
})
