/**
 * A machine behind a DHCP relay: on another network than ours, reached through somebody who passes its broadcasts on.
 */
import { expect, test } from 'vitest'

import { formatIpv4 } from '../../src/dhcp/ipv4.ts'
import { decode } from '../../src/dhcp/message.ts'
import { packet } from '../support/dhcp-packets.ts'
import { startDhcpRoom } from '../support/dhcp-room.ts'
import { createLab, requireLab } from '../support/lab.ts'
import { type Heard, openProbe, type Probe } from '../support/udp-probe.ts'

/** "It came in by that port of that switch" (RFC 3046). */
const RELAY_AGENT = Buffer.from('5208010361626302016b', 'hex')
const GIADDR = '192.168.77.2'

/** Passes one request on and its answer back, as RFC 1542 section 4 says. */
async function relayOnce(machines: Probe, server: Probe): Promise<Heard> {
  const request = await machines.next()
  const toServer = Buffer.concat([request.bytes.subarray(0, -1), RELAY_AGENT, Buffer.of(255)])
  toServer[3]! += 1 // hops
  toServer.set(GIADDR.split('.').map(Number), 24)
  server.send(toServer, '10.9.0.2', 67)
  const answer = await server.next()
  machines.send(answer.bytes, '255.255.255.255', 68)
  return answer
}

test('a machine behind a relay is answered through it, and what the relay noted goes back with the answer', async (context) => {
  requireLab(context)
  await using lab = await createLab()
  const app = await lab.host('app', '10.9.0.2/24')
  await startDhcpRoom(app, 'eth0')
  // The relay's other network is at its eth1, whose far end is in `wire`.
  const relay = await lab.host('relay', '10.9.0.7/24', { uplink: true })
  await relay.run('sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward')
  await app.ip('route add 192.168.77.0/24 via 10.9.0.7')
  const towardsMachines = await openProbe(relay, { address: '0.0.0.0', port: 67, device: 'eth1' })
  const towardsServer = await openProbe(relay, { address: '0.0.0.0', port: 67, device: 'eth0' })
  const machine = await openProbe(lab.wire, { address: '0.0.0.0', port: 68, device: 'past-relay' })

  machine.send(packet('edk2-x64-discover', { xid: 0x0e1a }), '255.255.255.255', 67)
  const { from, bytes } = await relayOnce(towardsMachines, towardsServer)
  expect(from).toEqual({ address: '10.9.0.2', port: 67 })
  expect(bytes.subarray(0, bytes.lastIndexOf(255)).subarray(-RELAY_AGENT.length)).toEqual(RELAY_AGENT)

  const offer = decode((await machine.next()).bytes)
  expect(offer).toMatchObject({ type: 'offer', xid: 0x0e1a, yiaddr: 0, file: 'snponly.efi' })
  expect(formatIpv4(offer.siaddr)).toBe('10.9.0.2')
  expect(formatIpv4(offer.giaddr)).toBe(GIADDR)
})
