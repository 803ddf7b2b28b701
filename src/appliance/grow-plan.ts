/**
 * How DATA grows to the end of its disk: what to write, and in which order. Pure.
 *
 * The power may go at any moment, also for good. After each single write there is a whole partition table that Linux, GRUB
 * and UEFI firmware all read, and the file system is never larger than its partition:
 *
 *   1  backup table at the end of the disk   the primary one is whole meanwhile, and firmware finds it first
 *   2  the new array in the spare place      nobody reads it yet
 *   3  primary header, naming that place     one sector: the old table, or the new one
 *   4  the new array in the usual place      nobody reads it now
 *   5  primary header, naming that place     as every tool expects it
 *   6  file system (`fat.ts`)                after its partition, so that it always fits
 *
 * Rewriting the array in place (as partitioning tools do) would need two writes, header and array, and between them the
 * checksum is wrong: Linux, unless told otherwise, then sees no partitions at all.
 */
import { crc32 } from 'node:zlib'

import { DiskError } from './disk-error.ts'
import { bootOf, HEAD_SECTORS, resizeFat32, sectorsMax, type Write } from './fat.ts'
import {
  ARRAY_AT,
  ARRAY_SECTORS,
  decodeArray,
  decodeHeader,
  encodeHeader,
  type Header,
  HEADER_AT,
  lastUsableOf,
  type Partition,
  SECTOR,
  SPARE_ARRAY_AT,
  withLast,
} from './gpt.ts'

const NAME = 'BOOTCFG'
/** Partitions end on whole MiB, as they start. */
const MIB = (1 << 20) / SECTOR
/** FAT32 with clusters of 4 KiB and tables of 16 MiB each. */
const SECTORS_MAX = 16_384 * MIB

/** Sectors at either end of the disk that hold tables. */
export const START_SECTORS = SPARE_ARRAY_AT + ARRAY_SECTORS
export const END_SECTORS = ARRAY_SECTORS + 1

export interface Table {
  readonly header: Header
  readonly array: Buffer
  /** Which place the primary header names; `none` when it is damaged, and this is the backup. */
  readonly live: 'usual' | 'spare' | 'none'
}

export interface Data {
  /** By its index in the table. */
  readonly index: number
  readonly partition: Partition
  /** The last sector that it could have. */
  readonly lastMax: number
}

/**
 * @param start - the first `START_SECTORS` of the disk
 * @param end - the last `END_SECTORS`
 * @param sectors - of the disk
 * @throws {DiskError} `no-table`, `bad-table`
 */
export function findTable(start: Buffer, end: Buffer, sectors: number): Table {
  try {
    const header = decodeHeader(start.subarray(SECTOR, 2 * SECTOR), HEADER_AT)
    if (header.arrayAt !== ARRAY_AT && header.arrayAt !== SPARE_ARRAY_AT) {
      throw new DiskError('bad-table', `partition table: its entries are in sector ${header.arrayAt}`)
    }
    const array = start.subarray(header.arrayAt * SECTOR, (header.arrayAt + ARRAY_SECTORS) * SECTOR)
    decodeArray(header, array)
    return { header, array, live: header.arrayAt === ARRAY_AT ? 'usual' : 'spare' }
  } catch (error) {
    const backup = findBackup(end, sectors)
    if (backup === undefined) throw error
    return backup
  }
}

function findBackup(end: Buffer, sectors: number): Table | undefined {
  try {
    const header = decodeHeader(end.subarray(-SECTOR), sectors - 1)
    const array = end.subarray(0, -SECTOR)
    decodeArray(header, array)
    return { header, array, live: 'none' }
  } catch {
    return undefined
  }
}

/** @throws {DiskError} `no-partition`, or `bad-table` when its neighbours leave no room for it */
export function findData({ header, array }: Table, sectors: number): Data {
  const partitions = decodeArray(header, array)
  const index = partitions.findIndex((partition) => partition?.name === NAME)
  const partition = partitions[index]
  if (partition === undefined) throw new DiskError('no-partition', `no partition with the name ${NAME}`)
  const others = partitions.filter((other) => other !== undefined).filter((other) => other !== partition)
  if (others.some((other) => other.first < START_SECTORS)) {
    throw new DiskError('bad-table', `a partition starts before sector ${START_SECTORS}, where tables are kept`)
  }
  const next = Math.min(...others.map((other) => other.first).filter((first) => first > partition.first))
  const end = Math.min(next, lastUsableOf(sectors) + 1)
  if (partition.last >= end || partition.first < START_SECTORS || partition.last < partition.first + HEAD_SECTORS) {
    throw new DiskError(
      'bad-table',
      `partition ${NAME} has sectors ${partition.first} to ${partition.last}, but those up to ${end - 1} are all there are`,
    )
  }
  return { index, partition, lastMax: end - 1 }
}

/** What the growth comes to, in sectors: of the file system, before and after. */
export interface Growth {
  readonly from: number
  readonly to: number
  readonly writes: readonly Write[]
}

/**
 * @param head - the partition's first `HEAD_SECTORS`
 * @throws {DiskError} `no-fat`, `bad-fat`
 */
export function planGrowth(table: Table, start: Buffer, end: Buffer, head: Buffer, sectors: number): Growth {
  const data = findData(table, sectors)
  const { first, last } = data.partition
  const { fat } = bootOf(head)
  const size = last - first + 1
  if (fat.sectors > size)
    throw new DiskError('bad-fat', `file system of ${fat.sectors} sectors in a partition of ${size}`)
  const sizeMax = Math.min(data.lastMax - first + 1, SECTORS_MAX, sectorsMax(fat))
  const wanted = Math.max(size, sizeMax - (sizeMax % MIB))
  const to = Math.max(fat.sectors, Math.min(wanted, sectorsMax(fat)))
  const inFat = resizeFat32(head, to).map((write) => ({ ...write, at: first + write.at }))
  const inTable = tableWrites(table, withLast(table.array, data.index, first + wanted - 1), start, end, sectors)
  return { from: fat.sectors, to, writes: [...inTable, ...inFat] }
}

/** None if all is as it should be; otherwise the whole order above, whatever of it is there already. */
function tableWrites(table: Table, array: Buffer, start: Buffer, end: Buffer, sectors: number): readonly Write[] {
  const backupAt = sectors - 1
  const common = { ...table.header, lastUsable: lastUsableOf(sectors), arrayCrc: crc32(array) }
  const primaryFor = (arrayAt: number): Buffer => encodeHeader({ ...common, at: HEADER_AT, otherAt: backupAt, arrayAt })
  const backupArrayAt = backupAt - ARRAY_SECTORS
  const backup = encodeHeader({ ...common, at: backupAt, otherAt: HEADER_AT, arrayAt: backupArrayAt })

  const isPrimary = start.subarray(SECTOR, SPARE_ARRAY_AT * SECTOR).equals(Buffer.concat([primaryFor(ARRAY_AT), array]))
  if (isPrimary && end.equals(Buffer.concat([array, backup]))) return []

  const atEnd: readonly Write[] = [
    { what: 'entries of the backup table', at: backupArrayAt, bytes: array },
    { what: 'header of the backup table', at: backupAt, bytes: backup },
  ]
  const inSparePlace: readonly Write[] = [
    { what: 'entries in the spare place', at: SPARE_ARRAY_AT, bytes: array },
    { what: 'header that names the spare place', at: HEADER_AT, bytes: primaryFor(SPARE_ARRAY_AT) },
  ]
  const inUsualPlace: readonly Write[] = [
    { what: 'entries in the usual place', at: ARRAY_AT, bytes: array },
    { what: 'header that names the usual place', at: HEADER_AT, bytes: primaryFor(ARRAY_AT) },
  ]
  if (table.live === 'none') return [...inUsualPlace, ...atEnd] // the backup is all there is, until the primary one is whole
  return [...atEnd, ...(table.live === 'usual' ? inSparePlace : []), ...inUsualPlace]
}
