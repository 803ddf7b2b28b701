/**
 * A rack that is switched on at once: 200 machines, each with a group of its own, get all that they need and nothing that
 * another one should have.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { createLab, type Host, requireLab } from '../support/lab.ts'
import { type Outcome, rackMachines } from '../support/rack.ts'
import { startServer } from '../support/server.ts'
import { writeFiles } from '../support/site.ts'

const MACHINES = rackMachines(200)
const MEGABYTES_MAX = 200

/** As large as the real ones. */
const FILES = { 'undionly.kpxe': randomBytes(108_847), 'snponly.efi': randomBytes(284_672) }

test('200 machines at once all boot, each with its own config', { timeout: 120_000 }, async (context) => {
  requireLab(context)
  await using lab = await createLab()
  const app = await lab.host('app', '10.9.0.2/16', { uplink: true })
  const rack = await lab.host('rack', '10.9.0.3/16')
  await giveAddresses(rack, lab.folder)
  const folder = join(lab.folder, 'site')
  writeFiles(folder, siteFiles())
  const flags = ['-config', join(folder, 'config.yaml'), '-data-path', folder, '-assets-path', '']
  const net = ['-net', 'eth0', '-address', '0.0.0.0:8080', '-firmware-path', join(folder, 'firmware')]
  await using server = await startServer([...net, ...flags], {}, app.wrapper)

  const program = join(import.meta.dirname, '../support/rack.ts')
  const { stdout } = await rack.run(process.execPath, program, String(MACHINES.length))
  const outcomes = JSON.parse(stdout) as Outcome[]
  expect(outcomes).toEqual(
    MACHINES.map(({ mac, uuid, arch }) => {
      const file = arch === 0 ? 'undionly.kpxe' : 'snponly.efi'
      return {
        mac,
        file,
        sha256: sha256(FILES[file]),
        ignition: `{"ignition":{"version":"3.4.0"},"storage":{},"passwd":{"users":[{"name":"${uuid}"}]}}`,
      }
    }),
  )
  const complaints = server.log.filter(({ level }) => level === 'warning' || level === 'error')
  // There are no machines of the kinds whose files are left out here.
  expect(complaints.filter(({ event }) => event !== 'firmware.missing')).toEqual([])
  expect(peakMegabytes(server.process.pid!)).toBeLessThan(MEGABYTES_MAX)
})

async function giveAddresses(rack: Host, folder: string): Promise<void> {
  const batch = join(folder, 'addresses')
  writeFileSync(batch, MACHINES.map(({ address }) => `addr add ${address}/16 dev eth0\n`).join(''))
  await rack.ip(`-batch ${batch}`)
  await rack.ip('route add default dev eth0') // a broadcast to 255.255.255.255 needs a way out
}

function siteFiles(): Record<string, string | Uint8Array> {
  const groups = MACHINES.map(
    ({ mac, uuid }) => `  - {name: "${uuid}", spec: machine, require: {mac: "${mac}"}, metadata: {user: "${uuid}"}}`,
  )
  return {
    'config.yaml': `api_version: v1alpha1\ngroups:\n${groups.join('\n')}\n`,
    'specs/machine/spec.json': JSON.stringify({
      id: 'machine',
      ignition_id: 'machine.json',
      boot: { kernel: '/kernel' },
    }),
    'ignition/machine.json': '{"ignition":{"version":"3.4.0"},"storage":{},"passwd":{"users":[{"name":"{{.user}}"}]}}',
    'firmware/undionly.kpxe': FILES['undionly.kpxe'],
    'firmware/snponly.efi': FILES['snponly.efi'],
  }
}

function peakMegabytes(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) / 1024
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
