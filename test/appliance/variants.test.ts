/**
 * Boxes as people make them: other networks in appliance.yaml, mistakes in it, a network card that comes later, a data
 * partition that is broken or full. Each of them serves, and says what is wrong.
 */
import { closeSync, ftruncateSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test, type TestContext } from 'vitest'

import { type ApplianceOptions, type RunningAppliance, startAppliance } from '../support/appliance.ts'
import { offsetOf, putOnData } from '../support/box-disk.ts'
import { BOOT_MAX_MS, ownDisk, useImage } from '../support/built.ts'
import { temporaryFolder } from '../support/site.ts'

const image = useImage()

const windows = (text: string): string => `\uFEFF${text.replaceAll('\n', '\r\n')}`

/** With this file on the data partition. */
async function startWith(context: TestContext, yaml: string, more: readonly string[] = []): Promise<Box> {
  return startOn(diskWith(context, yaml), { more })
}

function diskWith(context: TestContext, yaml: string): Disk {
  const disk = ownDisk(image(context))
  using folder = temporaryFolder()
  writeFileSync(join(folder.path, 'appliance.yaml'), yaml)
  putOnData(disk.path, folder.path)
  return disk
}

type Disk = { readonly path: string } & Disposable
type Box = RunningAppliance & AsyncDisposable

async function startOn(disk: Disk, options: Partial<ApplianceOptions> = {}): Promise<Box> {
  const box = await startAppliance({ disk: disk.path, ...options })
  void box.off.then(() => disk[Symbol.dispose]())
  return box
}

/** A USB card, on a controller that is there from the start, and a network of its own. */
const USB = ['-device', 'qemu-xhci,id=usb']
async function plugInCard(box: Box): Promise<void> {
  await box.monitor('netdev_add user,id=late,net=10.0.3.0/24,restrict=on')
  await box.monitor('device_add usb-net,bus=usb.0,netdev=late')
}

test('a bridge with a VLAN on it; a port of it may come later', { timeout: BOOT_MAX_MS }, async (context) => {
  const yaml = `hostname: switch
network:
  - bridge: [eth0, eth1]
  - bridge: [eth0, eth1]
    vlan: 20
    address: 10.20.0.2/24
    boot: off
`
  await using box = await startWith(context, windows(yaml), USB)
  const facts = await box.facts(({ addresses }) => addresses.length === 2)
  expect(facts.problems).toEqual([])
  expect(facts.hostname).toBe('switch')
  expect(facts.addresses.toSorted((a, b) => (a.iface < b.iface ? -1 : 1))).toEqual([
    { iface: 'br0', address: '10.0.2.15/24', source: 'dhcp' },
    { iface: 'br0.20', address: '10.20.0.2/24', source: 'static' },
  ])
  await plugInCard(box)
  await expect.poll(() => interfacesOf(box), { timeout: BOOT_MAX_MS, interval: 1000 }).toContain('eth1 up')
})

async function interfacesOf(box: Box): Promise<string[]> {
  const answer = await fetch(`${box.url}/api/host`)
  const { interfaces } = (await answer.json()) as { interfaces: { name: string; state: string }[] }
  return interfaces.map(({ name, state }) => `${name} ${state === 'unknown' ? 'up' : state}`)
}

test(
  'a fixed address; the power button leaves a clean data partition, on a disk that is not like others',
  { timeout: BOOT_MAX_MS },
  async (context) => {
    const yaml = 'network:\n  - port: eth0\n    address: 10.0.2.15/24\n    gateway: 10.0.2.2\n'
    using disk = diskWith(context, yaml)
    await using box = await startAppliance({ disk: disk.path, keepsDisk: true })
    const facts = await box.facts()
    expect(facts.addresses).toEqual([{ iface: 'eth0', address: '10.0.2.15/24', source: 'static' }])
    expect(facts.problems).toEqual([])
    expect(dirtyBits(disk.path)).toBe(1)
    await box.monitor('system_powerdown')
    await box.off
    expect(dirtyBits(disk.path)).toBe(0)
    expect(serial(disk.path)).not.toBe(serial(image(context).disk))
  },
)

/** Set while a FAT32 is mounted: a byte of its first sector. */
function dirtyBits(disk: string): number {
  return read(disk, offsetOf(disk, 'BOOTCFG') + 65, 1).readUInt8()
}

/** Of the file system that GRUB is on: by it a disk is known among others. */
function serial(disk: string): number {
  return read(disk, offsetOf(disk, 'ESP') + 67, 4).readUInt32LE()
}

function read(path: string, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  const file = openSync(path, 'r')
  readSync(file, bytes, 0, length, at)
  closeSync(file)
  return bytes
}

test(
  'mistakes in appliance.yaml: it serves by the defaults and names them all; a card that comes late has an address',
  { timeout: BOOT_MAX_MS },
  async (context) => {
    await using box = await startWith(
      context,
      'hostnam: x\nnetwork:\n  - port: eth0\n    address: 10.0.2.300/24\n',
      USB,
    )
    const facts = await box.facts(({ addresses }) => addresses.length === 1)
    expect(facts.addresses).toEqual([{ iface: 'eth0', address: '10.0.2.15/24', source: 'dhcp' }])
    expect(facts.problems.join('\n')).toMatch(/appliance\.yaml.*hostnam/)
    expect(facts.problems.join('\n')).toMatch(/10\.0\.2\.300/)
    await plugInCard(box)
    const later = await box.facts(({ addresses }) => addresses.length === 2)
    expect(later.addresses).toContainEqual({ iface: 'eth1', address: '10.0.3.15/24', source: 'dhcp' })
  },
)

test('a data partition that cannot be read', { timeout: BOOT_MAX_MS }, async (context) => {
  const disk = ownDisk(image(context))
  const file = openSync(disk.path, 'r+')
  writeSync(file, Buffer.alloc(1 << 20, 0xa5), 0, 1 << 20, offsetOf(disk.path, 'BOOTCFG'))
  closeSync(file)
  await using box = await startOn(disk)
  const facts = await box.facts()
  expect(facts.data).toBe('corrupt')
  expect(facts.problems.join('\n')).toContain('The data partition /dev/vda5 cannot be read')
  expect(facts.mounts).toContainEqual({ mount: '/data', type: 'squashfs', readOnly: true })
})

test('a data partition that is full', { timeout: BOOT_MAX_MS }, async (context) => {
  const disk = ownDisk(image(context))
  using folder = temporaryFolder()
  const large = openSync(join(folder.path, 'large'), 'w')
  ftruncateSync(large, 271 << 20)
  closeSync(large)
  putOnData(disk.path, folder.path)
  await using box = await startOn(disk)
  const facts = await box.facts()
  expect(facts.data).toBe('full')
  expect(facts.problems.join('\n')).toContain('is full')
})
