/**
 * What is on a disk or a partition is not what the appliance put there. Nothing was written because of it.
 */

export type DiskErrorCode =
  | 'no-table' // no GUID partition table, neither at the start nor at the end
  | 'bad-table' // there is one, but its checksums or its fields are wrong
  | 'no-partition' // the table is fine, the partition that was looked for is not in it
  | 'no-fat' // no FAT32 file system in the partition
  | 'bad-fat' // there is one, but it contradicts itself
  | 'bad-grubenv' // not a block of GRUB's variables

export class DiskError extends Error {
  override readonly name = 'DiskError'
  readonly code: DiskErrorCode

  constructor(code: DiskErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
