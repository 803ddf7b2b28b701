/** A box that stands still starts again by itself: after a kernel's panic, and by the watchdog of its hardware. */
import { expect, test } from 'vitest'

import { kernelArguments, type RunningAppliance, startAppliance } from '../support/appliance.ts'
import { useImage } from '../support/built.ts'
import { hang } from '../support/hang.ts'
import { temporaryFolder } from '../support/site.ts'

const BOOT_MAX_MS = 600_000

const image = useImage()

test('after a panic, and by the watchdog', { timeout: 3 * BOOT_MAX_MS }, async (context) => {
  const { disk, slot } = image(context)
  using folder = temporaryFolder()
  const more = [
    ...kernelArguments(slot, folder.path, 'bootcfg.slot=a unknown_nmi_panic'),
    ...['-device', 'i6300esb', '-action', 'watchdog=reset'],
  ]
  await using box = await startAppliance({ disk, more })
  await box.facts()

  await box.monitor('nmi')
  await expect.poll(() => box.console(), { timeout: 60_000 }).toMatch(/Kernel panic[\s\S]*Rebooting in 10 seconds/)
  await box.facts()
  expect(starts(box)).toBe(2)

  await hang(box)
  await box.facts() // nobody but one that was started anew can answer
  expect(starts(box)).toBe(3)
})

/** How often its console began. */
function starts(box: RunningAppliance): number {
  return box.console().match(/bootcfg \S+ starts/g)?.length ?? 0
}
