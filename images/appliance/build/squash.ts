/**
 * A folder as a squashfs file, the same bytes each time.
 */
import { rm } from 'node:fs/promises'

import type { Tools } from './tools.ts'

/** Larger blocks are smaller in sum, and slower to read: a page of a program needs all of its block. */
const SHAPE = '-comp zstd -Xcompression-level 19 -b 256K -all-root -no-xattrs -no-exports -no-progress -quiet'

/** @param epoch - seconds since 1970: the time of everything in it */
export async function squash(folder: string, file: string, epoch: number, tools: Tools): Promise<void> {
  await rm(file, { force: true })
  const times = ['-mkfs-time', String(epoch), '-all-time', String(epoch)]
  await tools.run('mksquashfs', folder, file, '-noappend', ...SHAPE.split(' '), ...times)
}
