import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test, vi } from 'vitest'

import { openFirmware } from '../../src/core/firmware.ts'
import { memoryLog } from '../support/site.ts'

const LOOK_MS = 20

function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'bootcfg-firmware-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

async function open(path: string) {
  const log = memoryLog()
  const firmware = await openFirmware(path, log, LOOK_MS)
  onTestFinished(() => firmware.stop())
  return { firmware, log, names: () => [...firmware.files().keys()].toSorted() }
}

test('files are listed by their path below the folder, hidden ones are not', async () => {
  const { firmware, names } = await open(folderWith({ 'snponly.efi': 'abc', 'rpi/start.elf': '', '.part': '' }))
  expect(names()).toEqual(['rpi/start.elf', 'snponly.efi'])
  expect(firmware.files().get('snponly.efi')?.size).toBe(3)
})

test('links count where they stay inside the folder', async () => {
  const outside = folderWith({ secret: 'x' })
  const folder = folderWith({ 'a.efi': 'a' })
  symlinkSync(join(folder, 'a.efi'), join(folder, 'b.efi'))
  symlinkSync(join(outside, 'secret'), join(folder, 'c.efi'))
  symlinkSync(outside, join(folder, 'd'))
  symlinkSync('loop', join(folder, 'loop'))
  const { names } = await open(folder)
  expect(names()).toEqual(['a.efi', 'b.efi'])
})

test('a folder that is not there is empty until it comes', async () => {
  const folder = join(folderWith({}), 'later')
  const { names, log } = await open(folder)
  expect(names()).toEqual([])
  mkdirSync(folder)
  writeFileSync(join(folder, 'undionly.kpxe'), 'k')
  await vi.waitFor(() => expect(names()).toEqual(['undionly.kpxe']))
  expect(log.lines).toEqual([])
})

test('a file that changes has another stamp', async () => {
  const folder = folderWith({ 'a.efi': 'old' })
  const { firmware } = await open(folder)
  const before = firmware.files().get('a.efi')?.stamp
  writeFileSync(join(folder, 'a.efi'), 'new and longer')
  await vi.waitFor(() => expect(firmware.files().get('a.efi')?.stamp).not.toBe(before))
})

test('a folder that cannot be read is said once, and what was there goes on', async () => {
  const folder = folderWith({ 'a.efi': 'a' })
  const { names, log } = await open(folder)
  rmSync(folder, { recursive: true })
  writeFileSync(folder, 'a file in its place')
  await vi.waitFor(() => expect(log.lines.map((line) => line.event)).toEqual(['firmware.unreadable']))
  await new Promise((resolve) => setTimeout(resolve, 5 * LOOK_MS))
  expect(log.lines).toHaveLength(1)
  expect(names()).toEqual(['a.efi'])
})
