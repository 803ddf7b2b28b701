/**
 * The DHCP room on real interfaces: what is heard where, and by which interface, address and port the answer leaves.
 */
import { expect, test } from 'vitest'

import { formatIpv4 } from '../../src/dhcp/ipv4.ts'
import { decode } from '../../src/dhcp/message.ts'
import { packet } from '../support/dhcp-packets.ts'
import { startDhcpRoom } from '../support/dhcp-room.ts'
import { createLab, type Host, requireLab } from '../support/lab.ts'
import { type Heard, openProbe, type Probe } from '../support/udp-probe.ts'

const DISCOVER = 'edk2-x64-discover'

function openMachine(host: Host, device = 'eth0'): Promise<Probe> {
  return openProbe(host, { address: '0.0.0.0', port: 68, device })
}

function broadcast(machine: Probe, bytes: Uint8Array): void {
  machine.send(bytes, '255.255.255.255', 67)
}

/** The offer, with what a machine goes by. */
function readOffer({ bytes, from }: Heard) {
  const { type, xid, siaddr, file } = decode(bytes)
  return { type, xid, siaddr: formatIpv4(siaddr), file, from: `${from.address}:${from.port}` }
}

function hasXid(xid: number): (heard: Heard) => boolean {
  return ({ bytes }) => bytes.readUInt32BE(4) === xid
}

const ROUTES = [
  ['with the default route elsewhere', true, []],
  ['with no default route', false, []],
  ['with the default route elsewhere, where Node cannot call the C library', true, ['--no-experimental-ffi']],
] as const

test.for(ROUTES)(
  'each interface answers with its own address, from port 67, %s',
  async ([, uplink, nodeFlags], context) => {
    requireLab(context)
    await using lab = await createLab()
    const app = await lab.host('app', '10.9.0.2/24', { uplink: true })
    if (!uplink) await app.ip('route del default')
    await startDhcpRoom(app, 'eth0,eth1', { nodeFlags })
    const here = await openMachine(await lab.host('machine', ''))
    const there = await openMachine(lab.wire, 'past-app')

    broadcast(here, packet(DISCOVER, { xid: 0x11111111 }))
    expect(readOffer(await here.next())).toEqual({
      type: 'offer',
      xid: 0x11111111,
      siaddr: '10.9.0.2',
      file: 'snponly.efi',
      from: '10.9.0.2:67',
    })
    broadcast(there, packet('edk2-http-discover', { xid: 0x22222222 }))
    expect(readOffer(await there.next(hasXid(0x22222222)))).toMatchObject({
      file: 'http://192.168.77.2:8080/firmware/ipxe-amd64.efi',
      from: '192.168.77.2:67',
    })
  },
)

const SOCKETS = [
  ['tied to their interface', []],
  ['bound to its address', ['--no-experimental-ffi']],
] as const

test.for(SOCKETS)(
  'nobody is answered on a network that -net does not name, by sockets %s',
  async ([, nodeFlags], context) => {
    requireLab(context)
    await using lab = await createLab()
    const app = await lab.host('app', '10.9.0.2/24', { uplink: true })
    await startDhcpRoom(app, 'eth0', { nodeFlags })
    const here = await openMachine(await lab.host('machine', ''))
    const there = await openMachine(lab.wire, 'past-app')

    broadcast(there, packet(DISCOVER, { xid: 1 }))
    broadcast(here, packet(DISCOVER, { xid: 2 }))
    await here.next(hasXid(2))
    expect(there.heard()).toEqual([])
  },
)

test('who asks on port 4011 is answered from there, at the port that it asked from', async (context) => {
  requireLab(context)
  await using lab = await createLab()
  const app = await lab.host('app', '10.9.0.2/24', { uplink: true })
  await startDhcpRoom(app, 'eth0')
  const host = await lab.host('machine', '10.9.0.133/24')
  for (const [name, port] of [
    ['edk2-x64-request4011', 4011],
    ['ipxe-pxebs-request', 68],
  ] as const) {
    const machine = await openProbe(host, { address: '10.9.0.133', port })
    machine.send(packet(name, { ciaddr: '10.9.0.133' }), '10.9.0.2', 4011)
    expect(readOffer(await machine.next())).toMatchObject({ type: 'ack', from: '10.9.0.2:4011' })
  }
})

test('an answer that the kernel does not send is told once, and others are answered', async (context) => {
  requireLab(context)
  await using lab = await createLab()
  const app = await lab.host('app', '10.9.0.2/24')
  const room = await startDhcpRoom(app, 'eth0')
  const relay = await openProbe(await lab.host('relay', '10.9.0.7/24'), { address: '10.9.0.7', port: 67 })
  const relayed = (giaddr: string): void => relay.send(packet(DISCOVER, { giaddr }), '10.9.0.2', 67)
  // What is for relays may not go to all of a network.
  for (let times = 0; times < 3; times++) relayed('10.9.0.255')
  expect(await room.waitFor('dhcp.send-failed')).toMatchObject({ iface: 'eth0', reason: 'permission denied' })
  relayed('10.9.0.7')
  expect(readOffer(await relay.next())).toMatchObject({ type: 'offer', siaddr: '10.9.0.2' })
  expect(relay.heard()).toHaveLength(1)
  expect(room.log().filter(({ event }) => event === 'dhcp.send-failed')).toHaveLength(1)
})

test('a service that was killed answers again as soon as it is started anew', async (context) => {
  requireLab(context)
  await using lab = await createLab()
  const app = await lab.host('app', '10.9.0.2/24')
  const machine = await openMachine(await lab.host('machine', ''))
  for (const xid of [1, 2]) {
    const room = await startDhcpRoom(app, 'eth0')
    broadcast(machine, packet(DISCOVER, { xid }))
    expect(readOffer(await machine.next(hasXid(xid)))).toMatchObject({ siaddr: '10.9.0.2' })
    await room.program.stop('SIGKILL')
  }
})

test('an interface that goes down, comes up, changes its address or is made anew is followed', async (context) => {
  requireLab(context)
  await using lab = await createLab()
  const app = await lab.host('app', '10.9.0.2/24')
  const room = await startDhcpRoom(app, 'eth0')
  const machine = await openMachine(await lab.host('machine', ''))
  let xid = 0
  const ask = async () => {
    xid += 1
    broadcast(machine, packet(DISCOVER, { xid }))
    return readOffer(await machine.next(hasXid(xid)))
  }
  const countOf = (event: string): number => room.log().filter((line) => line.event === event).length
  const used = (times: number) => expect.poll(() => countOf('net.usable'), { timeout: 5000 }).toBe(times)

  await used(1)
  expect(await ask()).toMatchObject({ siaddr: '10.9.0.2' })

  await app.ip('link set eth0 down')
  expect(await room.waitFor('net.waiting')).toMatchObject({ iface: 'eth0', reason: expect.stringContaining('down') })
  await app.ip('link set eth0 up')
  await used(2)
  expect(await ask()).toMatchObject({ siaddr: '10.9.0.2' })

  await app.ip('addr flush dev eth0')
  await app.ip('addr add 10.9.0.3/24 brd + dev eth0')
  await expect.poll(() => room.log().at(-1)).toMatchObject({ address: '10.9.0.3' })
  expect(await ask()).toMatchObject({ siaddr: '10.9.0.3', from: '10.9.0.3:67' })

  await app.ip('link del eth0')
  await room.waitFor('net.waiting', ({ reason }) => String(reason).includes('no interface of that name'))
  await lab.wire.ip(`link add to-app type veth peer name eth0 netns ${app.name}`)
  await lab.wire.ip('link set to-app master br0 up')
  await app.ip('addr add 10.9.0.4/24 brd + dev eth0')
  await app.ip('link set eth0 up')
  await room.waitFor('net.usable', ({ address }) => address === '10.9.0.4')
  expect(await ask()).toMatchObject({ siaddr: '10.9.0.4', from: '10.9.0.4:67' })

  await room.program.stop()
  expect(await room.program.exited).toBe(0)
})

test('a thousand machines that ask at once are answered, each with its own answer, and the same to the same', async (context) => {
  requireLab(context)
  await using lab = await createLab()
  const app = await lab.host('app', '10.9.0.2/24')
  const room = await startDhcpRoom(app, 'eth0')
  const machine = await openMachine(await lab.host('machine', ''))
  const xids = Array.from({ length: 1000 }, (_, index) => index + 1)
  const macOf = (xid: number): string =>
    `52:54:00:00:${(xid >> 8).toString(16).padStart(2, '0')}:${(xid & 255).toString(16).padStart(2, '0')}`
  for (const xid of xids) {
    for (let times = 0; times < 4; times++) broadcast(machine, packet(DISCOVER, { xid, mac: macOf(xid) }))
  }
  await expect.poll(() => machine.heard().length, { timeout: 10_000, interval: 200 }).toBe(4000)
  const answers = Map.groupBy(machine.heard(), ({ bytes }) => bytes.readUInt32BE(4))
  expect([...answers.keys()].toSorted((a, b) => a - b)).toEqual(xids)
  for (const [xid, same] of answers) {
    expect(new Set(same.map(({ bytes }) => bytes.toString('hex'))).size).toBe(1)
    expect(same[0]!.bytes.subarray(28, 34).toString('hex')).toBe(macOf(xid).replaceAll(':', ''))
  }
  await expect.poll(() => room.log().filter(({ event }) => event === 'dhcp.offer').length).toBe(1000)
})

test('what is amiss with an interface is said once, and what can be done', async (context) => {
  requireLab(context)
  await using lab = await createLab()
  const app = await lab.host('app', '')
  await app.ip('link add br1 type bridge')
  for (const name of ['port1', 'cable', 'off']) await app.ip(`link add ${name} type veth peer name far-${name}`)
  await app.ip('link set port1 master br1 up')
  await app.ip('addr add 10.8.0.1/24 dev cable')
  await app.ip('link set cable up') // and its far end is not
  const room = await startDhcpRoom(app, 'eth0,port1,cable,off,gone')
  const reasonOf = async (name: string) => (await room.waitFor('net.waiting', ({ iface }) => iface === name))['reason']
  expect(await reasonOf('eth0')).toContain('no IPv4 address')
  expect(await reasonOf('port1')).toContain('-net br1')
  expect(await reasonOf('cable')).toContain('no link')
  expect(await reasonOf('off')).toContain('down')
  expect(await reasonOf('gone')).toContain('no interface of that name')

  await app.ip('addr add 10.9.0.2/24 brd + dev eth0')
  await room.waitFor('net.usable', ({ iface }) => iface === 'eth0')
  expect(room.log().filter(({ event }) => event === 'net.waiting')).toHaveLength(5)
})
