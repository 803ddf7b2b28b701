/**
 * Boxes and their disks: none at first and then some, one by one; two from the same image.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { ApplianceFacts } from '../../src/core/appliance.ts'
import { type RunningAppliance, startAppliance } from '../support/appliance.ts'
import { offsetOf, putOnData } from '../support/box-disk.ts'
import { BOOT_MAX_MS, ownDisk, useImage } from '../support/built.ts'
import { require } from '../support/requirements.ts'
import { temporaryFolder, writeFiles } from '../support/site.ts'

const GIB = 2 ** 30

const image = useImage()

const APPLIANCE_YAML = `hostname: late
network:
  - port: eth0
    address: 10.0.2.15/24
log:
  syslog: 10.0.2.2
`
const CONFIG_YAML = 'api_version: v1alpha1\ngroups: [{ name: came late, spec: appliance }]\n'

test(
  'a copy that was booted over the network has no disk; what is plugged in later counts at once',
  { timeout: BOOT_MAX_MS },
  async (context) => {
    require(context, [
      ['mke2fs', 'e2fsprogs'],
      ['mkfs.exfat', 'exfatprogs'],
    ])
    const built = image(context)
    using data = ownDisk(built)
    using folder = temporaryFolder()
    const path = (name: string): string => join(folder.path, name)
    for (const name of ['vmlinuz', 'system.img']) execFileSync('mcopy', ['-i', built.slot, `::${name}`, path(name)])
    const kernel = ['-kernel', path('vmlinuz'), '-initrd', path('system.img')]
    const words = 'console=ttyS0 panic=10 bootcfg.slot=net bootcfg.dhcp=off'
    writeFiles(path('site'), { 'appliance.yaml': APPLIANCE_YAML, 'config.yaml': CONFIG_YAML })
    putOnData(data.path, path('site'))
    const exfat = makeDisk(path('exfat.img'), GIB)
    execFileSync('mkfs.exfat', ['-L', 'ASSETS', exfat])
    const disks = { data: data.path, ext4: makeExt4(folder.path), exfat }
    const drives = Object.entries(disks).flatMap(([id, file]) => [
      '-drive',
      `if=none,id=${id},format=raw,file=${file},snapshot=on`,
    ])

    const more = [...kernel, '-append', words, '-device', 'qemu-xhci,id=usb', ...drives]
    await using box = await startAppliance({ disk: built.disk, hasDisk: false, more })
    const alone = await box.facts(({ addresses }) => addresses.length > 0)
    expect(alone).toMatchObject({ slot: 'net', data: 'missing', hostname: 'bootcfg' })
    expect(alone.addresses).toEqual([{ iface: 'eth0', address: '10.0.2.15/24', source: 'dhcp' }])
    expect(alone.problems.join('\n')).toContain('There is no data partition')
    expect(alone.modules.find(({ name }) => name === 'dhcp')?.state).toBe('off')

    await plugIn(box, 'ext4')
    await box.facts((facts) => largeOf(facts) === 'ext4')
    expect(await lastBytes(box)).toBe('the end')

    await plugIn(box, 'data')
    const late = await box.facts((facts) => facts.data === 'ok' && largeOf(facts) === 'ext4')
    expect(late.hostname).toBe('late')
    expect(late.addresses).toEqual([{ iface: 'eth0', address: '10.0.2.15/24', source: 'static' }])
    expect(late.problems).toEqual([expect.stringContaining('log.syslog of its appliance.yaml')])
    expect(late.mounts).toContainEqual({ mount: '/data', type: 'vfat', readOnly: false })
    expect(await (await fetch(`${box.url}/api/groups`)).text()).toContain('came late')
    expect(await lastBytes(box)).toBe('the end')

    const isMissed = ({ problems }: ApplianceFacts): boolean =>
      problems.some((problem) => problem.includes('The partition ASSETS was taken out'))
    await box.monitor('device_del ext4')
    await box.facts((facts) => largeOf(facts) === undefined && isMissed(facts))
    await plugIn(box, 'exfat')
    await box.facts((facts) => largeOf(facts) === 'exfat' && !isMissed(facts))

    await box.monitor('device_del data')
    const pulled = await box.facts(({ problems }) => problems.some((problem) => problem.includes('was taken out')))
    expect(pulled.problems).toContainEqual(
      expect.stringMatching(/^The disk \/dev\/sd. was taken out: .* restart the box\.$/),
    )
  },
)

async function plugIn(box: RunningAppliance, drive: string): Promise<void> {
  await box.monitor(`device_add usb-storage,bus=usb.0,drive=${drive},id=${drive}`)
}

/** The file system of the second partition for assets. */
function largeOf({ mounts }: ApplianceFacts): string | undefined {
  const found = mounts.find(({ mount }) => mount === '/data/assets/large')
  if (found !== undefined) expect(found.readOnly).toBe(true)
  return found?.type
}

/** Of a file that no FAT can hold. */
async function lastBytes(box: RunningAppliance): Promise<string> {
  const answer = await fetch(`${box.url}/assets/large/disk.img`, { headers: { range: 'bytes=-7' } })
  expect(answer.headers.get('content-range')).toBe(`bytes ${5 * GIB}-${5 * GIB + 6}/${5 * GIB + 7}`)
  return answer.text()
}

/** With a file of 5 GiB that is nearly all hole. */
function makeExt4(folder: string): string {
  const contents = join(folder, 'contents')
  const file = join(contents, 'disk.img')
  writeFiles(contents, { 'disk.img': '' })
  truncateSync(file, 5 * GIB)
  writeFileSync(file, 'the end', { flag: 'a' })
  const disk = makeDisk(join(folder, 'ext4.img'), GIB / 8)
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-L', 'ASSETS', '-d', contents, disk])
  return disk
}

function makeDisk(path: string, bytes: number): string {
  writeFileSync(path, '')
  truncateSync(path, bytes)
  return path
}

test(
  'two disks with the same image: all is of the one that it started from',
  { timeout: BOOT_MAX_MS },
  async (context) => {
    const built = image(context, 'uefi-secure-boot')
    using first = ownDisk(built)
    using started = ownDisk(built)
    using folder = temporaryFolder()
    for (const [name, disk] of Object.entries({ first, started })) {
      writeFiles(join(folder.path, name), { 'appliance.yaml': `hostname: ${name}\n` })
      putOnData(disk.path, join(folder.path, name))
    }
    write(started.path, offsetOf(started.path, 'ESP') + 67, Buffer.from('mine')) // as its first start does
    write(first.path, offsetOf(first.path, 'SYS-A'), Buffer.alloc(1 << 20))
    const drive = `if=none,id=started,format=raw,file=${started.path},snapshot=on`
    const more = ['-drive', drive, '-device', 'virtio-blk-pci,drive=started,bootindex=0']
    await using box = await startAppliance({ disk: first.path, firmware: 'uefi-secure-boot', more })
    const facts = await box.facts(({ problems, mounts }) => problems.length > 0 && mounts.some(isSlot))
    expect(facts).toMatchObject({ hostname: 'started', data: 'ok', slot: 'a' })
    expect(facts.problems).toEqual([
      expect.stringMatching(/^There is another disk of a box \(\/dev\/vda\).*from \/dev\/vdb\./),
    ])
  },
)

function isSlot({ mount }: ApplianceFacts['mounts'][number]): boolean {
  return mount === '/run/bootcfg/slot'
}

function write(path: string, at: number, bytes: Buffer): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes, 0, bytes.length, at)
  closeSync(file)
}
