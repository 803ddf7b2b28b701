/** Boots as the DHCP room sees them: datagrams and boot events in, effects out. Time is a number. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { BootEvent } from '../../src/core/journal.ts'
import { encode } from '../../src/dhcp/encode.ts'
import { Machines } from '../../src/dhcp/machines.ts'
import { decode } from '../../src/dhcp/message.ts'
import { latin1 } from '../../src/dhcp/options.ts'
import { type Arrival, createProxy, type Effect } from '../../src/dhcp/proxy.ts'
import { ARCHITECTURES } from '../../src/dhcp/pxe.ts'
import { captured, DHCP_PACKETS, packet, rawRequest, variant } from '../support/dhcp-packets.ts'

const DISCOVER = 'edk2-x64-discover'
const ROM = 'ipxe-bios-rom-discover'
const MAC = '52:54:00:aa:bb:cc'
const ADDRESS = '10.77.0.133'
const IFACE = { name: 'eth0', index: 2, address: '10.77.0.3', netmask: '255.255.255.0', mac: '52:54:00:00:00:03' }
const FRESH: Arrival = { port: 67, iface: IFACE, from: { address: '0.0.0.0', port: 68 } }
const BOOT_PORT: Arrival = { port: 4011, iface: IFACE, from: { address: ADDRESS, port: 4011 } }
const SECOND = 1000
const MINUTE = 60 * SECOND

type Site = Parameters<typeof createProxy>[0]

/** A site whose journal gives every report back to the proxy, as the real one does. */
function open(changes: Partial<Site> = {}, files = ['undionly.kpxe', 'snponly.efi', 'ipxe.pxe']) {
  const index = new Map(files.map((name) => [name, { name, path: `/firmware/${name}`, size: 1, stamp: '1' }]))
  const site: Site = {
    answer: 'all',
    advertise: undefined,
    httpPort: 8080,
    routerAdvertisements: true,
    firmware: { files: () => index },
    isKnown: () => false,
    ...changes,
  }
  const proxy = createProxy(site, new Machines(100))
  const report = (event: BootEvent, nowMs = 0): readonly Effect[] => proxy.onBootEvent(event, nowMs)
  function receive(datagram: Uint8Array, nowMs = 0, arrival = FRESH): readonly Effect[] {
    const effects = proxy.onDatagram(datagram, arrival, nowMs)
    for (const effect of effects) if (effect.do === 'report') report(effect.event, nowMs)
    return effects
  }
  return { receive, report }
}

const sent = (effects: readonly Effect[]) => effects.filter((effect) => effect.do === 'send')
const files = (effects: readonly Effect[]) => sent(effects).map(({ bytes }) => decode(bytes).file)
const logged = (effects: readonly Effect[]) => effects.filter((effect) => effect.do === 'log').map(({ event }) => event)
const advertised = (effects: readonly Effect[]) => effects.filter((effect) => effect.do === 'advertise-router')

const hex16 = (number: number): string => number.toString(16).padStart(4, '0')

describe('offers', () => {
  test('ten DISCOVERs in a second are ten equal offers and one line', () => {
    const { receive } = open()
    const effects = Array.from({ length: 10 }, (_, count) => receive(captured(DISCOVER), count * 100)).flat()
    expect(new Set(sent(effects).map(({ bytes }) => Buffer.from(bytes).toString('hex'))).size).toBe(1)
    expect(sent(effects)).toHaveLength(10)
    expect(logged(effects)).toEqual(['dhcp.offer'])
  })

  test('the next boot of a machine, with a new xid, is another line', () => {
    const { receive } = open()
    const effects = [1, 2].flatMap((xid) => receive(packet(DISCOVER, { xid })))
    expect(logged(effects)).toEqual(['dhcp.offer', 'dhcp.offer'])
  })

  test('the next boot of a machine that repeats its xid is another line a minute later', () => {
    const { receive } = open()
    const effects = [0, MINUTE].flatMap((nowMs) => receive(captured(ROM), nowMs))
    expect(logged(effects)).toEqual(['dhcp.offer', 'dhcp.offer'])
  })

  test('two machines with one xid each get their own', () => {
    const { receive } = open()
    const macs = ['52:54:00:00:00:01', '52:54:00:00:00:02']
    const chaddrs = macs.map((mac) => decode(sent(receive(packet(ROM, { mac })))[0]!.bytes).chaddr)
    expect(chaddrs.map((chaddr) => Buffer.from(chaddr).toString('hex').slice(0, 12))).toEqual([
      '525400000001',
      '525400000002',
    ])
  })

  test('the line names machine, interface, architecture and file', () => {
    const [line] = open()
      .receive(captured(DISCOVER))
      .filter((effect) => effect.do === 'log')
    expect(line!.fields).toEqual({ mac: MAC, iface: 'eth0', arch: 7, file: 'snponly.efi' })
  })

  test('a machine without a file is told of once an hour', () => {
    const { receive } = open({}, [])
    const lines = (nowMs: number): string[] => logged(receive(captured(DISCOVER), nowMs))
    expect([lines(0), lines(4 * SECOND), lines(59 * MINUTE), lines(60 * MINUTE)]).toEqual([
      ['dhcp.no-file'],
      [],
      [],
      ['dhcp.no-file'],
    ])
  })

  test('with -answer known, nothing is sent to machines that nobody knows', () => {
    const uuid = '00112233-4455-6677-8899-aabbccddeeff'
    const known = open({ answer: 'known', isKnown: (machine) => machine.mac === MAC && machine.uuid === uuid })
    expect(sent(known.receive(captured(DISCOVER)))).toHaveLength(1)
    expect(sent(known.receive(packet(DISCOVER, { mac: '52:54:00:00:00:01' })))).toEqual([])
  })

  test('the longest host that -advertise takes leaves room for every URL, in the shortest message', () => {
    const advertise = `${'a'.repeat(200)}:65535`
    const all = [...ARCHITECTURES.values()].flatMap(({ files }) => files)
    const { receive } = open({ advertise }, all)
    for (const number of [15, 16, 18, 19, 28, 40]) {
      const request = encode(variant('edk2-http-discover', { xid: number }, { 57: undefined, 93: hex16(number) }))
      const { options } = decode(sent(receive(request))[0]!.bytes)
      expect(latin1(options.get(67)!)).toMatch(new RegExp(`^http://${advertise}/firmware/ipxe-[^/]*\\.efi$`))
    }
  })

  test('what is no DHCP message is told to whoever debugs', () => {
    expect(logged(open().receive(Buffer.alloc(10)))).toEqual(['dhcp.dropped'])
    expect(logged(open().receive(rawRequest('350101 ff')))).toEqual(['dhcp.ignored'])
  })
})

describe('addresses', () => {
  const isAddress = { do: 'report', event: { type: 'address', mac: MAC, address: ADDRESS } }

  test('are told by a REQUEST on 67, which is not answered', () => {
    const effects = open().receive(captured('edk2-x64-request67'))
    expect(effects).toEqual([isAddress])
  })

  test('are told by a REQUEST on 4011, which is answered', () => {
    const effects = open().receive(captured('edk2-x64-request4011'), 0, BOOT_PORT)
    expect(effects).toContainEqual(isAddress)
    expect(sent(effects)).toMatchObject([{ to: BOOT_PORT.from }])
  })
})

describe('router advertisements', () => {
  test('go to iPXE when it asks, and not to firmware', () => {
    const { receive } = open()
    expect(advertised(receive(captured(DISCOVER)))).toEqual([])
    expect(advertised(receive(captured(ROM)))).toEqual([{ do: 'advertise-router', iface: 'eth0', mac: MAC }])
  })

  test('go to iPXE that asks for autoexec.ipxe, where it asked before', () => {
    const { receive, report } = open()
    receive(captured(DISCOVER))
    receive(captured('edk2-x64-request67'))
    expect(report({ type: 'autoexec', address: ADDRESS })).toEqual([
      { do: 'advertise-router', iface: 'eth0', mac: MAC },
    ])
    expect(report({ type: 'autoexec', address: '10.77.0.99' })).toEqual([])
  })

  test('do not go behind relays', () => {
    expect(advertised(open().receive(packet(ROM, { giaddr: '10.9.0.1' })))).toEqual([])
  })

  test('do not go out where they are off', () => {
    expect(advertised(open({ routerAdvertisements: false }).receive(captured(ROM)))).toEqual([])
  })
})

describe('a loop', () => {
  /** DISCOVER, lease, and our file read to the end: what a machine does that our file leads nowhere. */
  function turn(
    site: ReturnType<typeof open>,
    discover: Buffer,
    nowMs: number,
  ): { offered: string[]; lines: string[] } {
    const effects = site.receive(discover, nowMs)
    site.receive(captured('edk2-x64-request67'), nowMs + 4 * SECOND)
    const file = files(effects)[0]!
    const lines = logged(site.report({ type: 'firmware', address: ADDRESS, file }, nowMs + 5 * SECOND))
    return { offered: files(effects), lines }
  }
  const SCRIPT = 'http://10.77.0.3:8080/boot.ipxe'

  test('on BIOS is noticed at the third read, said once, and the next try is ipxe.pxe', () => {
    const site = open()
    const bios = rawRequest('350101 3c09 505845436c69656e74 5d02 0000 ff', [28, '525400aabbcc'])
    const turns = [0, 1, 2, 3].map((count) => turn(site, bios, count * 20 * SECOND))
    expect(turns.map(({ offered }) => offered)).toEqual([
      ['undionly.kpxe'],
      ['undionly.kpxe'],
      ['undionly.kpxe'],
      ['ipxe.pxe'],
    ])
    expect(turns.map(({ lines }) => lines)).toEqual([[], [], ['dhcp.loop'], []])
  })

  test('is none when the machine asks for its script in between', () => {
    const site = open()
    for (let count = 0; count < 6; count++) {
      expect(turn(site, captured(DISCOVER), count * 20 * SECOND)).toEqual({ offered: ['snponly.efi'], lines: [] })
      site.report(asksForScript(ADDRESS), count * 20 * SECOND + 10)
    }
  })

  test('is none when the machine says its own mac with the script, from whatever address', () => {
    const site = open()
    for (let count = 0; count < 6; count++) {
      expect(turn(site, captured(DISCOVER), count * 20 * SECOND).lines).toEqual([])
      site.report(asksForScript('10.77.0.99', MAC), count * 20 * SECOND + 10)
    }
  })

  test('is none when three boots take more than five minutes', () => {
    const site = open()
    const turns = [0, 1, 2, 3, 4].map((count) => turn(site, captured(DISCOVER), count * 3 * MINUTE))
    expect(turns.flatMap(({ lines }) => lines)).toEqual([])
  })

  test('of an iPXE ends with the script', () => {
    const site = open()
    const offers = [0, 1, 2, 3, 4].map((count) => turn(site, captured(ROM), count * 20 * SECOND).offered[0])
    expect(offers).toEqual(['undionly.kpxe', 'undionly.kpxe', 'undionly.kpxe', 'ipxe.pxe', SCRIPT])
  })

  test('of one machine is nothing to another', () => {
    const site = open()
    for (let count = 0; count < 4; count++) turn(site, captured(DISCOVER), count * 20 * SECOND)
    expect(files(site.receive(packet(ROM, { mac: '52:54:00:00:00:01' }), 80 * SECOND))).toEqual(['undionly.kpxe'])
  })

  test('of a machine whose address nobody knows is not noticed', () => {
    expect(open().report({ type: 'firmware', address: ADDRESS, file: 'snponly.efi' })).toEqual([])
  })
})

test('nothing that arrives makes it throw, answer anywhere but back, or exceed one frame', () => {
  const seeds = DHCP_PACKETS.map(({ hex }) => Buffer.from(hex, 'hex'))
  const change = fc.tuple(fc.nat(), fc.nat(255))
  const datagram = fc
    .tuple(fc.constantFrom(...seeds), fc.nat(100), fc.array(change, { maxLength: 6 }), fc.boolean())
    .map(([seed, cut, changes, isRequest]) => {
      const bytes = Buffer.from(cut === 0 ? seed.subarray(0, 250) : seed)
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte
      if (isRequest) bytes[0] = 1
      return bytes
    })
  const { receive } = open()
  let [answers, nowMs] = [0, 0]
  fc.assert(
    fc.property(datagram, fc.constantFrom(FRESH, BOOT_PORT), (bytes, arrival) => {
      nowMs += 10
      for (const { bytes: reply, to } of sent(receive(bytes, nowMs, arrival))) {
        answers += 1
        const relay = bytes.subarray(24, 28).join('.')
        expect([arrival.from.address, '255.255.255.255', relay]).toContain(to.address)
        expect(to.port).toBeGreaterThan(0)
        expect(reply.length).toBeLessThanOrEqual(1444)
      }
    }),
    { numRuns: 20_000 },
  )
  expect(answers).toBeGreaterThan(1000)
})

/** As HTTP reports it: `/boot.ipxe` says nothing of the machine, `/ipxe` its labels. */
function asksForScript(address: string, mac?: string): BootEvent {
  return {
    type: 'requested',
    purpose: mac === undefined ? 'script' : 'ipxe',
    address,
    query: '',
    labels: new Map(mac === undefined ? [] : [['mac', mac]]),
    path: '/ipxe',
    status: 200,
    bytes: 1,
    body: undefined,
    ms: 1,
    group: undefined,
    unconfigured: false,
    reason: undefined,
  }
}
