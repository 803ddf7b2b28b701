/**
 * The image on a larger disk: the data partition fills it at the first start, and also when the power went on the way.
 */
import { truncateSync } from 'node:fs'

import { expect, test } from 'vitest'

import { HEAD_SECTORS, resizeFat32 } from '../../src/appliance/fat.ts'
import { startAppliance } from '../support/appliance.ts'
import { partitionOf } from '../support/box-disk.ts'
import { ownDisk, useImage } from '../support/built.ts'
import { apply, MIB, readSectors } from '../support/data-disk.ts'

/** Two starts under software emulation, beside other tests. */
const MAX_MS = 900_000
const DISK_MIB = 2048
const SMALL = 304 * MIB

const image = useImage()

test('the data partition fills a larger disk', { timeout: MAX_MS }, async (context) => {
  using own = ownDisk(image(context))
  const disk = own.path
  truncateSync(disk, DISK_MIB * MIB * 512)
  const { first } = partitionOf(disk, 'BOOTCFG')
  const expected = DISK_MIB * MIB - first - MIB

  await startAndStop(disk)
  expect(sizes(disk)).toEqual({ partition: expected, fileSystem: expected })

  // The power went after the table, before the file system.
  const head = readSectors(disk, first, HEAD_SECTORS)
  for (const { at, bytes } of resizeFat32(head, SMALL)) apply(disk, { at: first + at, bytes })
  expect(sizes(disk)).toEqual({ partition: expected, fileSystem: SMALL })
  await startAndStop(disk)
  expect(sizes(disk)).toEqual({ partition: expected, fileSystem: expected })
})

async function startAndStop(disk: string): Promise<void> {
  await using box = await startAppliance({ disk, keepsDisk: true })
  expect(await box.facts(({ data }) => data !== '')).toMatchObject({ data: 'ok', problems: [] })
}

/** Sectors. */
function sizes(disk: string): { partition: number; fileSystem: number } {
  const { first, last } = partitionOf(disk, 'BOOTCFG')
  return { partition: last - first + 1, fileSystem: readSectors(disk, first, 1).readUInt32LE(32) }
}
