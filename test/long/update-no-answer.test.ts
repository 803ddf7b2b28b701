/**
 * An update that is signed, starts, and is of no use: each of its three tries ends by itself, and then the box has its system
 * back. Each try takes as long as a slot has to answer, and that is as in every box: the test takes a quarter of an hour.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { type CpioEntry, MODE } from '../../images/lib/cpio.ts'
import { startAppliance } from '../support/appliance.ts'
import { grubVariables, readPartition } from '../support/box-disk.ts'
import { ownDisk, useImage } from '../support/built.ts'
import { withSystemFiles } from '../support/slots.ts'
import { bundleOfSlot, dropBundle } from '../support/updates.ts'

const MAX_MS = 1_800_000

/** What lib/box/keep gives a slot that is tried, less what passes before the kernel's clock runs. */
const LIMIT_MS = 175_000

const INIT = join(import.meta.dirname, '../../images/appliance/root/init')

const image = useImage()

/** Something else is broken at each try, by a file in the place of one that works. */
const TROUBLE = `
mkdir /proc
mount -t proc proc /proc
spoil() { mount -o bind "$1" "$2" && echo "spoilt: $2" >/dev/ttyS0; }
case $(cat /proc/cmdline) in
  *bootcfg.try=2*) spoil /hangs /root/app/box/devices ;;
  *bootcfg.try=1*) spoil /silent.mjs /root/app/bootcfg.mjs ;;
  *bootcfg.try=0*) spoil /nothing "$(find /root/usr/lib/modules -name virtio_blk.ko)" ;;
esac
umount /proc
`

const FILES: readonly CpioEntry[] = [
  {
    path: 'init',
    mode: MODE.program,
    bytes: Buffer.from(readFileSync(INIT, 'utf8').replace('\numount /dev\n', `${TROUBLE}umount /dev\n`)),
  },
  { path: 'hangs', mode: MODE.program, bytes: Buffer.from('#!/bin/sh\nsleep 1000000\n') },
  {
    path: 'silent.mjs',
    mode: MODE.file,
    bytes: Buffer.from(`
      import { createServer } from 'node:http'
      createServer(() => {}).listen(8080)
      setTimeout(() => process.exit(1), 30_000)
    `),
  },
  { path: 'nothing', mode: MODE.file },
]

test('hangs as it starts, does not answer, does not find its disk: given up', { timeout: MAX_MS }, async (context) => {
  using own = ownDisk(image(context))
  dropBundle(own.path, bundleOfSlot(withSystemFiles(readPartition(own.path, 'SYS-A'), FILES)))
  await using box = await startAppliance({ disk: own.path, keepsDisk: true })

  const startedMs: number[] = []
  for (const tries of ['2', '1', '0']) {
    await expect
      .poll(() => grubVariables(own.path), { timeout: MAX_MS, interval: 500 })
      .toEqual({ good: 'a', try: 'b', tries })
    startedMs.push(Date.now())
  }
  await expect
    .poll(() => grubVariables(own.path), { timeout: MAX_MS, interval: 500 })
    .toEqual({ good: 'a', try: '', tries: '0' })
  startedMs.push(Date.now())
  const tookMs = startedMs.slice(1).map((ms, at) => ms - startedMs[at]!)
  expect(Math.min(...tookMs)).toBeGreaterThan(LIMIT_MS)

  const facts = await box.facts(({ update }) => update.state === 'failed')
  expect(facts.slot).toBe('a')
  expect(facts.update.reason).toContain('slot a runs again')
  for (const what of ['devices', 'bootcfg.mjs', 'virtio_blk.ko'])
    expect(box.console()).toMatch(new RegExp(`spoilt: .*${what}`))
})
