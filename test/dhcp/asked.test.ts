/** What the journal hears of machines that ask what to boot. */
import { expect, test } from 'vitest'

import { encode } from '../../src/dhcp/encode.ts'
import { createProxy } from '../../src/dhcp/proxy.ts'
import { captured, variant } from '../support/dhcp-packets.ts'

const IFACE = { name: 'eth0', address: '10.77.0.3' }
const FRESH = { port: 67, iface: IFACE, from: { address: '0.0.0.0', port: 68 } } as const
const BOOT_PORT = { port: 4011, iface: IFACE, from: { address: '10.77.0.133', port: 4011 } } as const

/** Sub-options of option 175, each 1. */
const HTTP_HTTPS_BZIMAGE = '130101 140101 180101'

type Site = Parameters<typeof createProxy>[0]

function asked(
  packet: string | Uint8Array,
  changes: Partial<Site> = {},
  files = ['undionly.kpxe', 'snponly.efi', 'ipxe-amd64.efi'],
) {
  const index = new Map(files.map((name) => [name, { name, path: `/${name}`, size: 1, stamp: '1' }]))
  const firmware = { files: () => index }
  const site = { answer: 'all', advertise: undefined, httpPort: 8080, routerAdvertisements: false } as const
  const proxy = createProxy({ ...site, firmware, isKnown: () => false, ...changes })
  const datagram = typeof packet === 'string' ? captured(packet) : packet
  const effects = proxy.onDatagram(datagram, packet === 'edk2-x64-request4011' ? BOOT_PORT : FRESH, 0)
  return effects.flatMap((effect) => (effect.do === 'report' && effect.event.type === 'asked' ? [effect.event] : []))
}

test('firmware is told its file, and why', () => {
  expect(asked('edk2-x64-discover')).toEqual([
    {
      type: 'asked',
      mac: '52:54:00:aa:bb:cc',
      uuid: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      iface: 'eth0',
      port: 67,
      architecture: 7,
      ipxe: undefined,
      boot: 'snponly.efi',
      answer: 'told',
      reason: 'the first file for x64-uefi that is there',
    },
  ])
})

test('HTTP boot is told a URL, a ROM another iPXE, an able iPXE its script', () => {
  expect(asked('edk2-http-discover')).toMatchObject([{ boot: 'http://10.77.0.3:8080/firmware/ipxe-amd64.efi' }])
  expect(asked('ipxe-bios-rom-discover')).toMatchObject([
    { boot: 'undionly.kpxe', ipxe: { http: true, able: false }, reason: 'its iPXE cannot do all; this one can' },
  ])
  expect(asked(encode(variant('ipxe-bios-rom-discover', {}, { 175: HTTP_HTTPS_BZIMAGE })))).toMatchObject([
    { boot: 'http://10.77.0.3:8080/boot.ipxe', ipxe: { able: true }, reason: 'it runs an iPXE that can do all' },
  ])
})

test('who asks again on 4011 is heard with that port', () => {
  expect(asked('edk2-x64-request4011')).toMatchObject([{ port: 4011, boot: 'snponly.efi', answer: 'told' }])
})

test('a machine that nothing here can boot is told nothing, for a reason', () => {
  expect(asked('edk2-x64-discover', {}, [])).toMatchObject([
    { answer: 'nothing-fits', boot: undefined, reason: expect.stringContaining('snponly.efi') as string },
  ])
})

test('one that no group could be meant for is heard, and not answered', () => {
  expect(asked('edk2-x64-discover', { answer: 'known' })).toMatchObject([{ answer: 'silent', architecture: undefined }])
})

test('who does not boot from the network is not heard', () => {
  expect(asked('dnsmasq-dhcp-offer')).toEqual([])
})
