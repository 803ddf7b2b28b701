/**
 * An explanation equals the wire: of any site and any machine, what it says is what the running server sends.
 */
import { createHash } from 'node:crypto'
import { get, type IncomingHttpHeaders } from 'node:http'
import { buffer } from 'node:stream/consumers'

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { ARCHITECTURE_NAMES } from '../../src/core/architectures.ts'
import type { Content, DhcpShown, Explanation } from '../../src/core/explanation.ts'
import { explain } from '../../src/explain.ts'
import { startHttp } from '../../src/http/start.ts'
import { asked, siteIn } from '../support/explained.ts'
import { createLab, type Host, requireLab } from '../support/lab.ts'
import { siteFlags, startServer } from '../support/server.ts'
import { memoryLog, temporaryFolder, writeFiles } from '../support/site.ts'
import { openProbe } from '../support/udp-probe.ts'

const MACS = ['52:54:00:89:d8:10', '52:54:00:89:d8:11']
const word = fc.constantFrom('a', 'A', 'linux', 'r\u00e4ck 1', '', '<&"\'>', '${cwduri}')

/** Groups, specs and templates, some of them broken, and some of what they name not there. */
const sites = fc
  .record({
    groups: fc.array(
      fc.record({
        spec: fc.constantFrom('boot', 'config', 'all', 'none', 'broken', 'absent'),
        require: fc.record(
          { mac: fc.constantFrom(...MACS), os: word, role: word },
          { requiredKeys: [], noNullPrototype: true },
        ),
        metadata: fc.dictionary(fc.constantFrom('name', 'role', 'list'), word, { noNullPrototype: true }),
      }),
      { maxLength: 8 },
    ),
    cloud: fc.constantFrom(
      '#!/bin/sh\necho {{.name}}\n',
      '#cloud-config\nhostname: "{{.name}}"\n',
      '#!/bin/sh\n{{index .list 3}}\n',
      '{{if}}',
      'neither',
      Buffer.from('#!/bin/sh\nprintf \xff\xfe {{.name}}\n', 'latin1'),
    ),
    ignition: fc.constantFrom(
      'ignition_version: 1\nsystemd:\n  units:\n    - {name: a.service, contents: "{{.query}}"}\n',
      'ignition_version: 1\nsystemd:\n  units:\n    - {name: a}\n',
      'a: [',
    ),
    argument: word,
  })
  .map(({ groups, cloud, ignition, argument }): Record<string, string | Uint8Array> => {
    const boot = { kernel: '/assets/k', initrd: ['/assets/absent'], cmdline: { a: argument } }
    const configs = { cloud_id: 'c', ignition_id: 'i.yaml' }
    return {
      'config.yaml': JSON.stringify({ api_version: 'v1alpha1', groups }),
      'specs/boot/spec.json': JSON.stringify({ boot }),
      'specs/config/spec.json': JSON.stringify(configs),
      'specs/all/spec.json': JSON.stringify({ boot, ...configs }),
      'specs/none/spec.json': JSON.stringify({ cloud_id: 'absent' }),
      'specs/broken/spec.json': '{',
      'cloud/c': cloud,
      'ignition/i.yaml': ignition,
      'assets/k': 'kernel',
    }
  })

const machines = fc.record(
  {
    mac: fc.constantFrom(...MACS),
    uuid: fc.uuid(),
    label: fc.uniqueArray(fc.tuple(fc.constantFrom('os', 'role', 'x y', 'query'), word), { selector: ([key]) => key }),
  },
  { requiredKeys: ['label'], noNullPrototype: true },
)

test('HTTP: every status, type and body', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(sites, machines, async (files, { label, ...machine }) => {
      using folder = temporaryFolder()
      writeFiles(folder.path, files)
      const site = await siteIn(folder.path)
      const { snapshot, assetsPath } = site
      const config = { addresses: ['127.0.0.1:0'], assetsPath, headerBytesMax: 16_384, connectionsMax: 100 }
      const http = await startHttp(config, { snapshot: () => snapshot, log: memoryLog() })
      try {
        const place = { advertise: undefined, address: '127.0.0.1', port: Number(new URL(http.url!).port) }
        const given = { ...machine, label: label.map((pair) => pair.join('=')) }
        const said = await explain(asked(given), { ...site, place })
        for (const { target, status, type, content } of said.http) {
          const sent = await fetchFrom(place.port, target)
          expect([target, sent.status, sent.headers['content-type']]).toEqual([target, status, type])
          expect(bytesIn(content)).toEqual(sent.body)
        }
        for (const { target, bytes } of said.assets ?? []) {
          const sent = await fetchFrom(place.port, target)
          expect([target, bytes]).toEqual([target, sent.status === 200 ? sent.body.length : null])
        }
      } finally {
        await http.stop()
      }
    }),
    { numRuns: 60 },
  )
})

interface Sent {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** The path goes out as it is. */
function fetchFrom(port: number, path: string): Promise<Sent> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      buffer(response).then((body) => resolve({ status: response.statusCode, headers: response.headers, body }), reject)
    }).on('error', reject)
  })
}

function bytesIn({ bytes, sha256, text, base64 }: Content): Buffer {
  const content = text === undefined ? Buffer.from(base64!, 'base64') : Buffer.from(text)
  expect([bytes, sha256]).toEqual([content.length, createHash('sha256').update(content).digest('hex')])
  return content
}

const FIRMWARE = {
  'undionly.kpxe': 'program of BIOS',
  'snponly.efi': Buffer.alloc(100_000, 'program of UEFI'),
  'ipxe-amd64.efi': 'program of UEFI, by HTTP',
  'ipxe-arm64.efi': 'program of arm64',
}

test('DHCP, TFTP and HTTP of a server with -net: every byte', { timeout: 120_000 }, async (context) => {
  requireLab(context, [['curl', 'curl']])
  await using lab = await createLab()
  using folder = temporaryFolder()
  for (const [name, content] of Object.entries(FIRMWARE)) writeFiles(folder.path, { [`firmware/${name}`]: content })
  writeFiles(folder.path, {
    'config.yaml': `api_version: v1alpha1\ngroups: [{spec: s, require: {os: x}, metadata: {a: b}}, {spec: s}]\n`,
    'specs/s/spec.json': '{"boot": {"kernel": "http://${cwduri}k"}, "cloud_id": "c"}',
    'cloud/c': '#!/bin/sh\necho {{.a}}\n',
  })
  const app = await lab.host('app', '10.9.0.2/24')
  const machine = await lab.host('machine', '192.0.2.2/24')
  await app.ip('route add 192.0.2.2/32 dev eth0')
  await machine.ip('route add 10.9.0.2/32 dev eth0')
  const flags = [...siteFlags(folder.path), '-firmware-path', `${folder.path}/firmware`]
  const args = ['-net', 'eth0', '-address', '0.0.0.0:8080', '-log-level', 'debug', ...flags]
  await using server = await startServer(args, {}, app.wrapper)
  const wire = await openWire(machine)

  let count = 0
  const frequent = ['x86-bios', 'x64-uefi', 'x64-uefi-http', 'arm64-uefi-http', 'raspberry-pi'] as const
  const architectures = fc.oneof(fc.constantFrom(...frequent), fc.constantFrom(...ARCHITECTURE_NAMES))
  await fc.assert(
    fc.asyncProperty(architectures, fc.option(fc.uuid()), fc.constantFrom('x', 'y'), async (arch, uuid, os) => {
      const mac = `52:54:00:00:00:${(count++).toString(16).padStart(2, '0')}`
      const query = new URLSearchParams({ mac, arch, label: `os=${os}`, ...(uuid === null ? {} : { uuid }) })
      const said = JSON.parse(await wire.curl(`http://10.9.0.2:8080/api/explain?${query.toString()}`)) as Explanation
      for (const exchange of said.dhcp ?? []) {
        const isSilent = exchange.reply === null
        const next = isSilent ? server.waitFor('dhcp.no-file', (line) => line['mac'] === mac) : wire.next(exchange)
        wire.ask(exchange)
        expect(await next).toEqual(
          isSilent ? expect.objectContaining({ reason: exchange.reason }) : exchange.reply?.hex,
        )
      }
      for (const { by, name, content } of said.files ?? []) {
        const url = by === 'tftp' ? `tftp://10.9.0.2/${name}` : `http://10.9.0.2:8080/firmware/${name}`
        expect([url, await wire.sum(url)]).toEqual([url, content?.sha256])
      }
      for (const { target, content } of said.http) {
        expect([target, await wire.sum(`http://10.9.0.2:8080${target}`)]).toEqual([target, content.sha256])
      }
    }),
    { numRuns: 12, endOnFailure: true },
  )
  expect(count).toBeGreaterThan(11)
})

/** A machine on the wire, at the address that explanations give it. */
async function openWire(machine: Host) {
  const probes = {
    67: await openProbe(machine, { address: '0.0.0.0', port: 68 }),
    4011: await openProbe(machine, { address: '192.0.2.2', port: 4011 }),
  }
  return {
    ask({ port, request }: DhcpShown): void {
      const to = port === 67 ? '255.255.255.255' : '10.9.0.2'
      probes[port].send(Buffer.from(request.hex, 'hex'), to, port)
    },
    /** The reply that comes next, in hex. */
    async next({ port }: DhcpShown): Promise<string> {
      const probe = probes[port]
      const before = probe.heard().length
      await probe.next(() => probe.heard().length > before)
      return probe.heard()[before]!.bytes.toString('hex')
    },
    curl: async (url: string) => (await machine.run('curl', '--silent', '--fail', '--max-time', '10', url)).stdout,
    async sum(url: string): Promise<string> {
      const { stdout } = await machine.run('sh', '-c', 'curl --silent --max-time 10 "$1" | sha256sum', 'sh', url)
      return stdout.slice(0, 64)
    },
  }
}
