/**
 * What an explanation says of a site, whole and broken.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'
import { z } from 'zod'

import { formatExplanation } from '../../src/core/explanation-text.ts'
import { explainIn, type Options } from '../support/explained.ts'
import { temporaryFolder, writeFiles } from '../support/site.ts'

const MAC = '52:54:00:89:d8:10'

const FILES = {
  'config.yaml': `api_version: v1alpha1
groups:
  - {name: node1, spec: node, require: {mac: "${MAC}"}, metadata: {hostname: node1}}
  - {name: node2, spec: node, require: {mac: "52:54:00:89:d8:11"}}
  - {name: bare, spec: bare, require: {mac: "52:54:00:89:d8:20"}}
`,
  'specs/node/spec.json':
    '{"boot": {"kernel": "/assets/k", "initrd": ["/assets/i"]}, "cloud_id": "c", "ignition_id": "i.yaml"}',
  'specs/bare/spec.json': '{}',
  'cloud/c': '#!/bin/sh\necho {{.hostname}}\n',
  'ignition/i.yaml': 'ignition_version: 1\n',
  'firmware/snponly.efi': 'program of UEFI',
  'firmware/ipxe-amd64.efi': 'program of UEFI, by HTTP',
  'firmware/undionly.kpxe': 'program of BIOS',
  'assets/k': 'kernel',
  'assets/i': 'initrd',
}

const MACHINE = { mac: MAC, arch: 'x64-uefi' }

async function explained(
  files: Readonly<Record<string, string>> = {},
  machine: Record<string, string | string[]> = MACHINE,
  options?: Options,
) {
  using folder = temporaryFolder()
  const all = Object.entries({ ...FILES, ...files }).filter(([, content]) => content !== GONE)
  writeFiles(folder.path, Object.fromEntries(all))
  return await explainIn(folder.path, machine, options) // while the folder is there
}

const GONE = '(gone)'

/** What can be said of any JSON text by the schema in docs/. */
const schema = z.fromJSONSchema(
  JSON.parse(readFileSync(join(import.meta.dirname, '../../docs/explain.schema.json'), 'utf8')) as Parameters<
    typeof z.fromJSONSchema
  >[0],
)

test('a boot by TFTP is told in its order', async () => {
  const { dhcp, files, http, assets, problems, group } = await explained()
  expect(group).toMatchObject({ name: 'node1', line: 3, spec: 'node' })
  expect(dhcp?.map(({ runs, port, reply }) => [runs, port, reply?.file, reply?.to])).toEqual([
    ['firmware', 67, 'snponly.efi', '255.255.255.255:68'],
    ['firmware', 4011, 'snponly.efi', '192.0.2.2:4011'],
    ['ipxe', 67, 'http://10.9.0.2:8080/boot.ipxe', '255.255.255.255:68'],
  ])
  expect(files).toEqual([
    { by: 'tftp', name: 'snponly.efi', content: { bytes: 15, sha256: expect.any(String) }, reason: null },
    expect.objectContaining({ name: 'autoexec.ipxe', content: expect.objectContaining({ text: expect.anything() }) }),
  ])
  expect(files?.[1]?.content?.text).toContain('chain http://10.9.0.2:8080/boot.ipxe\n')
  expect(http.map(({ target, status }) => [target, status])).toEqual([
    ['/boot.ipxe', 200],
    ['/ipxe?mac=52-54-00-89-d8-10', 200],
    ['/ignition?mac=52-54-00-89-d8-10', 200],
    ['/cloud?mac=52-54-00-89-d8-10', 200],
    ['/metadata?mac=52-54-00-89-d8-10', 200],
  ])
  expect(assets?.map(({ target, bytes }) => [target, bytes])).toEqual([
    ['/assets/k', 6],
    ['/assets/i', 6],
  ])
  expect(problems).toEqual([])
})

test('a boot by HTTP reads its program and the script beside it by HTTP', async () => {
  const { dhcp, files } = await explained({}, { mac: MAC, arch: 'x64-uefi-http' })
  expect(dhcp?.map(({ runs, port }) => `${runs} ${port}`)).toEqual(['firmware 67', 'ipxe 67'])
  expect(dhcp?.[0]?.reply?.file).toBe('http://10.9.0.2:8080/firmware/ipxe-amd64.efi')
  expect(files?.map(({ by, name, content }) => [by, name, content?.text ?? content?.bytes])).toEqual([
    ['http', 'ipxe-amd64.efi', 24],
    ['http', 'autoexec.ipxe', expect.stringContaining('chain /boot.ipxe\n')],
  ])
})

test('labels are said as iPXE says them, and those that were given behind them', async () => {
  const given = { uuid: 'a b', mac: '52-54-00-89-D8-10', label: ['os=x&y', 'r=1=2'] }
  const { machine, http } = await explained({}, given)
  expect(http[1]?.target).toBe('/ipxe?uuid=a%20b&mac=52-54-00-89-d8-10&os=x%26y&r=1%3D2')
  expect(machine.labels).toEqual({ uuid: 'a b', mac: MAC, os: 'x&y', r: '1=2' })
})

test('without an architecture, DHCP and TFTP are left out', async () => {
  expect(await explained({}, { mac: MAC })).toMatchObject({ dhcp: null, files: null, problems: [] })
})

test('a server that machines know by another name is called by it', async () => {
  const { server, dhcp } = await explained({}, MACHINE, { place: { advertise: 'Boot.example:80' } })
  expect(server.url).toBe('http://Boot.example:80')
  expect(dhcp?.[2]?.reply?.file).toBe('http://Boot.example:80/boot.ipxe')
  expect(dhcp?.[2]?.reply?.text).toContain('siaddr 10.9.0.2')
})

describe('what is configured and fails is a problem', () => {
  const other = { mac: '52:54:00:89:d8:99' }
  const cases: [rule: string, files: Record<string, string>, machine: Record<string, string>, problems: string[]][] = [
    ['no group', {}, other, ['no group matches the labels of this machine']],
    [
      'a template that fails',
      { 'cloud/c': '#!/bin/sh\n{{index .hostname 99}}\n' },
      MACHINE,
      [expect.stringMatching(/^cloud\/c:2:/) as string],
    ],
    [
      'a spec that is broken, once',
      { 'specs/node/spec.json': '{' },
      MACHINE,
      [expect.stringMatching(/^specs\/node\/spec.json:1/) as string],
    ],
    [
      'a spec that is not there',
      { 'specs/node/spec.json': GONE },
      MACHINE,
      ['group "node1" matches, but there is no spec "node"'],
    ],
    [
      'a file that a spec names and that is not there',
      { 'ignition/i.yaml': GONE },
      MACHINE,
      ['group "node1" matches, but its spec "node" names ignition/i.yaml, which does not exist'],
    ],
    ['a kernel that is not there', { 'assets/k': GONE }, MACHINE, ['/assets/k: not there']],
    [
      'no firmware',
      {},
      { mac: MAC, arch: 'arm64-uefi' },
      ['the firmware folder has no file for arm64-uefi (architecture 11), such as ipxe-arm64.efi'],
    ],
  ]
  for (const [rule, files, machine, problems] of cases) {
    test(rule, async () => expect((await explained(files, machine)).problems).toEqual(problems))
  }
})

describe('what is not configured is no problem', () => {
  const cases: [rule: string, machine: Record<string, string>, options?: Options][] = [
    ['a spec with nothing in it', { mac: '52:54:00:89:d8:20' }],
    ['no firmware where -net is not given', { mac: MAC, arch: 'arm64-uefi' }, { netboot: { isOn: false } }],
    [
      'silence to who is unknown',
      { mac: MAC, arch: 'x64-uefi' },
      { netboot: { answer: 'known', isKnown: () => false } },
    ],
    ['no TFTP where it is off', { mac: MAC, arch: 'x64-uefi' }, { netboot: { tftp: false } }],
  ]
  for (const [rule, machine, options] of cases) {
    test(rule, async () => expect((await explained({}, machine, options)).problems).toEqual([]))
  }
})

describe('what is printed as JSON is what docs/explain.schema.json says', () => {
  const cases: [what: string, files: Record<string, string>, machine: Record<string, string | string[]>][] = [
    ['a boot by TFTP', {}, MACHINE],
    ['a boot by HTTP', {}, { mac: MAC, arch: 'x64-uefi-http' }],
    ['a Raspberry Pi', {}, { mac: MAC, arch: 'raspberry-pi' }],
    ['a machine that nothing is there for', {}, { mac: '52:54:00:89:d8:99', uuid: 'x', arch: 'pc98' }],
    ['labels', {}, { label: ['a=b', '__proto__=c'] }],
    ['much that is broken', { 'specs/node/spec.json': '{', 'firmware/snponly.efi': GONE }, MACHINE],
  ]
  for (const [what, files, machine] of cases) {
    test(what, async () => {
      const json: unknown = JSON.parse(JSON.stringify(await explained(files, machine)))
      expect(schema.safeParse(json).error?.issues ?? []).toEqual([])
    })
  }
  test('and nothing else passes', async () => {
    const whole = await explained()
    expect(schema.safeParse({ ...whole, more: 1 }).success).toBe(false)
    expect(schema.safeParse({ ...whole, group: 'node1' }).success).toBe(false)
    expect(schema.safeParse({ ...whole, http: [{ ...whole.http[0], status: '200' }] }).success).toBe(false)
  })
})

describe('as text', () => {
  test('it says who wins, what comes back, and what is wrong', async () => {
    const text = formatExplanation(await explained({ 'assets/k': GONE }))
    expect(text).toContain('group    "node1" (line 3), spec "node"\n')
    expect(text).toContain('group "node2" wants mac=52:54:00:89:d8:11, not 52:54:00:89:d8:10 (line 4)\n')
    expect(text).toContain('  firmware, port 67: snponly.efi\n')
    expect(text).toContain('  200 /cloud?mac=52-54-00-89-d8-10\n      #!/bin/sh\n      echo node1\n')
    expect(text).toMatch(/\nproblem: \/assets\/k: not there\n$/)
  })
  test('it counts the groups that it does not name', async () => {
    const groups = Array.from({ length: 30 }, (_, at) => `  - {spec: node, require: {n: "${at}"}}\n`).join('')
    const text = formatExplanation(await explained({ 'config.yaml': `api_version: v1alpha1\ngroups:\n${groups}` }))
    expect(text).toContain('group    none matches\n')
    expect(text).toContain('         25 more do not match\n')
  })
  test('nothing in it steers a terminal', async () => {
    const text = formatExplanation(await explained({}, { label: ['a\u001b[2J=\u009b1m\r\u202e'] }))
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  })
})
