/**
 * Updates that go wrong, in a real box: it goes on with the system that it had. And the power may go whenever it likes.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, type TestContext, test } from 'vitest'

import { type RunningAppliance, startAppliance } from '../support/appliance.ts'
import { grubVariables, listFiles, putFile, readPartition } from '../support/box-disk.ts'
import { useImage } from '../support/built.ts'
import { copyDisk } from '../support/image.ts'
import { temporaryFolder } from '../support/site.ts'
import { bundleOfBytes, bundleOfSlot, upload } from '../support/updates.ts'

/** Five starts under software emulation, beside other tests. */
const ROLL_BACK_MAX_MS = 900_000

const MIB = 1 << 20
const SLOT_BYTES = 96 * MIB

const image = useImage()

/** A disk that can be written to, and the file system of its slot a. */
function makeDisk(context: TestContext, folder: string): { disk: string; slot: Buffer } {
  const disk = join(folder, 'disk.img')
  copyDisk(image(context).disk, disk)
  return { disk, slot: readPartition(disk, 'SYS-A') }
}

/** As a person does who has the stick in a laptop. */
function dropBundle(folder: string, disk: string, bundle: Buffer): void {
  const file = join(folder, 'bundle')
  writeFileSync(file, bundle)
  putFile(disk, 'BOOTCFG', 'new.bootcfg-update', file)
}

test('what is refused changes nothing', { timeout: ROLL_BACK_MAX_MS }, async (context) => {
  using folder = temporaryFolder()
  const { disk, slot } = makeDisk(context, folder.path)
  const contents = Buffer.alloc(MIB, 'contents')
  const good = bundleOfBytes(contents, SLOT_BYTES)
  const changed = (at: number): Buffer => {
    const bytes = Buffer.from(good)
    bytes[at]! ^= 1
    return bytes
  }
  //  bundle                                                  why
  const cases: [Buffer, string][] = [
    [good.subarray(0, -1), 'cut off'],
    [changed(40), 'not signed with the key of this image'],
    [changed(good.length - 1), 'damaged'],
    [bundleOfBytes(contents, SLOT_BYTES, { arch: 'arm64' }), 'for arm64'],
    [bundleOfBytes(contents, SLOT_BYTES, { version: '0.0.1' }), 'older than'],
    [bundleOfBytes(contents, SLOT_BYTES / 2), 'for slots of'],
    [contents, 'no update bundle'],
  ]
  const before = readPartition(disk, 'SYS-B')
  await using box = await startAppliance({ disk, keepsDisk: true })
  await box.facts(() => box.console().includes('Token'))
  for (const [bundle, why] of cases) {
    await upload(box, bundle)
    await box.facts(({ update }) => update.state === 'refused' && update.reason!.includes(why))
  }
  await box.stop()
  expect(readPartition(disk, 'SYS-B').equals(before)).toBe(true)
  expect(readPartition(disk, 'SYS-A').equals(slot)).toBe(true)
  expect(grubVariables(disk)).toEqual({ good: 'a', try: '', tries: '0' })
})

describe('signed, and yet no system that works: three tries, then the one from before:', () => {
  /** The slot without its kernel. */
  const withoutKernel = (folder: string, slot: Buffer): Buffer => {
    const file = join(folder, 'slot.fat')
    writeFileSync(file, slot)
    execFileSync('mdel', ['-i', file, '::vmlinuz'])
    return readFileSync(file)
  }
  const cases: [string, (folder: string, slot: Buffer) => Buffer][] = [
    ['rubbish', () => bundleOfBytes(Buffer.alloc(20 * MIB, 'rubbish'), SLOT_BYTES)],
    ['no kernel', (folder, slot) => bundleOfSlot(withoutKernel(folder, slot))],
    ['a system of which half is missing', (_, slot) => bundleOfSlot(Buffer.from(slot).fill(0, 32 * MIB))],
  ]
  for (const [name, bundleFor] of cases) {
    test(name, { timeout: ROLL_BACK_MAX_MS }, async (context) => {
      using folder = temporaryFolder()
      const { disk, slot } = makeDisk(context, folder.path)
      dropBundle(folder.path, disk, bundleFor(folder.path, slot))
      await using box = await startAppliance({ disk, keepsDisk: true })
      const facts = await box.facts(({ update }) => update.state === 'failed')
      expect(facts.update.reason).toContain('slot a runs again')
      expect(facts.slot).toBe('a')
      await box.stop()
      expect(grubVariables(disk)).toEqual({ good: 'a', try: '', tries: '0' })
      expect(readPartition(disk, 'SYS-A').equals(slot)).toBe(true)
      expect(listFiles(disk, 'BOOTCFG')).not.toContain('new.bootcfg-update')
    })
  }
})

test(
  'the power goes at every tenth of the write: it always starts, and in the end the update is in',
  { timeout: 3_600_000 },
  async (context) => {
    using folder = temporaryFolder()
    const { disk, slot } = makeDisk(context, folder.path)
    dropBundle(folder.path, disk, bundleOfSlot(slot))
    const cutAt: number[] = []
    for (let tenth = 0; tenth < 10; tenth += 1) {
      await using box = await startSlowly(disk)
      const { slot: running, update } = await box.facts(({ slot, update }) => {
        return slot === 'b' || (update.state === 'writing' && (update.percent ?? 0) >= tenth * 10)
      })
      await box.stop()
      if (running === 'b') break // it was quicker
      cutAt.push(update.percent ?? 0)
      expect(grubVariables(disk)).toEqual({ good: 'a', try: '', tries: '0' })
      expect(readPartition(disk, 'SYS-A').equals(slot)).toBe(true)
      expect(readPartition(disk, 'SYS-B').subarray(0, 512).equals(Buffer.alloc(512))).toBe(true)
    }
    expect(cutAt.length).toBeGreaterThan(5)
    await using box = await startAppliance({ disk, keepsDisk: true })
    await box.facts(({ slot }) => slot === 'b')
    await expect
      .poll(() => grubVariables(disk), { timeout: ROLL_BACK_MAX_MS })
      .toEqual({ good: 'b', try: '', tries: '0' })
    await box.stop()
    expect(readPartition(disk, 'SYS-B').equals(slot)).toBe(true)
  },
)

/** With a disk that takes 3 MB a second, as a bad stick does: there is time to look. */
async function startSlowly(disk: string): Promise<RunningAppliance> {
  const box = await startAppliance({ disk, keepsDisk: true })
  await expect
    .poll(() =>
      box.monitor('block_set_io_throttle disk 0 0 3000000 0 0 0').then(
        () => true,
        () => false,
      ),
    )
    .toBe(true)
  return box
}
