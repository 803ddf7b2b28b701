/**
 * What went over the wire of a lab: tcpdump writes it, and here its file is read (pcap, Ethernet).
 *
 * Only what a network boot consists of is taken out of the frames: UDP and TCP over IPv4, ICMPv6, without fragments.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Host, Lab } from './lab.ts'
import type { Requirement } from './requirements.ts'

export const CAPTURE_REQUIREMENTS: readonly Requirement[] = [['tcpdump', 'tcpdump']]

export interface Packet {
  readonly protocol: 'udp' | 'tcp' | 'icmpv6'
  /** `10.9.0.2:67`; of ICMPv6 the address alone. */
  readonly from: string
  readonly to: string
  readonly payload: Buffer
  /** Of the capture's clock. */
  readonly timeMs: number
}

export interface Capture {
  /** Ends it. Resolves with all packets, in their order. */
  stop(): Promise<readonly Packet[]>
}

let count = 0

/** @param filter - which frames are kept, as tcpdump's command line has it */
export async function startCapture(lab: Lab, host: Host, iface: string, filter = ''): Promise<Capture> {
  const file = join(lab.folder, `capture-${count++}.pcap`)
  const tcpdump = host.start(
    'tcpdump',
    '-i',
    iface,
    '-n',
    '-U',
    '--immediate-mode',
    '-s',
    '2048',
    '-Z',
    'root',
    '-w',
    file,
    filter,
  )
  await tcpdump.waitFor(/listening on/)
  return {
    async stop() {
      await tcpdump.stop('SIGINT') // writes out what it has, and ends
      return readPcap(readFileSync(file))
    },
  }
}

const FILE_HEADER_BYTES = 24
const FRAME_HEADER_BYTES = 16

/** @see the Internet-Draft "PCAP Capture File Format"; times in microseconds, this machine's byte order */
function readPcap(file: Buffer): Packet[] {
  const packets: Packet[] = []
  for (let at = FILE_HEADER_BYTES; at + FRAME_HEADER_BYTES <= file.length;) {
    const timeMs = file.readUInt32LE(at) * 1000 + file.readUInt32LE(at + 4) / 1000
    const length = file.readUInt32LE(at + 8)
    at += FRAME_HEADER_BYTES
    const packet = readFrame(file.subarray(at, at + length), timeMs)
    if (packet !== undefined) packets.push(packet)
    at += length
  }
  return packets
}

const ETHERTYPE = { ipv4: 0x0800, ipv6: 0x86dd } as const
const PROTOCOL = { tcp: 6, udp: 17, icmpv6: 58 } as const
const [ETHERNET_BYTES, IPV6_BYTES, UDP_BYTES] = [14, 40, 8]

function readFrame(frame: Buffer, timeMs: number): Packet | undefined {
  const type = frame.readUInt16BE(12)
  if (type === ETHERTYPE.ipv4) return readIpv4(frame.subarray(ETHERNET_BYTES), timeMs)
  if (type === ETHERTYPE.ipv6) return readIpv6(frame.subarray(ETHERNET_BYTES), timeMs)
  return undefined
}

function readIpv4(packet: Buffer, timeMs: number): Packet | undefined {
  const headerBytes = (packet[0]! & 15) * 4
  const segment = packet.subarray(headerBytes, packet.readUInt16BE(2))
  const [from, to] = [12, 16].map((at) => packet.subarray(at, at + 4).join('.'))
  const endpoints = (): { from: string; to: string } => ({
    from: `${from}:${segment.readUInt16BE(0)}`,
    to: `${to}:${segment.readUInt16BE(2)}`,
  })
  switch (packet[9]) {
    case PROTOCOL.udp:
      return { protocol: 'udp', ...endpoints(), payload: segment.subarray(UDP_BYTES), timeMs }
    case PROTOCOL.tcp:
      return { protocol: 'tcp', ...endpoints(), payload: segment.subarray((segment[12]! >> 4) * 4), timeMs }
    default:
      return undefined
  }
}

function readIpv6(packet: Buffer, timeMs: number): Packet | undefined {
  if (packet[6] !== PROTOCOL.icmpv6) return undefined
  const [from, to] = [8, 24].map((at) => formatIpv6(packet.subarray(at, at + 16))) as [string, string]
  return { protocol: 'icmpv6', from, to, payload: packet.subarray(IPV6_BYTES), timeMs }
}

/** `fe80::5054:ff:feaa:bb01`; the longest run of zeros is left out only where it follows the first group, as in link-local ones. */
function formatIpv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16))
  return groups.join(':').replace(/(:0){2,}:/, '::')
}
