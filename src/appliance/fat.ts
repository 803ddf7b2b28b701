/**
 * The head of a FAT32 file system, as far as its size is concerned (Microsoft's FAT specification 1.03, 2000-12-06; names
 * as there). Pure: reading and writing is for the caller.
 *
 *   sector 0    boot sector: sizes of everything
 *          1    FSInfo: a count of free clusters, which may say "unknown"
 *          6 7  copies of both
 *
 * DATA is made with tables for 16 GiB and a size of a few hundred MiB. Its clusters beyond that size are marked free in
 * the tables from the start, so that to grow is to change one number.
 */
import { DiskError } from './disk-error.ts'
import { SECTOR } from './gpt.ts'

const BACKUP_AT = 6

const TOTAL_SECTORS = 32 // offset of BPB_TotSec32
const DIRTY = 65 // offset of a byte that systems set while they have it mounted
const FREE_COUNT = 488 // offset of FSI_Free_Count
const UNKNOWN = 0xffffffff

/** With fewer clusters than this, Windows takes it for FAT16. */
const CLUSTERS_MIN = 65_525
/** Numbers above stand for "bad" and "last". */
const CLUSTERS_MAX = 0x0ffffff5

export interface Fat32 {
  /** As everything here, in sectors of 512 bytes. */
  readonly sectors: number
  readonly sectorsPerCluster: number
  /** Where the first table starts. */
  readonly reserved: number
  readonly tables: number
  readonly tableSectors: number
  readonly infoAt: number
}

/**
 * @param boot - the first sector
 * @throws {DiskError} `no-fat`, or `bad-fat` with what contradicts
 */
function decodeFat32(boot: Buffer): Fat32 {
  const isFat32 = boot.toString('latin1', 82, 90) === 'FAT32   ' && boot.readUInt16LE(510) === 0xaa55
  if (!isFat32) throw new DiskError('no-fat', 'no FAT32 file system')
  const fat: Fat32 = {
    sectors: boot.readUInt32LE(TOTAL_SECTORS),
    sectorsPerCluster: boot[13]!,
    reserved: boot.readUInt16LE(14),
    tables: boot[16]!,
    tableSectors: boot.readUInt32LE(36),
    infoAt: boot.readUInt16LE(48),
  }
  const wrong = (what: string): DiskError => new DiskError('bad-fat', `FAT32 file system: ${what}`)
  if (boot.readUInt16LE(11) !== SECTOR) throw wrong(`sectors of ${boot.readUInt16LE(11)} bytes`)
  if (![1, 2, 4, 8, 16, 32, 64, 128].includes(fat.sectorsPerCluster)) {
    throw wrong(`${fat.sectorsPerCluster} sectors a cluster`)
  }
  if (fat.tables < 1 || fat.tables > 2) throw wrong(`${fat.tables} tables`)
  if (boot.readUInt16LE(50) !== BACKUP_AT || fat.infoAt < 1 || fat.infoAt >= BACKUP_AT) {
    throw wrong('FSInfo or the copy of the boot sector is not where it belongs')
  }
  if (fat.reserved <= BACKUP_AT + fat.infoAt) throw wrong(`${fat.reserved} reserved sectors`)
  if (fat.sectors < sectorsFor(fat, CLUSTERS_MIN)) throw wrong(`${fat.sectors} sectors, too few for FAT32`)
  if (fat.sectors > sectorsMax(fat)) throw wrong(`${fat.sectors} sectors, its tables are for ${sectorsMax(fat)}`)
  return fat
}

/** The size up to which its tables allow it to grow. */
export function sectorsMax(fat: Fat32): number {
  const entries = (fat.tableSectors * SECTOR) / 4
  return sectorsFor(fat, Math.min(entries - 2, CLUSTERS_MAX - 2)) + fat.sectorsPerCluster - 1
}

function sectorsFor(fat: Fat32, clusters: number): number {
  return fat.reserved + fat.tables * fat.tableSectors + clusters * fat.sectorsPerCluster
}

/** Sectors that one write puts in place. */
export interface Write {
  readonly what: string
  /** Sector, counted from the start of what is written to. */
  readonly at: number
  readonly bytes: Buffer
}

/** How many sectors `resizeFat32` looks at. */
export const HEAD_SECTORS = 2 * BACKUP_AT

/**
 * What to write, in this order and each on the disk before the next, so that the file system has another size. Writes whose
 * bytes are there already are left out.
 *
 * FSInfo first: "unknown" is true of the old and of the new size, the old count only of the old one. Then the copy of the
 * boot sector, while the boot sector that everybody reads is whole; then the boot sector, one write of one sector. Should
 * that write destroy it, the copy is already what it was to become.
 *
 * @param head - its first `HEAD_SECTORS` sectors. With a boot sector that is no boot sector, its copy counts
 * @throws {DiskError} `no-fat`, `bad-fat`
 * @throws {RangeError} a size that its tables do not allow
 */
export function resizeFat32(head: Buffer, sectors: number): readonly Write[] {
  const { boot, fat } = bootOf(head)
  if (sectors > sectorsMax(fat) || sectors < sectorsFor(fat, CLUSTERS_MIN)) {
    throw new RangeError(`FAT32 of ${sectors} sectors: its tables are for ${sectorsMax(fat)}`)
  }
  const resized = Buffer.from(boot)
  resized.writeUInt32LE(sectors, TOTAL_SECTORS)
  const copy = Buffer.from(resized)
  copy[DIRTY] = 0
  const info = sectorOf(head, fat.infoAt)
  if (fat.sectors !== sectors) info.writeUInt32LE(UNKNOWN, FREE_COUNT)
  const all: readonly Write[] = [
    { what: 'count of free clusters', at: fat.infoAt, bytes: info },
    { what: 'copy of the count of free clusters', at: BACKUP_AT + fat.infoAt, bytes: info },
    { what: 'copy of the boot sector', at: BACKUP_AT, bytes: copy },
    { what: 'boot sector', at: 0, bytes: resized },
  ]
  if (fat.sectors === sectors && sectorOf(head, 0).equals(boot)) return []
  return all.filter(({ at, bytes }) => !sectorOf(head, at).equals(bytes))
}

/** The boot sector, or its copy if the boot sector is damaged. */
export function bootOf(head: Buffer): { boot: Buffer; fat: Fat32 } {
  const boot = sectorOf(head, 0)
  try {
    return { boot, fat: decodeFat32(boot) }
  } catch (error) {
    const copy = sectorOf(head, BACKUP_AT)
    try {
      return { boot: copy, fat: decodeFat32(copy) }
    } catch {
      throw error
    }
  }
}

function sectorOf(head: Buffer, at: number): Buffer {
  return Buffer.from(head.subarray(at * SECTOR, (at + 1) * SECTOR))
}
