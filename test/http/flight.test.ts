/** A machine boots over real HTTP, and its record is there: stages, bytes, group, and how it ended. */
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { type Boots, openBoots } from '../../src/core/boots/boots.ts'
import { createJournal } from '../../src/core/journal.ts'
import { closest, describeLost } from '../../src/core/match-story.ts'
import type { Running } from '../../src/core/module.ts'
import { startHttp } from '../../src/http/start.ts'
import { memoryLog, snapshotOf, temporaryFolder, writeFiles } from '../support/site.ts'

const MAC = '52:54:00:00:00:0a'
const QUERY = 'uuid=16e7d8a7-bfa9-428b-9117-363341bb330b&mac=52-54-00-00-00-0A&domain=&hostname=&serial=R7'

let folder: ReturnType<typeof temporaryFolder>
let rooms: Running[] = []
let boots: Boots
let url = ''

beforeAll(async () => {
  folder = temporaryFolder()
  writeFiles(folder.path, {
    'config.yaml': `api_version: v1alpha1
groups:
  - {name: node, spec: node, require: {mac: "${MAC}", serial: R7}}
  - {name: broken, spec: broken, require: {serial: B1}}
`,
    'specs/node/spec.json': JSON.stringify({
      id: 'node',
      ignition_id: 'node.json',
      boot: { kernel: '/assets/a/vmlinuz', initrd: ['/assets/a/initrd%20one.gz'] },
    }),
    'specs/broken/spec.json': JSON.stringify({
      id: 'broken',
      ignition_id: 'broken.json',
      boot: { kernel: '/assets/x' },
    }),
    'ignition/node.json': '{"ignition":{"version":"3.4.0"}}',
    'ignition/broken.json': '{"ignition":\n{{.none',
    'assets/a/vmlinuz': Buffer.alloc(50_000),
    'assets/a/initrd one.gz': Buffer.alloc(200_000),
  })
  const snapshot = await snapshotOf(folder.path)
  const journal = createJournal()
  const site = {
    spec: (id: string) => {
      const spec = snapshot.specs.get(id)?.spec
      return spec instanceof Error ? undefined : spec
    },
    nearest: (labels: ReadonlyMap<string, string>) => {
      const lost = closest(snapshot.groups.groups, labels)
      return lost && describeLost(lost)
    },
    isKnown: () => true,
  }
  const log = memoryLog()
  boots = await openBoots({ journal, site, log, statePath: '' })
  const http = await startHttp(
    { addresses: ['127.0.0.1:0'], assetsPath: join(folder.path, 'assets'), headerBytesMax: 16_384, connectionsMax: 10 },
    { snapshot: () => snapshot, report: journal.report, log },
  )
  rooms = [boots, http]
  url = http.url!
})
afterAll(async () => {
  for (const room of rooms.toReversed()) await room.stop()
  folder[Symbol.dispose]()
})

async function get(...paths: readonly string[]): Promise<void> {
  for (const path of paths) await (await fetch(url + path)).arrayBuffer()
}

test('from /boot.ipxe to its Ignition config', async () => {
  await get('/boot.ipxe', `/ipxe?${QUERY}`, '/assets/a/vmlinuz', '/assets/a/initrd%20one.gz')
  await expect.poll(() => boots.machine(MAC)?.last?.bytes).toBe(250_000)
  await get(`/ignition?${QUERY}`)
  const [summary] = boots.machine(MAC)!.attempts
  expect(summary).toMatchObject({ state: 'booted', stage: 'done', group: 'node', spec: 'node', totalBytes: 250_000 })
  expect(boots.attempt(summary!.id)!.entries.map(({ kind, title, outcome }) => `${kind} ${title} ${outcome}`)).toEqual([
    'script /boot.ipxe ok',
    'ipxe /ipxe ok',
    'download a/vmlinuz ok',
    'download a/initrd one.gz ok',
    'ignition /ignition ok',
  ])
})

test('to no group, with the nearest one', async () => {
  await get('/ipxe?mac=52-54-00-00-00-0B&serial=r7')
  const { attempts } = boots.machine('52:54:00:00:00:0b')!
  expect(boots.attempt(attempts[0]!.id)!.diagnosis).toMatchObject({
    code: 'no-group',
    text: expect.stringMatching(/Nearest: group "node" wants .*serial=R7, not r7 \(differs only in case\)/) as string,
  })
})

test('to a template with an error, with its place', async () => {
  const query = 'mac=52-54-00-00-00-0C&serial=B1'
  await get(`/ipxe?${query}`, `/ignition?${query}`)
  expect(boots.machine('52:54:00:00:00:0c')!.last!.diagnosis).toMatchObject({
    code: 'template-failed',
    text: expect.stringMatching(/ignition\/broken\.json:2/) as string,
  })
})

test('to a kernel that is not there', async () => {
  await get('/ipxe?mac=52-54-00-00-00-0D&serial=B1', '/assets/x')
  // Several machines behind one address: whose download it was, nobody can say.
  await expect.poll(() => boots.machine('address:127.0.0.1')?.last?.stage).toBe('kernel')
})
