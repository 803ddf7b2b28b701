/**
 * The DHCP room beside DHCP servers and clients that know nothing of it: on the same wire, and on the same host and
 * interface. They must be as well off as without.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { decode } from '../../src/dhcp/message.ts'
import { packet } from '../support/dhcp-packets.ts'
import { launchDhcpRoom, startDhcpRoom } from '../support/dhcp-room.ts'
import { createLab, type Host, type Lab, type Program, requireLab, startSiteDhcp } from '../support/lab.ts'
import { type Heard, openProbe, type Probe } from '../support/udp-probe.ts'

const OURS = '10.9.0.2'

/** Hears what is broadcast to machines. */
function openBystander(host: Host): Promise<Probe> {
  return openProbe(host, { address: '0.0.0.0', port: 68 })
}

/** Ours is the one that gives no address; a neighbour's comes from the same address and port. */
function isOurs({ bytes, from }: Heard): boolean {
  return from.address === OURS && decode(bytes).yiaddr === 0
}

async function expectAnswered(machine: Probe): Promise<void> {
  machine.send(packet('edk2-x64-discover', { mac: '52:54:00:00:00:99' }), '255.255.255.255', 67)
  const { bytes } = await machine.next(isOurs)
  expect(decode(bytes)).toMatchObject({ type: 'offer', file: 'snponly.efi' })
}

/** busybox's client; SIGUSR1 makes it renew at once, by unicast. It uses the address, else nobody could answer it. */
async function startUdhcpc(lab: Lab, host: Host): Promise<Program> {
  const script = join(lab.folder, 'udhcpc.sh')
  writeFileSync(script, '#!/bin/sh\n[ "$1" = bound ] && ip address replace "$ip/$mask" dev "$interface"\nexit 0\n', {
    mode: 0o755,
  })
  const client = host.start('busybox', 'udhcpc', '-f', '-i', 'eth0', '-s', script, '-t', '10', '-T', '1')
  await client.waitFor(/lease of 10\.9\.0\.\d+ obtained/)
  return client
}

function countOf(program: Program, pattern: RegExp): number {
  return [...program.output().matchAll(new RegExp(pattern, 'g'))].length
}

/** Several renewals, since a socket of ours might take only some. */
async function expectRenewals(client: Program, server: Program): Promise<void> {
  for (let times = 1; times <= 3; times++) {
    const [acks, leases] = [countOf(server, /DHCPACK/), countOf(client, /lease of/)]
    client.process.kill('SIGUSR1')
    await expect.poll(() => countOf(server, /DHCPACK/), { timeout: 5000 }).toBe(acks + 1)
    await expect.poll(() => countOf(client, /lease of/), { timeout: 5000 }).toBe(leases + 1)
  }
  expect(client.output()).toMatch(/sending renew to server 10\.9\.0\.2/)
}

const SHARING = ['--bind-interfaces', '--bind-dynamic'] as const

for (const sharing of SHARING) {
  test(`a DHCP server of this host and interface that was there before keeps its renewals (${sharing})`, async (context) => {
    requireLab(context, [['busybox', 'busybox-static']])
    await using lab = await createLab()
    const app = await lab.host('app', `${OURS}/24`)
    const server = await startNeighbour(app, sharing)
    const room = await startDhcpRoom(app, 'eth0')
    expect(await room.waitFor('dhcp.neighbour')).toMatchObject({ reason: expect.stringMatching(/dnsmasq \(pid \d+\)/) })
    const client = await startUdhcpc(lab, await lab.host('client', ''))
    await expectRenewals(client, server)
    await expectAnswered(await openBystander(await lab.host('machine', '')))
  })

  test(`one that comes after us keeps its renewals, and relays are ours again when it has gone (${sharing})`, async (context) => {
    requireLab(context, [['busybox', 'busybox-static']])
    await using lab = await createLab()
    const app = await lab.host('app', `${OURS}/24`)
    const room = await startDhcpRoom(app, 'eth0')
    const server = await startNeighbour(app, sharing)
    await room.waitFor('dhcp.neighbour')
    const client = await startUdhcpc(lab, await lab.host('client', ''))
    await expectRenewals(client, server)
    const machine = await openBystander(await lab.host('machine', ''))
    await expectAnswered(machine)

    await server.stop()
    await room.waitFor('dhcp.neighbour-gone')
    const relay = await openProbe(await lab.host('relay', '10.9.0.7/24'), { address: '10.9.0.7', port: 67 })
    relay.send(packet('edk2-x64-discover', { giaddr: '10.9.0.7' }), OURS, 67)
    expect((await relay.next()).from).toEqual({ address: OURS, port: 67 })
  })
}

test('a DHCP server that is tied to another interface of this host takes no relays from us', async (context) => {
  requireLab(context)
  await using lab = await createLab()
  const app = await lab.host('app', `${OURS}/24`, { uplink: true })
  const neighbour = await startNeighbour(app, '--bind-dynamic', 'eth1')
  await neighbour.waitFor(/sockets bound exclusively to interface eth1/)
  const room = await startDhcpRoom(app, 'eth0')
  const relay = await openProbe(await lab.host('relay', '10.9.0.7/24'), { address: '10.9.0.7', port: 67 })
  relay.send(packet('edk2-x64-discover', { giaddr: '10.9.0.7' }), OURS, 67)
  expect((await relay.next()).from).toEqual({ address: OURS, port: 67 })
  expect(room.log().filter(({ event }) => event === 'dhcp.neighbour')).toEqual([])
})

/** As libvirt and others run it; without such an option it shares port 67 with nobody. */
async function startNeighbour(app: Host, sharing?: (typeof SHARING)[number], iface = 'eth0'): Promise<Program> {
  const server = app.start(
    'dnsmasq',
    ...'--conf-file=/dev/null --pid-file= --keep-in-foreground --port=0 --no-ping --user=root --log-facility=-'.split(
      ' ',
    ),
    ...'--leasefile-ro --log-dhcp --dhcp-range=10.9.0.100,10.9.0.250,255.255.255.0,1h'.split(' '),
    `--interface=${iface}`,
    ...(sharing === undefined ? [] : [sharing]),
  )
  await server.waitFor(/DHCP, (IP range|sockets bound)/)
  return server
}

test('a DHCP server that shares port 67 with nobody is named, with what to do', async (context) => {
  requireLab(context)
  await using lab = await createLab()
  const app = await lab.host('app', `${OURS}/24`)
  await startNeighbour(app)
  const room = launchDhcpRoom(app, 'eth0')
  const { reason } = await room.waitFor('fatal')
  expect(reason).toMatch(
    /^cannot listen on 255\.255\.255\.255:67 \(proxyDHCP\): dnsmasq \(pid \d+\) holds the port: .*bind-dynamic/,
  )
  expect(await room.program.exited).toBe(1)
})

test('a second service on port 4011 is named, with what to do', async (context) => {
  requireLab(context)
  await using lab = await createLab()
  const app = await lab.host('app', `${OURS}/24`)
  await startDhcpRoom(app, 'eth0')
  const room = launchDhcpRoom(app, 'eth0')
  const { reason } = await room.waitFor('fatal')
  expect(reason).toMatch(/^cannot listen on 10\.9\.0\.2:4011 \(proxyDHCP\): \S+ \(pid \d+\) holds the port: /)
})

test('without the right to use port 67 the start says which right it is', async (context) => {
  requireLab(context, [['setpriv', 'util-linux']])
  await using lab = await createLab()
  const app = await lab.host('app', `${OURS}/24`)
  const wrapper = ['setpriv', '--bounding-set=-net_bind_service', '--inh-caps=-net_bind_service']
  const room = launchDhcpRoom(app, 'eth0', { wrapper })
  expect(await room.waitFor('fatal')).toMatchObject({ reason: expect.stringContaining('CAP_NET_BIND_SERVICE') })
})

test('that one right is enough; router advertisements are then off, and the log says why', async (context) => {
  requireLab(context, [['setpriv', 'util-linux']])
  await using lab = await createLab()
  const app = await lab.host('app', `${OURS}/24`)
  const wrapper = ['setpriv', '--bounding-set=-all,+net_bind_service', '--inh-caps=-all']
  const room = await startDhcpRoom(app, 'eth0', { wrapper, config: { routerAdvertisements: true } })
  expect(await room.waitFor('dhcp.ra-off')).toMatchObject({ reason: expect.stringContaining('CAP_NET_RAW') })
  await expectAnswered(await openBystander(await lab.host('machine', '')))
})

test('ordinary clients get their leases and never a word from us', async (context) => {
  requireLab(context, [
    ['busybox', 'busybox-static'],
    ['dhclient', 'isc-dhcp-client'],
  ])
  await using lab = await createLab()
  const site = await lab.host('dhcp', '10.9.0.1/24')
  await startSiteDhcp(site)
  const app = await lab.host('app', `${OURS}/24`)
  const room = await startDhcpRoom(app, 'eth0')
  const bystander = await openBystander(await lab.host('bystander', ''))

  await startUdhcpc(lab, await lab.host('udhcpc', ''))
  await startDhclient(lab, await lab.host('dhclient', ''))

  await expectAnswered(bystander) // it would have heard our answers to the others as well
  expect(bystander.heard().filter(isOurs)).toHaveLength(1)
  const ignored = room.log().filter(({ event }) => event === 'dhcp.ignored')
  expect(ignored.length).toBeGreaterThan(0)
  expect(new Set(ignored.map(({ reason }) => reason))).toEqual(new Set(['not-a-network-boot']))
})

/** ISC's client, which is told to renew every three seconds. Resolves after it has renewed. */
async function startDhclient(lab: Lab, host: Host): Promise<void> {
  const config = join(lab.folder, 'dhclient.conf')
  const script = join(lab.folder, 'dhclient.sh')
  writeFileSync(config, 'supersede dhcp-renewal-time 2;\ninitial-interval 1;\n')
  writeFileSync(
    script,
    '#!/bin/sh\n[ "$reason" = BOUND ] && ip address replace "$new_ip_address/24" dev "$interface"\nexit 0\n',
    {
      mode: 0o755,
    },
  )
  const files = [
    '-cf',
    config,
    '-sf',
    script,
    '-lf',
    join(lab.folder, 'dhclient.leases'),
    '-pf',
    join(lab.folder, 'dhclient.pid'),
  ]
  const client = host.start('dhclient', '-d', '-v', ...files, 'eth0')
  await client.waitFor(/DHCPACK of 10\.9\.0\.\d+ from 10\.9\.0\.1[^]*DHCPREQUEST[^]*DHCPACK of/)
}
