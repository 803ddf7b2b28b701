/**
 * Updates where UEFI starts the box: GRUB writes its variables through the firmware, and with Secure Boot it asks shim whether a
 * kernel may start.
 */
import { describe, expect, test } from 'vitest'

import { startAppliance } from '../support/appliance.ts'
import { grubVariables, listFiles, readPartition } from '../support/box-disk.ts'
import { ownDisk, useImage } from '../support/built.ts'
import { withAlteredKernel, withoutKernel } from '../support/slots.ts'
import { bundleOfSlot, DROPPED, dropBundle, upload } from '../support/updates.ts'

/** Two or three starts under software emulation, beside other tests. */
const MAX_MS = 900_000

const image = useImage()

type Firmware = 'uefi' | 'uefi-secure-boot'

describe.each(['uefi', 'uefi-secure-boot'] as const)('on %s', (firmware) => {
  test('an uploaded bundle is installed, starts, and is kept', { timeout: MAX_MS }, async (context) => {
    using own = ownDisk(image(context, firmware))
    const bundle = bundleOfSlot(readPartition(own.path, 'SYS-A'))
    await using box = await startAppliance({ disk: own.path, firmware, keepsDisk: true })
    await box.facts(({ slot }) => slot === 'a' && /Token/.test(box.console()))
    await upload(box, bundle)
    await box.facts(({ slot }) => slot === 'b')
    await becomes(own.path, { good: 'b', try: '', tries: '0' })
    await box.stop()
    expect(readPartition(own.path, 'SYS-B').equals(readPartition(own.path, 'SYS-A'))).toBe(true)
  })

  test('a bundle without a kernel is rolled back', { timeout: MAX_MS }, async (context) => {
    using own = ownDisk(image(context, firmware))
    await expectRollBack(own.path, firmware, withoutKernel)
  })
})

describe('a kernel that Debian did not sign', () => {
  test('starts on uefi', { timeout: MAX_MS }, async (context) => {
    using own = ownDisk(image(context, 'uefi'))
    dropBundle(own.path, bundleOfSlot(withAlteredKernel(readPartition(own.path, 'SYS-A'))))
    await using box = await startAppliance({ disk: own.path, firmware: 'uefi', keepsDisk: true })
    await box.facts(({ slot }) => slot === 'b')
    await becomes(own.path, { good: 'b', try: '', tries: '0' })
  })

  test('is rolled back on uefi-secure-boot', { timeout: MAX_MS }, async (context) => {
    using own = ownDisk(image(context, 'uefi-secure-boot'))
    const said = await expectRollBack(own.path, 'uefi-secure-boot', withAlteredKernel)
    expect(said).toContain('bad shim signature')
  })
})

/** @returns what the box wrote to its console */
async function expectRollBack(disk: string, firmware: Firmware, spoil: (slot: Buffer) => Buffer): Promise<string> {
  const slot = readPartition(disk, 'SYS-A')
  dropBundle(disk, bundleOfSlot(spoil(slot)))
  await using box = await startAppliance({ disk, firmware, keepsDisk: true })
  const facts = await box.facts(({ update }) => update.state === 'failed')
  expect(facts.slot).toBe('a')
  expect(facts.update.reason).toContain('slot a runs again')
  await box.stop()
  expect(grubVariables(disk)).toEqual({ good: 'a', try: '', tries: '0' })
  expect(readPartition(disk, 'SYS-A').equals(slot)).toBe(true)
  expect(listFiles(disk, 'BOOTCFG')).not.toContain(DROPPED)
  return box.console()
}

/** The new system serves at once, and is kept a little later. */
async function becomes(disk: string, variables: object): Promise<void> {
  await expect.poll(() => grubVariables(disk), { timeout: MAX_MS }).toEqual(variables)
}
