/** Other boot servers on the wire: which of the offers that one hears are theirs, and how they are told of. */
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { encode } from '../../src/dhcp/encode.ts'
import { Rivals, rivalIn } from '../../src/dhcp/rivals.ts'
import { ascii, DHCP_PACKETS, packet, variant } from '../support/dhcp-packets.ts'
import { startDhcpRoom } from '../support/dhcp-room.ts'
import { createLab, requireLab, startSiteDhcp } from '../support/lab.ts'
import { openProbe } from '../support/udp-probe.ts'

const OURS = { name: 'eth0', address: '10.77.0.3' }
const THEIRS = '10.77.0.7'
const HOUR = 3_600_000

type Change = Parameters<typeof variant>

/** What is heard, as a proxy of dnsmasq's offers it, changed. */
function heard(fields: Change[1] = {}, options: Change[2] = {}, from = THEIRS) {
  const name = DHCP_PACKETS.find((candidate) => candidate.name.includes('offer'))!.name
  const base = { op: 'reply', type: 'offer', siaddr: 0x0a4d0007, file: 'pxelinux.0', sname: '' } as const
  const message = variant(name, { ...base, ...fields }, { 66: undefined, 67: undefined, ...options })
  return rivalIn(encode(message, 1444), from, OURS)
}

test('a server that names a file, or answers as boot servers do, is a rival', () => {
  expect(heard()).toMatchObject({ type: 'rival', server: THEIRS, file: 'pxelinux.0', iface: 'eth0' })
  expect(heard({ file: '' }, { 60: ascii('PXEClient') })).toMatchObject({ file: '' })
  expect(heard({ file: '' }, { 60: undefined, 67: ascii('boot.efi') })).toMatchObject({ file: 'boot.efi' })
})

test('nobody else is', () => {
  expect(heard({}, {}, OURS.address), 'ourselves').toBeUndefined()
  expect(heard({ file: '' }, { 60: undefined }), 'gives addresses only').toBeUndefined()
  expect(heard({ type: 'ack' }), 'too late to matter').toBeUndefined()
  expect(heard({ op: 'request' }), 'a machine').toBeUndefined()
  expect(heard({ siaddr: 0x0a4d0003 }), 'sends machines to us').toBeUndefined()
  expect(heard({ siaddr: 0, file: 'http://10.77.0.3:8080/boot.ipxe' }), 'and by URL').toBeUndefined()
})

test('what it names is text that can be shown', () => {
  expect(heard({ file: 'a\u001b[2J' })).toMatchObject({ file: 'a?[2J' })
})

test('nothing that arrives makes it throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => void rivalIn(bytes, THEIRS, OURS)))
})

test('each server is news once an hour, and a bounded number is remembered', () => {
  const rivals = new Rivals()
  expect([0, 1, HOUR - 1, HOUR, HOUR + 1].map((nowMs) => rivals.isNews('a', nowMs))).toEqual([
    true,
    false,
    false,
    true,
    false,
  ])
  for (let count = 0; count < 1000; count++) rivals.isNews(`server ${count}`, HOUR)
  expect(rivals.isNews('server 999', HOUR)).toBe(false)
  expect(rivals.isNews('a', HOUR + 2)).toBe(true)
})

test('a proxy of dnsmasq on the wire is heard, told of once, and told of to the journal', async (context) => {
  requireLab(context)
  await using lab = await createLab()
  const app = await lab.host('app', '10.9.0.2/24')
  const site = await lab.host('dhcp', '10.9.0.1/24')
  const other = await lab.host('other', '10.9.0.7/24')
  const client = await lab.host('client', '')
  await startSiteDhcp(site)
  await startSiteDhcp(other, '10.9.0.0,proxy', '--dhcp-boot=pxelinux.0', '--pxe-service=x86PC,boot,pxelinux')
  const room = await startDhcpRoom(app, 'eth0')
  const machine = await openProbe(client, { address: '0.0.0.0', port: 68 })
  for (let count = 1; count <= 3; count++) {
    machine.send(packet('edk2-x64-discover', { mac: '52:54:00:00:00:99', xid: count }), '255.255.255.255', 67)
    await machine.next()
  }
  const line = await room.waitFor('dhcp.rival')
  expect(line).toMatchObject({ level: 'notice', peer: '10.9.0.7', mac: '52:54:00:00:00:99', iface: 'eth0' })
  expect(room.log().filter(({ event }) => event === 'dhcp.rival')).toHaveLength(1)
  expect(room.log().some(({ event }) => event === 'dhcp.rivals-off')).toBe(false)
})
