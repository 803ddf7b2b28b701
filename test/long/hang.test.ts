/** A box that stands still starts again by itself: after a kernel's panic, and by the watchdog of its hardware. */
import { expect, test } from 'vitest'

import { kernelArguments, type RunningAppliance, startAppliance } from '../support/appliance.ts'
import { useImage } from '../support/built.ts'
import { hang } from '../support/hang.ts'
import { temporaryFolder } from '../support/site.ts'

const BOOT_MAX_MS = 600_000

/** The watchdog's time, and some more for a machine that does other things as well. */
const AFTER_A_MINUTE = { timeout: 180_000, interval: 500 } as const

const image = useImage()

test('after a panic, and by the watchdog', { timeout: 3 * BOOT_MAX_MS }, async (context) => {
  const { disk, slot } = image(context)
  using folder = temporaryFolder()
  const kernel = kernelArguments(slot, folder.path, 'bootcfg.slot=a unknown_nmi_panic')
  const more = [...kernel, '-device', 'i6300esb', '-action', 'watchdog=reset']
  await using box = await startAppliance({ disk, more })
  await box.facts()

  await box.monitor('nmi')
  await expect.poll(() => starts(box), AFTER_A_MINUTE).toBe(2)
  expect(box.console()).toContain('Kernel panic')
  await box.facts()

  await hang(box)
  await expect.poll(() => starts(box), AFTER_A_MINUTE).toBe(3)
  expect(box.console().match(/Kernel panic/g)).toHaveLength(1) // no second one: it was the watchdog
  await box.facts()
})

/** How often its firmware began. */
function starts(box: RunningAppliance): number {
  return box.console().match(/SeaBIOS \(version/g)?.length ?? 0
}
