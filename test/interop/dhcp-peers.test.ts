/**
 * The DHCP room with the software of others: Kea's perfdhcp as many machines; node-dhcp as the site's DHCP server, and as
 * a client that does not boot from the network.
 */
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { encode } from '../../src/dhcp/encode.ts'
import { formatIpv4, parseIpv4 } from '../../src/dhcp/ipv4.ts'
import { decode } from '../../src/dhcp/message.ts'
import { packet, variant } from '../support/dhcp-packets.ts'
import { startDhcpRoom } from '../support/dhcp-room.ts'
import { createLab, type Host, type Program, requireLab } from '../support/lab.ts'
import { type Heard, openProbe } from '../support/udp-probe.ts'

const [SITE, OURS] = ['10.9.0.1', '10.9.0.2']
/** Option 55: node-dhcp throws when it is asked for what it was not given. */
const WANTED = '0103063336'
const NODE_DHCP = join(import.meta.dirname, '../../node_modules/dhcp/lib/dhcp.js')

/** `s` is a server of node-dhcp. Its events are printed; it wants a default route to broadcast by. */
const SITE_SERVER = `
  const s = require(${JSON.stringify(NODE_DHCP)}).createServer({
    range: ['10.9.0.100', '10.9.0.200'], netmask: '255.255.255.0', router: ['${SITE}'], dns: ['${SITE}'],
    server: '${SITE}',
    broadcast: '255.255.255.255', leaseTime: 3600,
  })
  s.on('error', (error) => console.log('error', String(error)))
  s.on('bound', (state) => console.log('bound', JSON.stringify(state)))
  s.on('listening', () => console.log('listening'))
  s.listen()`

const CLIENT = `
  const c = require(${JSON.stringify(NODE_DHCP)}).createClient({ mac: '52-54-00-00-00-77', features: ['hostname'] })
  c.on('error', (error) => console.log('error', String(error)))
  c.on('message', ({ options }) => console.log('from', options[54]))
  c.on('bound', ({ address }) => console.log('bound', address))
  c.listen(68, '0.0.0.0', () => c.sendDiscover())`

async function startNodeDhcp(host: Host, program: string): Promise<Program> {
  await host.ip('route add default dev eth0')
  return host.start(process.execPath, '-e', program)
}

test('a machine boots beside node-dhcp: it leases the address, and we name the file', async (context) => {
  requireLab(context)
  await using lab = await createLab()
  const site = await startNodeDhcp(await lab.host('dhcp', `${SITE}/24`), SITE_SERVER)
  await site.waitFor(/listening/)
  await startDhcpRoom(await lab.host('app', `${OURS}/24`), 'eth0')
  const host = await lab.host('machine', '')
  const machine = await openProbe(host, { address: '0.0.0.0', port: 68 })
  const answers = (address: string): Heard[] => machine.heard().filter(({ from }) => from.address === address)

  machine.send(encode(variant('edk2-x64-discover', { xid: 1 }, { 55: WANTED })), '255.255.255.255', 67)
  const lease = decode((await machine.next(({ from }) => from.address === SITE)).bytes)
  const boot = decode((await machine.next(({ from }) => from.address === OURS)).bytes)
  expect(lease).toMatchObject({ type: 'offer', file: '' })
  expect(formatIpv4(lease.yiaddr)).toMatch(/^10\.9\.0\.[12]\d\d$/)
  expect(boot).toMatchObject({ type: 'offer', yiaddr: 0, file: 'snponly.efi' })

  const wanted = Buffer.alloc(4)
  wanted.writeUInt32BE(lease.yiaddr)
  const request = variant('edk2-x64-request67', { xid: 1 }, { 50: wanted.toString('hex'), 54: '0a090001', 55: WANTED })
  machine.send(encode(request), '255.255.255.255', 67)
  await expect.poll(() => answers(SITE).length, { timeout: 5000 }).toBe(2)
  expect(decode(answers(SITE)[1]!.bytes)).toMatchObject({ type: 'ack', yiaddr: lease.yiaddr })

  // Firmware that asks once more does so from its new address.
  const address = formatIpv4(lease.yiaddr)
  await host.ip(`addr add ${address}/24 dev eth0`)
  const asking = await openProbe(host, { address, port: 4011 })
  asking.send(packet('edk2-x64-request4011', { ciaddr: address }), OURS, 4011)
  const { bytes, from } = await asking.next()
  expect(from).toEqual({ address: OURS, port: 4011 })
  expect(decode(bytes)).toMatchObject({
    type: 'ack',
    ciaddr: lease.yiaddr,
    siaddr: parseIpv4(OURS),
    file: 'snponly.efi',
  })
  expect(answers(OURS)).toHaveLength(1) // to the REQUEST on port 67 we said nothing
})

test('a node-dhcp client that does not boot from the network never hears of us', async (context) => {
  requireLab(context)
  await using lab = await createLab()
  const site = await startNodeDhcp(await lab.host('dhcp', `${SITE}/24`), SITE_SERVER)
  await site.waitFor(/listening/)
  const room = await startDhcpRoom(await lab.host('app', `${OURS}/24`), 'eth0')
  const client = await startNodeDhcp(await lab.host('client', '10.9.0.50/24'), CLIENT)
  await client.waitFor(/bound 10\.9\.0\.\d+/)
  await room.waitFor('dhcp.ignored')
  expect(client.output()).toContain(`from ${SITE}`)
  expect(client.output()).not.toContain(OURS)
})

test('perfdhcp: every DISCOVER of many machines, broadcast or relayed, is answered', async (context) => {
  requireLab(context, [['perfdhcp', 'kea-admin']])
  await using lab = await createLab()
  const app = await lab.host('app', `${OURS}/24`)
  await startDhcpRoom(app, 'eth0')
  const machines = await lab.host('machines', '10.9.0.9/24')
  const load = '-4 -i -l eth0 -r 500 -R 500 -p 1 -W 1000000'.split(' ')
  const asPxe = ['-o', `60,${Buffer.from('PXEClient:Arch:00007:UNDI:003000').toString('hex')}`, '-o', '93,0007']
  for (const target of [['-B', '255.255.255.255'], [OURS]]) {
    const { stdout } = await machines.run('perfdhcp', ...load, ...asPxe, ...target)
    const [, sent, received] = /sent packets: (\d+)\s+received packets: (\d+)/.exec(stdout)!
    expect(Number(sent)).toBeGreaterThan(400)
    expect(received).toBe(sent)
  }
})
