/**
 * `box.mjs grow DISK`: DATA fills its disk, up to 16 GiB. Run at boot, while nothing of the disk is mounted; does nothing
 * when there is nothing to do. What is written, and why a power cut does no harm, is in `grow-plan.ts`.
 */
import { constants, readFileSync, realpathSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'

import { HEAD_SECTORS } from './fat.ts'
import { SECTOR } from './gpt.ts'
import { END_SECTORS, findData, findTable, type Growth, planGrowth, START_SECTORS } from './grow-plan.ts'

/** Opened so that it fails while a file system on the disk is mounted (open(2), O_EXCL on block devices). */
const EXCLUSIVE = constants.O_RDWR | constants.O_EXCL

/**
 * @param path - a block device, or a file for tests
 * @throws {DiskError} nothing was written
 */
export async function grow(path: string): Promise<Growth> {
  await using disk = await open(path, EXCLUSIVE)
  const growth = await look(disk, await sectorsOf(disk, path))
  for (const { at, bytes } of growth.writes) {
    await writeAt(disk, bytes, at)
    await disk.datasync() // each is on the disk before the next one starts: the order is the point
  }
  return growth
}

async function look(disk: FileHandle, sectors: number): Promise<Growth> {
  const start = await readAt(disk, 0, START_SECTORS)
  const end = await readAt(disk, sectors - END_SECTORS, END_SECTORS)
  const table = findTable(start, end, sectors)
  const head = await readAt(disk, findData(table, sectors).partition.first, HEAD_SECTORS)
  return planGrowth(table, start, end, head, sectors)
}

/** A block device has no size that stat(2) tells; the kernel counts in 512 bytes whatever its sectors are. */
async function sectorsOf(disk: FileHandle, path: string): Promise<number> {
  const facts = await disk.stat()
  if (facts.isFile()) return Math.floor(facts.size / SECTOR)
  return Number(readFileSync(`/sys/class/block/${basename(realpathSync(path))}/size`, 'utf8'))
}

async function readAt(disk: FileHandle, at: number, sectors: number): Promise<Buffer> {
  const bytes = Buffer.alloc(sectors * SECTOR)
  let done = 0
  while (done < bytes.length) {
    const { bytesRead } = await disk.read(bytes, done, bytes.length - done, at * SECTOR + done)
    if (bytesRead === 0) throw new Error(`the disk ends in sector ${at + Math.floor(done / SECTOR)}`)
    done += bytesRead
  }
  return bytes
}

async function writeAt(disk: FileHandle, bytes: Buffer, at: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    done += (await disk.write(bytes, done, bytes.length - done, at * SECTOR + done)).bytesWritten
  }
}
