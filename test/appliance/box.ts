/** A box for tests: facts, machines, and the folders that root's scripts and the server share. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import { type ApplianceDeps, startAppliance } from '../../src/appliance/start.ts'
import type { Appliance, ApplianceFacts } from '../../src/core/appliance.ts'
import { NO_PROBLEMS, fakeBoots } from '../http/api/site.ts'
import { memoryLog, temporaryFolder, writeFiles } from '../support/site.ts'

export const TOKEN = 'ABCDEFGHIJKLMNOPQRST'

export const FACTS: ApplianceFacts = {
  version: '1.2.3',
  hostname: 'boot1',
  arch: 'amd64',
  slot: 'a',
  uid: 900,
  capEff: '0000000000000000',
  noNewPrivs: true,
  mounts: [{ mount: '/', type: 'squashfs', readOnly: true }],
  data: 'ok',
  addresses: [{ iface: 'eth0', address: '192.168.178.123/24', source: 'dhcp' }],
  memory: { totalBytes: 1 << 30, availableBytes: 1 << 29, ownBytes: 100 << 20 },
  modules: [
    { name: 'http', state: 'running', detail: 'http://localhost:8080' },
    { name: 'tftp', state: 'running', detail: '' },
    { name: 'dhcp', state: 'running', detail: '' },
  ],
  problems: [],
  update: { state: 'idle', version: null, reason: null, percent: null },
}

/** A box that does nothing but say so. */
export function boxSaying(facts: ApplianceFacts): Appliance {
  return {
    facts: () => facts,
    slotPath: '/nowhere',
    admit: () => 'wrong',
    receive: async () => ({ received: false, why: 'busy', reason: 'this box is a picture' }),
    ask: async () => {},
  }
}

/** As root's scripts leave it. */
export const RUN_FILES = {
  facts: 'version=1.2.3\narch=amd64\nslot=a\ndisk=/dev/sda\ndata=ok\nmemory_mib=512\nminimum=512\n',
  addresses: 'eth0 192.168.178.123/24 dhcp\n',
  token: `${TOKEN}\n`,
  'slot/vmlinuz': 'a kernel',
  'slot/system.img': '0123456789',
}

export async function openBox(files: Readonly<Record<string, string>> = RUN_FILES, deps: Partial<ApplianceDeps> = {}) {
  const folder = temporaryFolder()
  onTestFinished(() => folder[Symbol.dispose]())
  const runPath = join(folder.path, 'run')
  const dataPath = join(folder.path, 'data')
  mkdirSync(runPath)
  mkdirSync(dataPath)
  writeFiles(runPath, files)
  const boots = fakeBoots()
  const log = memoryLog()
  const modules = () => FACTS.modules
  const problems = { current: () => NO_PROBLEMS }
  const box = await startAppliance(
    { runPath, dataPath },
    { boots, modules, problems, version: '1.2.3', httpPort: 80, log, ...deps },
  )
  onTestFinished(() => box.stop())
  return { box, boots, log, runPath, dataPath }
}
