/**
 * GUID partition tables: bytes <-> partitions (UEFI specification 2.10, chapter 5). What is read and written, and in which
 * order, is the caller's: `grow.ts`, and `disk-layout.ts` for the image build.
 *
 *   sector  0      protective MBR with GRUB's boot code
 *           1      primary header: one sector, so it is the old one or the new one, never half of each
 *           2..33  array of 128 entries
 *          34..65  kept free: where the array stands while the one above is rewritten (`grow.ts`)
 *        2048..    partitions
 *      last-32..   array again, then the backup header in the very last sector
 *
 * Numbers are little endian; a GUID's first three groups are, too. Disks have sectors of 512 bytes.
 */
import { crc32 } from 'node:zlib'

import { DiskError } from './disk-error.ts'

export const SECTOR = 512
const ENTRIES = 128
const ENTRY_BYTES = 128
export const ARRAY_SECTORS = (ENTRIES * ENTRY_BYTES) / SECTOR
const HEADER_BYTES = 92
const SIGNATURE = 'EFI PART'
const REVISION = 0x00010000

export const HEADER_AT = 1
export const ARRAY_AT = 2
export const SPARE_ARRAY_AT = ARRAY_AT + ARRAY_SECTORS
export const FIRST_USABLE = 2048

const NO_TYPE = '00000000-0000-0000-0000-000000000000'

export interface Partition {
  /** At most 36 UTF-16 units. */
  readonly name: string
  /** GUID, lower case. */
  readonly type: string
  /** GUID of this one partition, which Linux calls PARTUUID. */
  readonly id: string
  /** Sectors; both belong to the partition. */
  readonly first: number
  readonly last: number
}

/** What a header says that can differ from disk to disk. All numbers are sectors. */
export interface Header {
  readonly at: number
  /** Where the other header is. */
  readonly otherAt: number
  readonly arrayAt: number
  readonly firstUsable: number
  readonly lastUsable: number
  /** GUID */
  readonly diskId: string
  readonly arrayCrc: number
}

/** The last sector that partitions may use on a disk of `sectors` sectors. */
export function lastUsableOf(sectors: number): number {
  return sectors - 1 - ARRAY_SECTORS - 1
}

/** One sector. */
export function encodeHeader(header: Header): Buffer {
  const sector = Buffer.alloc(SECTOR)
  sector.write(SIGNATURE, 'latin1')
  sector.writeUInt32LE(REVISION, 8)
  sector.writeUInt32LE(HEADER_BYTES, 12)
  writeSectors(sector, 24, header.at)
  writeSectors(sector, 32, header.otherAt)
  writeSectors(sector, 40, header.firstUsable)
  writeSectors(sector, 48, header.lastUsable)
  writeGuid(sector, 56, header.diskId)
  writeSectors(sector, 72, header.arrayAt)
  sector.writeUInt32LE(ENTRIES, 80)
  sector.writeUInt32LE(ENTRY_BYTES, 84)
  sector.writeUInt32LE(header.arrayCrc, 88)
  sector.writeUInt32LE(crc32(sector.subarray(0, HEADER_BYTES)), 16) // taken while its own field is 0
  return sector
}

/**
 * @param sector - the sector at `at`
 * @throws {DiskError} `no-table`, or `bad-table` with what is wrong
 */
export function decodeHeader(sector: Buffer, at: number): Header {
  if (sector.toString('latin1', 0, 8) !== SIGNATURE) {
    throw new DiskError('no-table', `no partition table's header in sector ${at}`)
  }
  const wrong = (what: string): DiskError => new DiskError('bad-table', `partition table in sector ${at}: ${what}`)
  const bytes = Buffer.from(sector.subarray(0, HEADER_BYTES))
  if (bytes.readUInt32LE(12) !== HEADER_BYTES) throw wrong(`a header of ${bytes.readUInt32LE(12)} bytes`)
  const crc = bytes.readUInt32LE(16)
  bytes.writeUInt32LE(0, 16)
  if (crc32(bytes) !== crc) throw wrong('checksum of the header')
  if (readSectors(bytes, 24) !== at) throw wrong(`it is for sector ${readSectors(bytes, 24)}`)
  if (bytes.readUInt32LE(80) !== ENTRIES || bytes.readUInt32LE(84) !== ENTRY_BYTES) {
    throw wrong(`${bytes.readUInt32LE(80)} entries of ${bytes.readUInt32LE(84)} bytes`)
  }
  return {
    at,
    otherAt: readSectors(bytes, 32),
    firstUsable: readSectors(bytes, 40),
    lastUsable: readSectors(bytes, 48),
    diskId: readGuid(bytes, 56),
    arrayAt: readSectors(bytes, 72),
    arrayCrc: bytes.readUInt32LE(88),
  }
}

/** @throws {RangeError} more than fit, or a name that is too long */
export function encodeArray(partitions: readonly Partition[]): Buffer {
  if (partitions.length > ENTRIES) throw new RangeError(`${partitions.length} partitions: ${ENTRIES} fit`)
  const array = Buffer.alloc(ENTRIES * ENTRY_BYTES)
  for (const [index, { name, type, id, first, last }] of partitions.entries()) {
    if (name.length > 36) throw new RangeError(`partition name of ${name.length} characters: 36 fit`)
    const entry = array.subarray(index * ENTRY_BYTES, (index + 1) * ENTRY_BYTES)
    writeGuid(entry, 0, type)
    writeGuid(entry, 16, id)
    writeSectors(entry, 32, first)
    writeSectors(entry, 40, last)
    entry.write(name, 56, 'utf16le')
  }
  return array
}

/**
 * @param array - the sectors that `header` names
 * @returns by index, which is the partition's number less one; undefined where there is none
 * @throws {DiskError} `bad-table`
 */
export function decodeArray(header: Header, array: Buffer): readonly (Partition | undefined)[] {
  if (crc32(array) !== header.arrayCrc) {
    throw new DiskError('bad-table', `partition table in sector ${header.at}: checksum of the entries`)
  }
  return Array.from({ length: ENTRIES }, (_, index) => {
    const entry = array.subarray(index * ENTRY_BYTES, (index + 1) * ENTRY_BYTES)
    const type = readGuid(entry, 0)
    if (type === NO_TYPE) return undefined
    const name = entry.toString('utf16le', 56).replace(/\0.*$/s, '')
    return { name, type, id: readGuid(entry, 16), first: readSectors(entry, 32), last: readSectors(entry, 40) }
  })
}

/** @returns a copy, in which the partition at `index` ends with sector `last` */
export function withLast(array: Buffer, index: number, last: number): Buffer {
  const copy = Buffer.from(array)
  writeSectors(copy, index * ENTRY_BYTES + 40, last)
  return copy
}

function writeSectors(bytes: Buffer, at: number, sectors: number): void {
  bytes.writeBigUInt64LE(BigInt(sectors), at)
}

/** What is beyond 2^53 rounds to a number that is beyond every disk as well. */
function readSectors(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at))
}

function writeGuid(bytes: Buffer, at: number, guid: string): void {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(guid)) throw new RangeError(`not a GUID: ${guid}`)
  Buffer.from(turned(guid).replaceAll('-', ''), 'hex').copy(bytes, at)
}

function readGuid(bytes: Buffer, at: number): string {
  const hex = bytes.toString('hex', at, at + 16)
  return turned(hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'))
}

/** Reverses the bytes of the first three groups: between the order people write and the order on the disk. */
function turned(guid: string): string {
  const groups = guid.split('-')
  return groups.map((group, n) => (n < 3 ? group.match(/../g)!.toReversed().join('') : group)).join('-')
}
