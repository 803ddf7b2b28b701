/**
 * The partition tables of a new disk, for the image build: a protective MBR with GRUB's boot code, and the two tables
 * (`gpt.ts`). The same layout gives the same bytes.
 */
import { crc32 } from 'node:zlib'

import {
  ARRAY_AT,
  ARRAY_SECTORS,
  encodeArray,
  encodeHeader,
  FIRST_USABLE,
  HEADER_AT,
  lastUsableOf,
  type Partition,
  SECTOR,
} from './gpt.ts'

/** Partition types by who looks for them. */
export const TYPES = {
  /** GRUB's core.img, for a PC's BIOS. */
  biosBoot: '21686148-6449-6e6f-744e-656564454649',
  efiSystem: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  /** Windows and macOS do not open it. */
  linux: '0fc63daf-8483-4772-8e79-3d69d8477de4',
  /** Windows and macOS show it. */
  basicData: 'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7',
} as const

export interface DiskLayout {
  /** Of the whole disk. */
  readonly sectors: number
  /** GUID */
  readonly diskId: string
  /** In the order of their numbers, from 1. */
  readonly partitions: readonly Partition[]
  /** For the first 440 bytes of the disk: GRUB's boot.img. */
  readonly bootCode?: Uint8Array
}

/**
 * The two regions that make a disk of some bytes: `start` belongs into its first sectors, `end` into its last.
 *
 * @throws {RangeError} partitions overlap or do not fit
 */
export function encodeTables(layout: DiskLayout): { start: Buffer; end: Buffer } {
  const { sectors, diskId } = layout
  const lastUsable = lastUsableOf(sectors)
  checkPlaces(layout.partitions, lastUsable)
  const array = encodeArray(layout.partitions)
  const common = { firstUsable: FIRST_USABLE, lastUsable, diskId, arrayCrc: crc32(array) }
  const backupAt = sectors - 1
  const primary = encodeHeader({ ...common, at: HEADER_AT, otherAt: backupAt, arrayAt: ARRAY_AT })
  const backup = encodeHeader({ ...common, at: backupAt, otherAt: HEADER_AT, arrayAt: backupAt - ARRAY_SECTORS })
  return { start: Buffer.concat([protectiveMbr(layout.bootCode), primary, array]), end: Buffer.concat([array, backup]) }
}

function checkPlaces(partitions: readonly Partition[], lastUsable: number): void {
  let free = FIRST_USABLE
  for (const { name, first, last } of partitions.toSorted((a, b) => a.first - b.first)) {
    if (first < free || last < first || last > lastUsable) {
      throw new RangeError(`partition ${name}: sectors ${first} to ${last}, free are ${free} to ${lastUsable}`)
    }
    free = last + 1
  }
}

/**
 * One sector that tells tools from before GPT that the disk is taken.
 *
 * The size is the largest there is, which the specification asks for on large disks, Windows writes on all, and Linux and
 * sfdisk accept everywhere: so that this sector, which holds the boot code too, is never written again. The entry is
 * marked active, because some BIOSes start no disk without one; firmware that reads GPT does not look at the mark.
 */
function protectiveMbr(bootCode: Uint8Array = new Uint8Array(0)): Buffer {
  if (bootCode.length > 440) throw new RangeError(`boot code of ${bootCode.length} bytes: 440 fit`)
  const mbr = Buffer.alloc(SECTOR)
  mbr.set(bootCode)
  mbr.set([0x80, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff], 446)
  mbr.writeUInt32LE(HEADER_AT, 454)
  mbr.writeUInt32LE(0xffffffff, 458)
  mbr.set([0x55, 0xaa], 510)
  return mbr
}
