/**
 * What it is for: a machine on the same wire is switched on, and boots from the appliance to its kernel.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { startAppliance } from '../support/appliance.ts'
import { BOOTER, IGNITION, SITE } from '../support/boot-network.ts'
import { putOnData } from '../support/box-disk.ts'
import { BOOT_MAX_MS, ownDisk, useImage } from '../support/built.ts'
import { createLab, type Host, requireLab, startSiteDhcp } from '../support/lab.ts'
import { installMachine, MachineUnavailable, reportedFiles } from '../support/machine.ts'
import { machineRequirements, startMachine } from '../support/qemu.ts'
import { requireRomOf2019, skip } from '../support/requirements.ts'
import { writeFiles } from '../support/site.ts'

const BOX = { mac: '52:54:00:b0:0c:01', address: '10.9.0.60' } as const

const image = useImage()

test('a machine on the wire boots from it', { timeout: 2 * BOOT_MAX_MS }, async (context) => {
  requireLab(context, [...machineRequirements('bios'), ['curl', 'curl']])
  requireRomOf2019(context)
  using disk = ownDisk(image(context))
  await using lab = await createLab()
  const data = join(lab.folder, 'data')
  mkdirSync(data)
  writeFiles(data, SITE)
  await installMachine(join(data, 'assets')).catch((error: unknown) => {
    if (error instanceof MachineUnavailable) skip(context, error.message)
    throw error
  })
  putOnData(disk.path, data)

  const site = await lab.host('dhcp', '10.9.0.1/24')
  const hosts = [BOX, BOOTER].map(({ mac, address }) => `--dhcp-host=${mac},${address}`)
  await startSiteDhcp(site, undefined, ...hosts)
  const wire = { tap: await lab.tap(), wrapper: lab.wire.wrapper, mac: BOX.mac }
  await using box = await startAppliance({ disk: disk.path, wire })
  await Promise.race([untilRunning(site), box.off])
  const machine = startMachine({ wire: { tap: await lab.tap(), wrapper: lab.wire.wrapper }, ...BOOTER })
  await machine.off.finally(machine.stop)

  const reported = reportedFiles(machine.console())
  expect(reported.get('/proc/cmdline')?.toString()).toContain(`bootcfg.url=http://${BOX.address}`)
  expect(reported.get('ignition')?.toString()).toBe(IGNITION)
})

/** All of its modules answer. */
async function untilRunning(site: Host): Promise<void> {
  const patiently = '--silent --fail --retry 1000 --retry-delay 1 --retry-connrefused --retry-all-errors --max-time 200'
  await site.run('curl', ...patiently.split(' '), '--connect-timeout', '2', `http://${BOX.address}:8080/readyz`)
}
