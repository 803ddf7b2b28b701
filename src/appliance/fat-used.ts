/**
 * Where the used part of a FAT file system ends: what an update has to carry of a slot (Microsoft's FAT specification 1.03,
 * section 3.5 for how the kinds are told apart). Pure; FAT16 and FAT32.
 */
import { DiskError } from './disk-error.ts'
import { SECTOR } from './gpt.ts'

/**
 * @param image - all of the file system
 * @returns its beginning in bytes that has everything of it, by whole clusters
 * @throws {DiskError} `no-fat`, `bad-fat`
 */
export function usedBytes(image: Buffer): number {
  if (image.length < SECTOR || image.readUInt16LE(510) !== 0xaa55 || image.readUInt16LE(11) !== SECTOR) {
    throw new DiskError('no-fat', 'no FAT file system')
  }
  const clusterSectors = image[13]!
  const reserved = image.readUInt16LE(14)
  const tables = image[16]!
  const tableSectors = image.readUInt16LE(22) || image.readUInt32LE(36)
  const rootSectors = Math.ceil((image.readUInt16LE(17) * 32) / SECTOR)
  const total = image.readUInt16LE(19) || image.readUInt32LE(32)
  const clustersAt = reserved + tables * tableSectors + rootSectors
  const clusters = Math.floor((total - clustersAt) / clusterSectors)
  const entryBytes = clusters < 65_525 ? 2 : 4
  if (total * SECTOR > image.length) {
    throw new DiskError('bad-fat', `FAT file system of ${total * SECTOR} bytes in an image of ${image.length}`)
  }
  if (!(clusters >= 4085) || tables === 0 || (clusters + 2) * entryBytes > tableSectors * SECTOR) {
    throw new DiskError('bad-fat', 'FAT12, or a FAT file system that contradicts itself')
  }
  const table = image.subarray(reserved * SECTOR)
  const isFree = (cluster: number): boolean =>
    entryBytes === 2 ? table.readUInt16LE(cluster * 2) === 0 : (table.readUInt32LE(cluster * 4) & 0x0fffffff) === 0
  let last = clusters + 1 // clusters are counted from 2
  while (last >= 2 && isFree(last)) last -= 1
  return (clustersAt + (last - 1) * clusterSectors) * SECTOR
}
