/**
 * Partition tables: what we write is read by the tools that everybody has, and what is broken is told from what is whole.
 */
import { execFileSync } from 'node:child_process'
import { ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { type DiskLayout, encodeTables, TYPES } from '../../src/appliance/disk-layout.ts'
import { ARRAY_AT, decodeArray, decodeHeader, SECTOR } from '../../src/appliance/gpt.ts'
import { require } from '../support/requirements.ts'
import { temporaryFolder } from '../support/site.ts'

const MIB = 2048

function guid(n: number): string {
  return `6d1a5a00-1234-4abc-8def-${n.toString(16).padStart(12, '0')}`
}

/** Every field of every partition has a value of its own. */
const layout: DiskLayout = {
  sectors: 600 * MIB,
  diskId: guid(0),
  bootCode: Buffer.alloc(440, 0x90),
  partitions: [
    { name: 'BIOS', type: TYPES.biosBoot, id: guid(1), first: MIB, last: 2 * MIB - 1 },
    { name: 'ESP', type: TYPES.efiSystem, id: guid(2), first: 2 * MIB, last: 42 * MIB - 1 },
    { name: 'SYS-A', type: TYPES.linux, id: guid(3), first: 42 * MIB, last: 138 * MIB - 1 },
    { name: 'BOOTCFG', type: TYPES.basicData, id: guid(5), first: 234 * MIB, last: 538 * MIB - 1 },
  ],
}

const { start, end } = encodeTables(layout)
const primary = start.subarray(SECTOR, 2 * SECTOR)
const array = start.subarray(ARRAY_AT * SECTOR)

test('a layout that is written is read again, from either table', () => {
  const backup = end.subarray(-SECTOR)
  for (const header of [decodeHeader(primary, 1), decodeHeader(backup, layout.sectors - 1)]) {
    expect(header.diskId).toBe(layout.diskId)
    const entries = header.at === 1 ? array : end.subarray(0, -SECTOR)
    expect(decodeArray(header, entries).filter((partition) => partition !== undefined)).toEqual(layout.partitions)
  }
})

test('sfdisk and sgdisk find the same partitions and nothing to complain about', (context) => {
  require(context, [
    ['sfdisk', 'fdisk'],
    ['sgdisk', 'gdisk'],
  ])
  using folder = temporaryFolder()
  const disk = join(folder.path, 'disk.img')
  const fd = openSync(disk, 'w')
  ftruncateSync(fd, layout.sectors * SECTOR)
  writeSync(fd, start, 0, start.length, 0)
  writeSync(fd, end, 0, end.length, layout.sectors * SECTOR - end.length)

  expect(execFileSync('sgdisk', ['-v', disk], { encoding: 'utf8' })).toContain('No problems found')
  const told = JSON.parse(execFileSync('sfdisk', ['--json', disk], { encoding: 'utf8' })) as {
    partitiontable: {
      id: string
      partitions: { name: string; type: string; uuid: string; start: number; size: number }[]
    }
  }
  expect(told.partitiontable.id.toLowerCase()).toBe(layout.diskId)
  const partitions = told.partitiontable.partitions.map(({ name, type, uuid, start, size }) => {
    return { name, type: type.toLowerCase(), id: uuid.toLowerCase(), first: start, last: start + size - 1 }
  })
  expect(partitions).toEqual(layout.partitions)
})

test('the protective entry is marked active and keeps the boot code', () => {
  expect([...start.subarray(439, 440), start[446], start[450], ...start.subarray(510, 512)]).toEqual([
    0x90, 0x80, 0xee, 0x55, 0xaa,
  ])
})

test('partitions that overlap or do not fit are not written', () => {
  const [bios, esp] = layout.partitions
  const wrong = [
    [bios!, { ...esp!, first: bios!.last }],
    [{ ...bios!, first: 34 }],
    [{ ...bios!, last: layout.sectors - 33 }],
  ]
  for (const partitions of wrong)
    expect(() => encodeTables({ ...layout, partitions })).toThrow(/^partition .*: sectors/)
})

test('a flipped bit anywhere in a table is noticed', () => {
  for (let bit = 0; bit < 92 * 8; bit += 1) {
    const bytes = Buffer.from(primary)
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    expect(() => decodeHeader(bytes, 1)).toThrow(/partition table/)
  }
  const bytes = Buffer.from(array)
  bytes[40]! ^= 1
  expect(() => decodeArray(decodeHeader(primary, 1), bytes)).toThrow('checksum of the entries')
})

test('a header that was copied to another place is not taken for one', () => {
  expect(() => decodeHeader(primary, 2)).toThrow('it is for sector 1')
})
