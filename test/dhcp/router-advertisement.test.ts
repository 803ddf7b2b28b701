import { expect, test } from 'vitest'

import { linkLocal } from '../../src/dhcp/router-advertisement.ts'
import { packet } from '../support/dhcp-packets.ts'
import { startDhcpRoom } from '../support/dhcp-room.ts'
import { createLab, requireLab } from '../support/lab.ts'
import { openProbe } from '../support/udp-probe.ts'

const MAC = '52:54:00:aa:bb:cc'

test.each([
  [MAC, 'fe800000000000005054 00fffeaabbcc'],
  ['00:00:00:00:00:00', 'fe800000000000000200 00fffe000000'],
  ['fe:ff:ff:ff:ff:ff', 'fe80000000000000fcff ffffffffffff'.replace('ffffffffffff', 'fffffeffffff')],
])('the link-local address of %s', (mac, address) => {
  expect(Buffer.from(linkLocal(mac)!).toString('hex')).toBe(address.replace(' ', ''))
})

test('a hardware address that is no MAC has none', () => {
  expect(linkLocal('00:11:22:33:44:55:66:77')).toBeUndefined()
  expect(linkLocal('')).toBeUndefined()
})

// libvirt switches IPv6 off on its bridges.
test.for([
  ['has', '0'],
  ['has no', '1'],
] as const)(
  'an iPXE alone is told three times that there is no router; this host %s IPv6',
  async ([, off], context) => {
    requireLab(context, [['tcpdump', 'tcpdump']])
    await using lab = await createLab()
    const app = await lab.host('app', '10.9.0.2/24')
    await app.run('sh', '-c', `echo ${off} >/proc/sys/net/ipv6/conf/eth0/disable_ipv6`)
    await startDhcpRoom(app, 'eth0', { config: { routerAdvertisements: true } })
    const host = await lab.host('machine', '')
    await host.ip('link set eth0 down') // it makes its link-local address, as iPXE does, when it comes up
    await host.ip(`link set eth0 address ${MAC} up`)
    const machine = await openProbe(host, { address: '0.0.0.0', port: 68 })
    const capture = lab.wire.start(
      'tcpdump',
      '-i',
      'br0',
      '-n',
      '-v',
      '-l',
      '--immediate-mode',
      'icmp6 and ip6[40] == 134',
    )
    await capture.waitFor(/listening on br0/)

    machine.send(packet('edk2-x64-discover', { xid: 1 }), '255.255.255.255', 67)
    machine.send(packet('edk2-x64-discover', { xid: 2, mac: '52:54:00:aa:bb:dd' }), '255.255.255.255', 67)
    machine.send(packet('ipxe-efi-chained-discover', { xid: 3, mac: MAC }), '255.255.255.255', 67)
    machine.send(packet('ipxe-efi-chained-discover', { xid: 3, mac: MAC }), '255.255.255.255', 67)
    await expect.poll(() => machine.heard().length).toBe(4)
    const sent = () => capture.output().match(/hlim .*router advertisement.*\n.*\n/g) ?? []
    await expect.poll(() => sent().length, { timeout: 5000 }).toBe(3)
    await capture.stop('SIGINT')

    expect(sent()).toHaveLength(3)
    for (const text of sent()) {
      expect(text).toContain('hlim 255')
      expect(text).toContain('icmp6 sum ok')
      expect(text).toMatch(/fe80::\S+ > fe80::5054:ff:feaa:bbcc:/)
      expect(text).toContain('router lifetime 0s')
      expect(text).toContain('Flags [none]')
    }
  },
)
