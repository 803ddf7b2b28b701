/**
 * Writes a slot, the partition with a kernel and a system image, and reads it back.
 *
 * While it is written it is no file system: its boot sector is zeroed first and written last, and a disk has a sector or
 * does not have it. GRUB, which in need tries the other slot too, finds either all of the new contents or nothing.
 */
import { createHash } from 'node:crypto'
import { constants, realpathSync } from 'node:fs'
import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'

import { errorCode } from '../core/errors.ts'
import type { Slot } from './admit.ts'
import { type Bundle, PIECE_BYTES } from './bundle-file.ts'
import { Refusal } from './refusal.ts'

const BOOT_SECTOR = 512

export type OnProgress = (share: number) => Promise<void>

/** What the system knows of a block device; undefined for a file, which tests use. */
async function kernelFile(path: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(`/sys/class/block/${basename(realpathSync(path))}/${name}`, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/**
 * @returns its size in bytes
 * @throws {Refusal} `wrong-slot`: it is another partition, or a file system on it is mounted
 */
export async function inspectSlot(path: string, slot: Slot): Promise<number> {
  const partition = await kernelFile(path, 'uevent')
  const name = /^PARTNAME=(.*)$/m.exec(partition ?? '')?.[1]
  if (partition !== undefined && name !== `SYS-${slot.toUpperCase()}`) {
    throw new Refusal('wrong-slot', `${path} is the partition ${name ?? 'without a name'}, not slot ${slot}`)
  }
  await using device = await openExclusive(path)
  const sectors = await kernelFile(path, 'size')
  return sectors === undefined ? (await device.stat()).size : Number(sectors) * 512
}

/** The kernel lets nobody have a block device so while it is mounted: the running slot is. */
async function openExclusive(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDWR | constants.O_EXCL)
  } catch (error) {
    if (errorCode(error) === 'EBUSY') throw new Refusal('wrong-slot', `${path} is in use: it is the running slot`)
    throw error
  }
}

/** All of it is on the disk when it resolves. */
export async function writeSlot(path: string, bundle: Bundle, onProgress: OnProgress): Promise<void> {
  const { bytes } = bundle.manifest
  await using device = await openExclusive(path)
  await blank(device)
  const piece = Buffer.alloc(PIECE_BYTES)
  const copy = async (from: number, to: number): Promise<void> => {
    const part = piece.subarray(0, to - from)
    if ((await bundle.read(part, from)) !== part.length)
      throw new Error('the bundle became shorter while it was written')
    await writeAll(device, part, from)
    await device.datasync() // a little at a time: progress is true, and the disk stays usable for others
  }
  for (let at = BOOT_SECTOR; at < bytes; at += PIECE_BYTES) {
    await onProgress(at / bytes)
    await copy(at, Math.min(at + PIECE_BYTES, bytes))
  }
  await copy(0, Math.min(BOOT_SECTOR, bytes))
}

/**
 * Reads what is on the disk, not what the kernel remembers of it: the device was closed after it was written, which drops
 * its pages, and the rest is dropped here (Documentation/admin-guide/sysctl/vm.rst).
 *
 * @throws {Error} it is not what the manifest says
 */
export async function verifySlot(path: string, manifest: Bundle['manifest'], onProgress: OnProgress): Promise<void> {
  if ((await kernelFile(path, 'size')) !== undefined) await writeFile('/proc/sys/vm/drop_caches', '1')
  const hash = createHash('sha256')
  const piece = Buffer.alloc(PIECE_BYTES)
  await using device = await open(path)
  let at = 0
  while (at < manifest.bytes) {
    const { bytesRead } = await device.read(piece, 0, Math.min(PIECE_BYTES, manifest.bytes - at), at)
    if (bytesRead === 0) break
    hash.update(piece.subarray(0, bytesRead))
    at += bytesRead
    await onProgress(at / manifest.bytes)
  }
  if (at === manifest.bytes && hash.digest('hex') === manifest.sha256) return
  throw new Error(`what was written to ${path} is not what is read back: the disk is failing, replace it`)
}

/** After a failure: GRUB finds nothing there. */
export async function blankSlot(path: string): Promise<void> {
  await using device = await openExclusive(path)
  await blank(device)
}

async function blank(device: FileHandle): Promise<void> {
  await writeAll(device, Buffer.alloc(BOOT_SECTOR), 0)
  await device.datasync()
}

async function writeAll(device: FileHandle, bytes: Buffer, at: number): Promise<void> {
  let done = 0
  while (done < bytes.length) done += (await device.write(bytes, done, bytes.length - done, at + done)).bytesWritten
}
