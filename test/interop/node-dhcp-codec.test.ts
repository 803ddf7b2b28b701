/**
 * node-dhcp's codec as a peer of ours: an independent reading of RFC 2131, as far as it goes (it knows none of the options
 * of PXE but 43, 60, 66 and 67).
 */
import { createRequire } from 'node:module'

import { expect, test } from 'vitest'

import { encode } from '../../src/dhcp/encode.ts'
import { decode, type Message } from '../../src/dhcp/message.ts'
import { captured } from '../support/dhcp-packets.ts'

interface Peer {
  parse(bytes: Buffer): Record<string, unknown>
  /** `_data` is filled up to `_w`, without END or padding behind it. */
  format(message: Record<string, unknown>): { _data: Buffer; _w: number }
}

const peer = createRequire(import.meta.url)('dhcp/lib/protocol.js') as Peer

const DISCOVER = {
  op: 1,
  htype: 1,
  hlen: 6,
  hops: 3,
  xid: 0x12345678,
  secs: 9,
  flags: 0x8000,
  ciaddr: '10.0.0.1',
  yiaddr: '10.0.0.2',
  siaddr: '10.0.0.3',
  giaddr: '10.0.0.4',
  chaddr: '52-54-00-AA-BB-CC',
  sname: 'server',
  file: 'file',
  options: { 53: 1, 57: 1472, 60: 'PXEClient', 50: '10.0.0.5' },
}

test('what it writes reads here as it was meant', () => {
  const { _data, _w } = peer.format(DISCOVER)
  const { options, chaddr, ...fields } = decode(_data.subarray(0, _w))
  expect(fields).toEqual({
    op: 'request',
    type: 'discover',
    htype: 1,
    hlen: 6,
    hops: 3,
    xid: 0x12345678,
    secs: 9,
    flags: 0x8000,
    ciaddr: 0x0a000001,
    yiaddr: 0x0a000002,
    siaddr: 0x0a000003,
    giaddr: 0x0a000004,
    sname: 'server',
    file: 'file',
    truncated: false,
  })
  expect(Buffer.from(chaddr).toString('hex')).toBe('525400aabbcc'.padEnd(32, '0'))
  expect(new Set(options.keys())).toEqual(new Set([50, 57, 60]))
  expect(options.get(50)).toEqual(Uint8Array.of(10, 0, 0, 5))
})

test('what is written here reads there as it was meant', () => {
  const message: Message = {
    ...decode(captured('dnsmasq-dhcp-offer')),
    hops: 3,
    secs: 9,
    giaddr: 0x0a000004,
    file: 'f',
    sname: 's',
  }
  expect(peer.parse(Buffer.from(encode(message)))).toMatchObject({
    op: 2,
    hops: 3,
    secs: 9,
    xid: 0x999a3d88,
    flags: 0x8000,
    yiaddr: '10.77.0.133',
    siaddr: '10.77.0.2',
    giaddr: '10.0.0.4',
    chaddr: '52-54-00-AA-BB-CC',
    file: 'f',
    sname: 's',
    options: { 1: '255.255.255.0', 3: ['10.77.0.2'], 51: 3600, 53: 2, 54: '10.77.0.2', 58: 1800, 59: 3150 },
  })
})
