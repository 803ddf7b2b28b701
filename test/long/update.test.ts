/**
 * Updates that go wrong, in a real box: it goes on with the system that it had. And the power may go whenever it likes.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, type TestContext, test } from 'vitest'

import { type CpioEntry, MODE } from '../../images/lib/cpio.ts'
import { SECTOR } from '../../src/appliance/gpt.ts'
import { formatEnv } from '../../src/appliance/grub-env.ts'
import { type RunningAppliance, startAppliance } from '../support/appliance.ts'
import { grubVariables, listFiles, offsetOf, putFile, readPartition } from '../support/box-disk.ts'
import { useImage } from '../support/built.ts'
import { apply } from '../support/data-disk.ts'
import { copyDisk } from '../support/image.ts'
import { temporaryFolder } from '../support/site.ts'
import { withoutKernel, withSystemFiles } from '../support/slots.ts'
import { bundleOfBytes, bundleOfSlot, DROPPED, dropBundle, upload } from '../support/updates.ts'

/** Five starts under software emulation, beside other tests. */
const ROLL_BACK_MAX_MS = 900_000

const MIB = 1 << 20
const SLOT_BYTES = 96 * MIB

/** The kernel panics when its first process ends. */
const ENDS: CpioEntry = { path: 'init', mode: MODE.program, bytes: Buffer.from('#!/bin/busybox sh\nexit 1\n') }

const image = useImage()

/** A disk that can be written to, and the file system of its slot a. */
function makeDisk(context: TestContext, folder: string): { disk: string; slot: Buffer } {
  const disk = join(folder, 'disk.img')
  copyDisk(image(context).disk, disk)
  return { disk, slot: readPartition(disk, 'SYS-A') }
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
  const cases: [string, (slot: Buffer) => Buffer][] = [
    ['rubbish', () => bundleOfBytes(Buffer.alloc(20 * MIB, 'rubbish'), SLOT_BYTES)],
    ['no kernel', (slot) => bundleOfSlot(withoutKernel(slot))],
    ['an init that ends at once', (slot) => bundleOfSlot(withSystemFiles(slot, [ENDS]))],
    ['a system of which half is missing', (slot) => bundleOfSlot(Buffer.from(slot).fill(0, 32 * MIB))],
  ]
  for (const [name, bundleFor] of cases) {
    test(name, { timeout: ROLL_BACK_MAX_MS }, async (context) => {
      using folder = temporaryFolder()
      const { disk, slot } = makeDisk(context, folder.path)
      dropBundle(disk, bundleFor(slot))
      await using box = await startAppliance({ disk, keepsDisk: true })
      const facts = await box.facts(({ update }) => update.state === 'failed')
      expect(facts.update.reason).toContain('slot a runs again')
      expect(facts.slot).toBe('a')
      await box.stop()
      expect(grubVariables(disk)).toEqual({ good: 'a', try: '', tries: '0' })
      expect(readPartition(disk, 'SYS-A').equals(slot)).toBe(true)
      expect(listFiles(disk, 'BOOTCFG')).not.toContain(DROPPED)
    })
  }
})

test('without a network an update is kept all the same', { timeout: ROLL_BACK_MAX_MS }, async (context) => {
  using folder = temporaryFolder()
  const { disk, slot } = makeDisk(context, folder.path)
  dropBundle(disk, bundleOfSlot(slot))
  await using box = await startAppliance({ disk, keepsDisk: true })
  await expect.poll(() => box.monitor('set_link n off').catch(() => 'not yet')).not.toBe('not yet')
  await expect
    .poll(() => grubVariables(disk), { timeout: ROLL_BACK_MAX_MS })
    .toEqual({ good: 'b', try: '', tries: '0' })
  expect(box.console()).not.toContain('10.0.2.15')
})

test(
  'a disk that became write-protected: a try that cannot be counted is not made',
  {
    timeout: ROLL_BACK_MAX_MS,
  },
  async (context) => {
    using folder = temporaryFolder()
    const { disk, slot } = makeDisk(context, folder.path)
    apply(disk, { at: offsetOf(disk, 'SYS-B') / SECTOR, bytes: slot })
    const variables = join(folder.path, 'grubenv')
    writeFileSync(variables, formatEnv(new Map(Object.entries({ good: 'a', try: 'b', tries: '3' }))))
    putFile(disk, 'ESP', 'bootcfg/grubenv', variables)
    const drive = ['-drive', `if=none,id=disk,format=raw,readonly=on,file=${disk}`]
    const more = [...drive, '-device', 'virtio-blk-pci,drive=disk,bootindex=1']
    await using box = await startAppliance({ disk, hasDisk: false, more })
    expect(await box.facts()).toMatchObject({ slot: 'a', data: 'read-only' })
  },
)

test(
  'the power goes at every tenth of the write: it always starts, and in the end the update is in',
  { timeout: 3_600_000 },
  async (context) => {
    using folder = temporaryFolder()
    const { disk, slot } = makeDisk(context, folder.path)
    dropBundle(disk, bundleOfSlot(slot))
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
