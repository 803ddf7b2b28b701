/**
 * The image starts on every firmware, and is what it promises: the server without rights, nothing to write to but the data
 * partition.
 */
import { describe, expect, test } from 'vitest'

import { startAppliance } from '../support/appliance.ts'
import { BOOT_MAX_MS, useImage } from '../support/built.ts'

const image = useImage()

describe.each(['bios', 'uefi', 'uefi-secure-boot'] as const)('on %s', (firmware) => {
  test('it serves', { timeout: BOOT_MAX_MS }, async (context) => {
    const { disk } = image(context, firmware)
    await using box = await startAppliance({ disk, firmware })
    const facts = await box.facts(({ modules }) => modules.every(({ state }) => state === 'running'))
    expect(facts).toMatchObject({
      arch: 'amd64',
      slot: 'a',
      uid: 900,
      capEff: '0000000000000000',
      noNewPrivs: true,
      data: 'ok',
      problems: [],
      addresses: [{ iface: 'eth0', address: '10.0.2.15/24', source: 'dhcp' }],
    })
    const writable = facts.mounts.filter(({ readOnly }) => !readOnly).map(({ mount }) => mount)
    expect(writable.toSorted()).toEqual(['/data', '/run', '/run/bootcfg/app', '/tmp'])
    expect(facts.modules.map(({ name }) => name).toSorted()).toEqual(['dhcp', 'http', 'tftp'])
    expect(facts.memory.totalBytes - facts.memory.availableBytes).toBeLessThan(200e6)
    const groups = await fetch(`${box.url}/api/groups`)
    expect(await groups.text()).toContain('copy of this box')
  })
})
