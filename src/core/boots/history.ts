/**
 * Attempts that are over, packed: ten thousand machines with twenty each have to fit. Bounded by bytes; the oldest leave
 * first.
 *
 * An attempt is a few kilobytes of JSON that look much like those of any other. Deflated with a sample as dictionary some
 * three hundred bytes are left.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'

import { AgedMap } from './aged-map.ts'

/** What one looks like, for zlib to refer to: what is most common comes last. */
const SAMPLE = JSON.stringify([
  { code: 'failed', text: 'Was told to boot undionly.kpxe, and never asked for it.', advice: 'Did it get an address?' },
  { text: 'Read snponly.efi to its end, and was not heard of again.', advice: 'With Secure Boot on, firmware refuses' },
  { outcome: 'failed', status: 404, reason: 'no group matches the labels of this machine', truncated: true, count: 2 },
  { state: 'failed', stage: 'firmware', outcome: 'probe', outcome2: 'going', kind: 'note', via: 'wire' },
  { kind: 'cloud', via: 'http', title: '/cloud' },
  { kind: 'metadata', via: 'http', title: '/metadata' },
  { reason: "the first of x86-bios's files that is there", architecture: 'arm64-uefi', file: 'ipxe-arm64.efi' },
  {
    mac: '52:54:00:b0:07:01',
    state: 'booted',
    stage: 'done',
    startedAt: '2026-11-23T01:25:44.182Z',
    endedAt: '2026-11-23T01:26:12.519Z',
    durationMs: 28337,
    diagnosis: { code: 'booted', text: 'Booted: got its ignition config after 28 s.', advice: '' },
    group: null,
    spec: null,
    architecture: 'x64-uefi',
    bytes: 0,
    totalBytes: null,
    entries: [
      {
        kind: 'discover',
        via: 'dhcp',
        title: 'DISCOVER by iPXE',
        outcome: 'ok',
        iface: 'eth0',
        architecture: 'x64-uefi',
        startMs: 0,
        durationMs: 0,
      },
      {
        kind: 'offer',
        via: 'dhcp',
        title: 'snponly.efi',
        outcome: 'ok',
        file: 'http://10.9.0.2:8080/boot.ipxe',
        reason: 'it runs an iPXE that can do all',
      },
      { kind: 'ask-4011', via: 'dhcp', title: 'REQUEST to 4011' },
      { kind: 'autoexec', via: 'tftp', title: 'autoexec.ipxe', totalBytes: 74, blockBytes: 1432 },
      { kind: 'script', via: 'http', title: '/boot.ipxe', outcome: 'ok', status: 200 },
      {
        kind: 'ipxe',
        via: 'http',
        title: '/ipxe',
        outcome: 'ok',
        status: 200,
        bytes: 391,
        body: '0f1e2d3c4b5a6978',
        group: 'node',
        spec: 'node',
      },
      {
        kind: 'ignition',
        via: 'http',
        title: '/ignition',
        outcome: 'ok',
        status: 200,
        bytes: 391,
        body: '89abcdef01234567',
      },
      {
        kind: 'read',
        via: 'tftp',
        title: 'undionly.kpxe',
        outcome: 'ok',
        file: 'snponly.efi',
        totalBytes: 284672,
        blockBytes: 1468,
        window: 4,
        bytes: 284672,
        resent: 0,
        startMs: 4101,
        durationMs: 120,
      },
      {
        kind: 'download',
        via: 'http',
        title: 'vmlinuz',
        outcome: 'ok',
        file: '/assets/',
        totalBytes: 1,
        bytes: 1,
        startMs: 8,
        durationMs: 1,
      },
    ],
    labels: { uuid: '16e7d8a7-bfa9-428b-9117-363341bb330b', mac: '', domain: '', hostname: '', serial: '' },
    uuid: '',
    address: '10.9.0.100',
    truncated: false,
  },
])

/** A window that holds the sample and an attempt; a larger one costs more to set up than it gains. */
const DEFLATE = { dictionary: Buffer.from(SAMPLE), windowBits: 13, memLevel: 5, chunkSize: 4096 }

/** What a packed text takes beside its own bytes: the text's header, its key, its place in the map. */
const OVERHEAD_BYTES = 120

export class History {
  readonly #bytesMax: number
  /** By id, the oldest first. */
  readonly #packed = new AgedMap<string, string>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  has(id: string): boolean {
    return this.#packed.has(id)
  }

  /** The ids, the latest first. */
  latest(max: number): string[] {
    return [...this.#packed.keys()].slice(-max).toReversed()
  }

  get(id: string): string | undefined {
    const packed = this.#packed.get(id)
    if (packed === undefined) return undefined
    return inflateRawSync(Buffer.from(packed, 'latin1'), { dictionary: DEFLATE.dictionary }).toString()
  }

  /** In place of one of the same id. */
  add(id: string, text: string): void {
    this.remove(id)
    const packed = deflateRawSync(text, DEFLATE).toString('latin1')
    this.#packed.set(id, packed)
    this.#bytes += bytesOf(packed)
    while (this.#bytes > this.#bytesMax) this.#bytes -= bytesOf(this.#packed.removeOldest()![1])
  }

  remove(id: string): void {
    const packed = this.#packed.get(id)
    if (packed === undefined) return
    this.#packed.delete(id)
    this.#bytes -= bytesOf(packed)
  }
}

function bytesOf(packed: string): number {
  return packed.length + OVERHEAD_BYTES
}
