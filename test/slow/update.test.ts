/**
 * A box takes an update over the network: what is not signed for it is refused, what is becomes the system that runs.
 */
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { applianceRequirements, startAppliance } from '../support/appliance.ts'
import { BOX_DISK_REQUIREMENTS, grubVariables, listFiles, readPartition } from '../support/box-disk.ts'
import { builtImage, copyDisk, IMAGE_REQUIREMENTS, ImageUnavailable } from '../support/image.ts'
import { require, skip } from '../support/requirements.ts'
import { temporaryFolder } from '../support/site.ts'
import { bundleOfSlot, upload } from '../support/updates.ts'

/** The build, if nobody else did it, and two starts under software emulation, beside other tests. */
const MAX_MS = 900_000

test('an uploaded bundle is installed, starts, and is kept', { timeout: MAX_MS }, async (context) => {
  require(context, [...IMAGE_REQUIREMENTS, ...applianceRequirements(), ...BOX_DISK_REQUIREMENTS])
  const image = await builtImage().catch((error: unknown) => {
    if (error instanceof ImageUnavailable) skip(context, error.message)
    throw error
  })
  using folder = temporaryFolder()
  const disk = join(folder.path, 'disk.img')
  copyDisk(image.disk, disk)
  const bundle = bundleOfSlot(readPartition(disk, 'SYS-A'))
  const unsigned = Buffer.from(bundle.subarray(0, 100_000)).fill(0, 20, 84)

  await using box = await startAppliance({ disk, keepsDisk: true })
  await box.facts(({ slot }) => slot === 'a' && /Token/.test(box.console()))
  await upload(box, unsigned)
  const refused = await box.facts(({ update }) => update.state === 'refused')
  expect(refused.update.reason).toBe('the bundle is not signed')

  await upload(box, bundle)
  await box.facts(({ slot }) => slot === 'b')
  await expect.poll(() => grubVariables(disk), { timeout: MAX_MS }).toEqual({ good: 'b', try: '', tries: '0' })
  await box.stop()
  expect(readPartition(disk, 'SYS-B').equals(readPartition(disk, 'SYS-A'))).toBe(true)
  expect(listFiles(disk, 'BOOTCFG').filter((name) => name.includes('update'))).toEqual(['updates/'])
})
