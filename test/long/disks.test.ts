/**
 * Two disks that were just written from the same image, in one box: nothing tells them apart until it has started once.
 */
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { startAppliance } from '../support/appliance.ts'
import { putOnData } from '../support/box-disk.ts'
import { BOOT_MAX_MS, ownDisk, useImage } from '../support/built.ts'
import { temporaryFolder, writeFiles } from '../support/site.ts'

const image = useImage()

test(
  'it takes no update until it knows which it started from: at the next start',
  { timeout: 2 * BOOT_MAX_MS },
  async (context) => {
    const built = image(context)
    using first = ownDisk(built)
    using started = ownDisk(built)
    using folder = temporaryFolder()
    for (const [name, disk] of Object.entries({ first, started })) {
      writeFiles(join(folder.path, name), {
        'appliance.yaml': `hostname: ${name}\n`,
        'any.bootcfg-update': 'no bundle',
      })
      putOnData(disk.path, join(folder.path, name))
    }
    const drive = `if=none,id=started,format=raw,file=${started.path},snapshot=on`
    const more = ['-drive', drive, '-device', 'virtio-blk-pci,drive=started,bootindex=0']
    await using box = await startAppliance({ disk: first.path, more })
    const guessed = await box.facts(({ update }) => update.state === 'refused')
    expect(guessed.hostname).toBe('first')
    expect(guessed.problems).toEqual([expect.stringMatching(/^\/dev\/vda and \/dev\/vdb are copies of each other/)])
    expect(guessed.update.reason).toContain('cannot tell which of its disks it started from (/dev/vda, /dev/vdb)')

    await box.monitor('system_reset')
    const known = await box.facts(({ hostname, update }) => hostname === 'started' && update.state === 'refused')
    expect(known.problems).toEqual([expect.stringMatching(/^There is another disk of a box \(\/dev\/vda\)/)])
    expect(known.update.reason).not.toContain('its disks')
  },
)
