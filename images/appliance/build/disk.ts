/**
 * The disk image: what a person writes to a stick.
 *
 *   1 BIOS     core.img of GRUB, empty on arm64     1 MiB
 *   2 ESP      shim, GRUB, grub.cfg, grubenv       40 MiB, FAT32
 *   3 SYS-A    vmlinuz, system.img                 96 MiB, FAT16
 *   4 SYS-B    nothing yet; the next version       96 MiB
 *   5 BOOTCFG  the data partition, grows at boot  304 MiB, FAT32
 *
 * The numbers of the partitions are the same everywhere: grub.cfg and the running system go by them and by their names.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { encodeTables, TYPES } from '../../../src/appliance/disk-layout.ts'
import { FIRST_USABLE, type Partition, SECTOR } from '../../../src/appliance/gpt.ts'
import { formatEnv } from '../../../src/appliance/grub-env.ts'
import { makeFat, makeGrowingFat } from './fat.ts'
import { grubConfig, makeBiosGrub, writeEfi } from './grub.ts'
import { packageFor, unpack } from './inputs.ts'
import type { Workshop } from './root.ts'
import type { System } from './system.ts'
import { createTree } from './tree.ts'

const MIB = 1 << 20
const GIB = 1 << 30
const SIZES = { BIOS: 1, ESP: 40, 'SYS-A': 96, 'SYS-B': 96, BOOTCFG: 304 } as const
const NAMES = ['BIOS', 'ESP', 'SYS-A', 'SYS-B', 'BOOTCFG'] as const
/** What the tables of the data partition are for. More would take more space of the image; fewer clusters than 65525 are no FAT32. */
const DATA_BYTES_MAX = 16 * GIB

type Name = (typeof NAMES)[number]

const KINDS: Readonly<Record<Name, string>> = {
  BIOS: TYPES.biosBoot,
  ESP: TYPES.efiSystem,
  'SYS-A': TYPES.linux,
  'SYS-B': TYPES.linux,
  BOOTCFG: TYPES.basicData,
}

/** @returns the file of the slot, which is what an update replaces */
export async function makeSlot({ kernel, image }: System, { work, epoch, tools }: Workshop): Promise<string> {
  const tree = createTree(await emptyFolder(join(work, 'slot')))
  await tree.file('vmlinuz', kernel)
  await tree.file('system.img', image)
  const file = join(work, 'slot.fat')
  const shape = {
    bytes: SIZES['SYS-A'] * MIB,
    label: 'SYSTEM',
    serial: '42435359',
    bits: 16,
    sectorsPerCluster: 32, // GRUB reads a cluster at a time: with smaller ones a start takes seconds longer
  } as const
  await makeFat(file, tree.folder, shape, epoch, tools)
  return file
}

/** @param slot - file of the slot that starts */
export async function makeDisk(file: string, slot: string, parts: Workshop): Promise<void> {
  const partitions = layOut()
  const at = (name: Name): number => partitions.find((partition) => partition.name === name)!.first
  const sectors = partitions.at(-1)!.last + 1 + MIB / SECTOR
  const bios = parts.architecture === 'amd64' ? await makeBios(at('BIOS'), parts) : undefined
  const bootCode = bios && { bootCode: bios.bootCode }
  const { start, end } = encodeTables({ sectors, diskId: guid('disk'), partitions, ...bootCode })
  await rm(file, { force: true })
  await using disk = await open(file, 'w')
  await disk.truncate(sectors * SECTOR)
  await disk.write(start, 0, start.length, 0)
  await disk.write(end, 0, end.length, sectors * SECTOR - end.length)
  if (bios !== undefined) await disk.write(bios.core, 0, bios.core.length, at('BIOS') * SECTOR)
  await copyInto(disk, at('ESP'), await makeEsp(parts))
  await copyInto(disk, at('SYS-A'), slot)
  await copyInto(disk, at('BOOTCFG'), await makeData(parts))
}

function layOut(): Partition[] {
  let first = FIRST_USABLE
  return NAMES.map((name) => {
    const sectors = (SIZES[name] * MIB) / SECTOR
    const partition = { name, type: KINDS[name], id: guid(name), first, last: first + sectors - 1 }
    first += sectors
    return partition
  })
}

/** The same in every image: a disk is known by its names. */
function guid(name: string): string {
  const hex = createHash('sha256').update(`bootcfg appliance ${name}`).digest('hex')
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5')
}

async function makeBios(coreAt: number, { inputs, cache, work, tools }: Workshop) {
  const from = join(await unpack(packageFor(inputs, 'amd64', 'grub-pc-bin'), cache), 'usr/lib/grub/i386-pc')
  const grub = await makeBiosGrub(from, work, coreAt, tools)
  if (grub.core.length > SIZES.BIOS * MIB) throw new Error(`core.img has ${grub.core.length} bytes`)
  return grub
}

async function makeEsp(parts: Workshop): Promise<string> {
  const { architecture, work, epoch, tools } = parts
  const tree = createTree(await emptyFolder(join(work, 'esp')))
  await writeEfi(tree.folder, parts, 'debian.cfg')
  await tree.file('bootcfg/grub.cfg', await grubConfig('disk.cfg', architecture))
  await tree.file(
    'bootcfg/grubenv',
    formatEnv(
      new Map([
        ['good', 'a'],
        ['try', ''],
        ['tries', '0'],
      ]),
    ),
  )
  const file = join(work, 'esp.fat')
  // lib/box/data gives each disk another serial at its first start.
  const shape = { bytes: SIZES.ESP * MIB, label: 'ESP', serial: '42434553', bits: 32, sectorsPerCluster: 1 } as const
  await makeFat(file, tree.folder, shape, epoch, tools)
  return file
}

async function makeData({ work, epoch, tools }: Workshop): Promise<string> {
  const tree = createTree(await emptyFolder(join(work, 'data')))
  await tree.copy(join(import.meta.dirname, '../data'), '.')
  const file = join(work, 'data.fat')
  const shape = { bytes: DATA_BYTES_MAX, label: 'BOOTCFG', serial: '42434441', bits: 32, sectorsPerCluster: 8 } as const
  await makeGrowingFat(file, tree.folder, SIZES.BOOTCFG * MIB, shape, epoch, tools)
  return file
}

export async function emptyFolder(path: string): Promise<string> {
  await rm(path, { recursive: true, force: true })
  await mkdir(path, { recursive: true })
  return path
}

/** Zeros are left out: the file stays small where the disk is empty. */
async function copyInto(disk: FileHandle, sector: number, file: string): Promise<void> {
  const bytes = await readFile(file)
  for (let at = 0; at < bytes.length; at += MIB) {
    const piece = bytes.subarray(at, at + MIB)
    if (piece.some((byte) => byte !== 0)) await disk.write(piece, 0, piece.length, sector * SECTOR + at)
  }
}
