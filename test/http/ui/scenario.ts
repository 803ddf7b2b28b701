/**
 * An evening at a site, for pictures: machines that boot, that failed, that nobody knows.
 */
import type { Problem } from '../../../src/core/check.ts'
import { Actor } from './actor.ts'
import type { PageSite } from './site.ts'

const MINUTES = 60

export function playEvening(site: PageSite): void {
  const { story } = site
  const worker = (number: number) =>
    new Actor(site, {
      mac: `52:54:00:00:00:${String(number).padStart(2, '0')}`,
      address: `10.9.0.${number}`,
      hostname: `worker-${number}`,
      labels: { role: 'worker' },
    })
  for (let number = 11; number < 17; number++)
    worker(number)
      .boots(number * 1.3)
      .wait(7 * MINUTES)

  const etcd = new Actor(site, { mac: '52:54:00:b2:2f:86', address: '10.9.0.42', hostname: 'etcd-2' })
  const reason = 'ignition/etcd.yaml:4:16: map has no entry for key "etcd_name"'
  etcd.untilScript().kernel()
  const etcdInitrd = etcd.initrd()
  etcd.wait(5)
  etcdInitrd.end()
  etcd.wait(15)
  for (let times = 0; times < 9; times++) etcd.ask('ignition', { status: 500, reason }).wait(5)
  story.wait(9 * MINUTES)

  const storage = new Actor(site, { mac: '3c:ec:ef:12:08:a4', address: '10.9.0.77', hostname: 'storage-3' })
  storage
    .boots()
    .wait(2 * MINUTES)
    .discover()
    .wait(4)
  storage.begin('tftp', 'snponly.efi', 272_384).end('probe', 0)
  const stalled = storage.begin('tftp', 'snponly.efi', 272_384)
  storage.wait(21)
  stalled.end('failed', 1468, 'no acknowledgement came')
  story.wait(6 * MINUTES)

  new Actor(site, { mac: 'b8:27:eb:5a:01:9f', address: '10.9.0.90', hostname: 'workbench' })
    .untilScript()
    .wait(8 * MINUTES)
  new Actor(site, { mac: '52:54:00:b2:2f:68', address: '10.9.0.91' }).untilScript().wait(2 * MINUTES)

  const late = worker(17)
  late.untilScript()
  const booting = new Actor(site, { mac: '52:54:00:a1:9c:ae', address: '10.9.0.41', hostname: 'etcd-1' })
  booting.untilScript().kernel()
  const initrd = booting.initrd()
  for (let part = 1; part <= 4; part++) {
    booting.wait(0.5)
    initrd.move(part * 52_000_000)
  }
  late.wait(1)
}

export const PROBLEMS: readonly Problem[] = [
  {
    severity: 'error',
    code: 'missing-metadata',
    file: 'data/ignition/etcd.yaml',
    line: 4,
    column: 16,
    message: 'map has no entry for key "etcd_name" (group "etcd node 2")',
  },
  {
    severity: 'error',
    code: 'unknown-spec',
    file: 'data/config.yaml',
    line: 14,
    column: null,
    message: 'names spec "flatcarr", but specs/flatcarr/spec.json does not exist',
  },
  {
    severity: 'warning',
    code: 'uuid-case',
    file: 'data/config.yaml',
    line: 21,
    column: null,
    message:
      'requires uuid 7FBB6F0C-6E3D-4C6F-8B5E-0A9C3D1F2E4B; machines report theirs in lower case, write 7fbb6f0c-6e3d-4c6f-8b5e-0a9c3d1f2e4b',
  },
]
