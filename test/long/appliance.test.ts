/**
 * The image where a start takes minutes without KVM, or somebody else's firmware takes part: 64-bit ARM, discs.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { startAppliance } from '../support/appliance.ts'
import { drive, putOnData } from '../support/box-disk.ts'
import { ownDisk, useImage } from '../support/built.ts'
import { temporaryFolder, writeFiles } from '../support/site.ts'

const BOOT_MAX_MS = 600_000
const BUILD_MAX_MS = 900_000

const ROOT = join(import.meta.dirname, '../..')

const arm64 = useImage('arm64')
const amd64 = useImage()

test('64-bit ARM starts by UEFI and serves', { timeout: BOOT_MAX_MS }, async (context) => {
  const { disk } = arm64(context, 'arm64')
  await using box = await startAppliance({ disk, firmware: 'arm64', memoryMib: 1024 })
  const facts = await box.facts(({ modules }) => modules.every(({ state }) => state === 'running'))
  expect(facts).toMatchObject({ arch: 'arm64', slot: 'a', uid: 900, data: 'ok', problems: [] })
})

test('a factory reset puts the data partition back', { timeout: BOOT_MAX_MS }, async (context) => {
  using disk = ownDisk(amd64(context))
  using folder = temporaryFolder()
  writeFiles(folder.path, { 'factory-reset.txt': '', 'config.yaml': 'groups: nonsense', 'mine/notes.txt': 'mine' })
  putOnData(disk.path, folder.path)
  await using box = await startAppliance({ disk: disk.path, keepsDisk: true })
  expect(await box.facts()).toMatchObject({ data: 'ok', problems: [] })
  expect(await (await fetch(`${box.url}/api/groups`)).text()).toContain('copy of this box')
  await box.monitor('system_powerdown')
  await box.off
  const partition = drive(disk.path, 'BOOTCFG')
  const names = execFileSync('mdir', ['-b', '-i', partition, '::'], { encoding: 'utf8' })
  expect(names).toContain('::/README.txt')
  expect(names).not.toMatch(/factory-reset|mine/)
})

test(
  'the disc starts by BIOS and by UEFI, as a CD and as a stick',
  { timeout: BUILD_MAX_MS + 3 * BOOT_MAX_MS },
  async (context) => {
    const { disk } = amd64(context, 'uefi')
    using folder = temporaryFolder()
    execFileSync(join(ROOT, 'scripts/image'), ['amd64', '--output', folder.path], { stdio: 'pipe' })
    const [iso] = execFileSync('find', [folder.path, '-name', '*.iso'], { encoding: 'utf8' }).split('\n')
    const cd = ['-drive', `if=none,id=cd,format=raw,readonly=on,file=${iso}`, '-device', 'ide-cd,drive=cd,bootindex=1']
    const starts = [
      { firmware: 'bios', disk, hasDisk: false, more: cd },
      { firmware: 'uefi', disk, hasDisk: false, more: cd },
      { firmware: 'bios', disk: iso! },
    ] as const
    for (const options of starts) {
      await using box = await startAppliance(options)
      const facts = await box.facts()
      expect(facts).toMatchObject({ slot: 'iso', data: 'missing', uid: 900 })
    }
  },
)
