/**
 * A box takes an update over the network: what is not signed for it is refused, what is becomes the system that runs.
 */
import { expect, test } from 'vitest'

import { startAppliance } from '../support/appliance.ts'
import { grubVariables, listFiles, readPartition } from '../support/box-disk.ts'
import { ownDisk, useImage } from '../support/built.ts'
import { bundleOfSlot, upload } from '../support/updates.ts'

/** Two starts under software emulation, beside other tests. */
const MAX_MS = 900_000

const image = useImage()

test('an uploaded bundle is installed, starts, and is kept', { timeout: MAX_MS }, async (context) => {
  using own = ownDisk(image(context))
  const disk = own.path
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
