/**
 * A disk image with one partition, DATA, as the image build makes it: FAT32 with tables for 16 GiB, cut to a smaller size.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import { encodeTables, TYPES } from '../../src/appliance/disk-layout.ts'
import { HEAD_SECTORS, resizeFat32, type Write } from '../../src/appliance/fat.ts'
import { SECTOR } from '../../src/appliance/gpt.ts'
import type { Requirement } from './requirements.ts'

export const MIB = 2048 // sectors
const AT = MIB

export const TOOLS: readonly Requirement[] = [
  ['mkfs.fat', 'dosfstools'],
  ['mcopy', 'mtools'],
  ['sfdisk', 'fdisk'],
  ['sgdisk', 'gdisk'],
]

/** More than one cluster, and not all the same. */
const CONTENT = Buffer.from(Array.from({ length: 100_000 }, (_, n) => n % 251))

/** `MTOOLS_SKIP_CHECK`: mtools would have clusters a multiple of what it thinks a track is. */
export function runTool(command: string, args: readonly string[]): Buffer {
  return execFileSync(command, args, {
    env: { ...process.env, MTOOLS_SKIP_CHECK: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** @returns the path; with a file in it that `whatIsWrong` compares */
export function makeDataDisk(folder: string, mib: number): string {
  const disk = join(folder, 'disk.img')
  const file = join(folder, 'content')
  writeFileSync(disk, '')
  truncateSync(disk, (16_384 * MIB + AT) * SECTOR)
  const kib = String(16_384 * 1024)
  runTool('mkfs.fat', ['--offset', String(AT), '-F', '32', '-s', '8', '--invariant', '-n', 'BOOTCFG', disk, kib])
  writeFileSync(file, CONTENT)
  runTool('mcopy', ['-i', `${disk}@@1M`, file, '::content'])
  for (const write of resizeFat32(readSectors(disk, AT, HEAD_SECTORS), mib * MIB))
    apply(disk, { ...write, at: AT + write.at })

  const sectors = (mib + 2) * MIB
  truncateSync(disk, sectors * SECTOR)
  const id = (n: number): string => `6d1a5a00-1234-4abc-8def-00000000000${n}`
  const partitions = [{ name: 'BOOTCFG', type: TYPES.basicData, id: id(1), first: AT, last: AT + mib * MIB - 1 }]
  const { start, end } = encodeTables({ sectors, diskId: id(0), partitions })
  apply(disk, { at: 0, bytes: start })
  apply(disk, { at: sectors - end.length / SECTOR, bytes: end })
  return disk
}

export function readSectors(disk: string, at: number, sectors: number): Buffer {
  const fd = openSync(disk, 'r')
  const bytes = Buffer.alloc(sectors * SECTOR)
  readSync(fd, bytes, 0, bytes.length, at * SECTOR)
  closeSync(fd)
  return bytes
}

export function apply(disk: string, { at, bytes }: Pick<Write, 'at' | 'bytes'>): void {
  const fd = openSync(disk, 'r+')
  writeSync(fd, bytes, 0, bytes.length, at * SECTOR)
  closeSync(fd)
}

export interface Seen {
  /** In MiB: the partition by sfdisk, the file system by its boot sector. */
  readonly partition: number
  readonly fileSystem: number
  /** What Debian's tools say against it. */
  readonly complaints: readonly string[]
}

/** What tools that are not ours find on the disk. */
export function look(disk: string): Seen {
  const told = JSON.parse(runTool('sfdisk', ['--json', disk]).toString()) as {
    partitiontable: { partitions: { name: string; start: number; size: number }[] }
  }
  const data = told.partitiontable.partitions.find(({ name, start }) => name === 'BOOTCFG' && start === AT)
  const complaints = [...complaintsOfSgdisk(disk), ...complaintsOfFsck(disk, data?.size ?? 0)]
  if (!runTool('mtype', ['-i', `${disk}@@1M`, '::content']).equals(CONTENT))
    complaints.push('the content is another one')
  return {
    partition: (data?.size ?? 0) / MIB,
    fileSystem: readSectors(disk, AT, 1).readUInt32LE(32) / MIB,
    complaints,
  }
}

function complaintsOfSgdisk(disk: string): readonly string[] {
  const said = runTool('sgdisk', ['-v', disk]).toString()
  return said.includes('No problems found') ? [] : [said]
}

/** All that is used is at the front of the partition: the rest is left out of the copy that fsck gets. */
function complaintsOfFsck(disk: string, sectors: number): readonly string[] {
  const partition = `${disk}.partition`
  writeFileSync(partition, readSectors(disk, AT, Math.min(sectors, 40 * MIB)))
  truncateSync(partition, sectors * SECTOR)
  try {
    runTool('fsck.fat', ['-n', partition])
    return []
  } catch (error) {
    return [(error as { stdout: Buffer }).stdout.toString()]
  }
}
