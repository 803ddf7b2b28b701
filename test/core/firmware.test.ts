import { execFileSync } from 'node:child_process'
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
  expect(log.lines.filter(({ event }) => event !== 'firmware.missing')).toEqual([])
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
  const complaints = () => log.lines.filter(({ event }) => event === 'firmware.unreadable')
  await vi.waitFor(() => expect(complaints()).toHaveLength(1))
  await new Promise((resolve) => setTimeout(resolve, 5 * LOOK_MS))
  expect(complaints()).toHaveLength(1)
  expect(names()).toEqual(['a.efi'])
})

test('usual programs that are not there are named at the start, once', async () => {
  const folder = folderWith({ 'ipxe.pxe': '', 'ipxe.efi': '', 'ipxe-arm64.efi': '' })
  const { log } = await open(folder)
  const reason = `not in ${folder}`
  expect(log.lines).toMatchObject([{ event: 'firmware.missing', file: 'ipxe-riscv64.efi ipxe-loong64.efi', reason }])
})

test('a change is seen within a second', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const folder = folderWith({})
  const firmware = await openFirmware(folder, memoryLog())
  onTestFinished(() => firmware.stop())
  writeFileSync(join(folder, 'new.efi'), 'x')
  vi.advanceTimersByTime(1000)
  while (firmware.files().size === 0) await new Promise((resolve) => setImmediate(resolve)) // no time passes any more
  expect([...firmware.files().keys()]).toEqual(['new.efi'])
})

test('what is no regular file is not there, and is not waited for', async () => {
  const folder = folderWith({ 'a.efi': 'a' })
  execFileSync('mkfifo', [join(folder, 'fifo.efi')])
  symlinkSync(join(folder, 'fifo.efi'), join(folder, 'link.efi'))
  symlinkSync('/dev/zero', join(folder, 'zero.efi'))
  const { names } = await open(folder)
  expect(names()).toEqual(['a.efi'])
})
