/**
 * FAT file systems in files, made by mkfs.fat and mcopy: the same folder makes the same bytes.
 */
import { open, readdir, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'

import { HEAD_SECTORS, resizeFat32 } from '../../../src/appliance/fat.ts'
import type { Tools } from './tools.ts'

export interface FatOptions {
  readonly bytes: number
  /** At most 11 characters. */
  readonly label: string
  /** Eight hexadecimal digits. */
  readonly serial: string
  readonly bits: 16 | 32
  readonly sectorsPerCluster: number
}

/**
 * @param file - made anew
 * @param folder - what is in it goes into the file system's root
 * @param epoch - seconds since 1970: the time of every file in it
 */
export async function makeFat(
  file: string,
  folder: string,
  options: FatOptions,
  epoch: number,
  tools: Tools,
): Promise<void> {
  const { bytes, label, serial, bits, sectorsPerCluster } = options
  await rm(file, { force: true })
  await using made = await open(file, 'w')
  await made.truncate(bytes)
  const shape = ['-F', String(bits), '-S', '512', '-s', String(sectorsPerCluster), '-h', '0']
  await tools.run('mkfs.fat', '--invariant', ...shape, '-n', label, '-i', serial, file)
  await setTimes(folder, epoch)
  const names = (await readdir(folder)).toSorted()
  // One at a time and in order: the place of each depends on those before it.
  for (const name of names) await tools.run('mcopy', '-s', '-m', '-Q', '-i', file, join(folder, name), '::/')
}

/**
 * A FAT32 with tables for more than it has: to grow it is to change a few numbers (src/appliance/fat.ts).
 *
 * @param bytes - of the file in the end; `options.bytes` is what the tables are for
 */
export async function makeGrowingFat(
  file: string,
  folder: string,
  bytes: number,
  options: FatOptions,
  epoch: number,
  tools: Tools,
): Promise<void> {
  await makeFat(file, folder, options, epoch, tools)
  await using made = await open(file, 'r+')
  const head = Buffer.alloc(HEAD_SECTORS * 512)
  await made.read(head, 0, head.length, 0)
  for (const { at, bytes: sector } of resizeFat32(head, bytes / 512))
    await made.write(sector, 0, sector.length, at * 512)
  await made.truncate(bytes)
}

export async function setTimes(folder: string, epoch: number): Promise<void> {
  const entries = await readdir(folder, { recursive: true })
  for (const entry of ['.', ...entries]) await utimes(join(folder, entry), epoch, epoch)
}
