/**
 * DATA grows to fill its disk, and whenever the power goes, the disk can be read: checked with Debian's own tools.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, constants, statSync, truncateSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import type { Write } from '../../src/appliance/fat.ts'
import { SECTOR } from '../../src/appliance/gpt.ts'
import {
  END_SECTORS,
  findData,
  findTable,
  planGrowth,
  START_SECTORS,
  type Table,
} from '../../src/appliance/grow-plan.ts'
import { grow } from '../../src/appliance/grow.ts'
import { apply, look, makeDataDisk, MIB, readSectors, TOOLS } from '../support/data-disk.ts'
import { require } from '../support/requirements.ts'
import { temporaryFolder } from '../support/site.ts'

const SMALL = 304
const LARGE = 400
const GIB = 1024

function resizeDisk(disk: string, mib: number): void {
  truncateSync(disk, mib * MIB * SECTOR)
}

/** What the tables say, without a tool. */
function tableOf(disk: string): Table {
  const sectors = statSync(disk).size / SECTOR
  return findTable(readSectors(disk, 0, START_SECTORS), readSectors(disk, sectors - END_SECTORS, END_SECTORS), sectors)
}

/** What growing this disk would write. */
function writesFor(disk: string): readonly Write[] {
  const sectors = statSync(disk).size / SECTOR
  const start = readSectors(disk, 0, START_SECTORS)
  const end = readSectors(disk, sectors - END_SECTORS, END_SECTORS)
  const table = findTable(start, end, sectors)
  const head = readSectors(disk, findData(table, sectors).partition.first, 12)
  return planGrowth(table, start, end, head, sectors).writes
}

describe('on a disk of', () => {
  //  MiB          DATA then, in MiB: a MiB before it, and less than one behind it for the backup table
  const cases: [number, number][] = [
    [SMALL + 2, SMALL],
    [GIB, GIB - 2],
    [8 * GIB, 8 * GIB - 2],
    [16 * GIB, 16 * GIB - 2],
    [40 * GIB, 16 * GIB],
  ]
  test(
    `${cases.map(([mib]) => `${mib} MiB`).join(', then ')}, DATA fills it up to 16 GiB`,
    { timeout: 60_000 },
    async (context) => {
      require(context, TOOLS)
      using folder = temporaryFolder()
      const disk = makeDataDisk(folder.path, SMALL)
      for (const [mib, expected] of cases) {
        resizeDisk(disk, mib)
        await grow(disk)
        expect(look(disk)).toEqual({ partition: expected, fileSystem: expected, complaints: [] })
        expect((await grow(disk)).writes).toEqual([])
      }
    },
  )
})

test('a partition that somebody made behind DATA bounds it', async (context) => {
  require(context, TOOLS)
  using folder = temporaryFolder()
  const disk = makeDataDisk(folder.path, SMALL)
  resizeDisk(disk, GIB)
  execFileSync('sgdisk', ['-e', '-n', '2:+200M:0', '-c', '2:STORE', disk], { stdio: 'ignore' })
  await grow(disk)
  expect(look(disk)).toEqual({ partition: SMALL + 200, fileSystem: SMALL + 200, complaints: [] })
})

test(
  'after each single write the disk can be read, and the next start finishes the work',
  { timeout: 120_000 },
  async (context) => {
    require(context, TOOLS)
    using folder = temporaryFolder()
    const disk = makeDataDisk(folder.path, SMALL)
    resizeDisk(disk, LARGE)
    const sizes = [SMALL, LARGE - 2]
    const writes = writesFor(disk)
    expect(writes.length).toBeGreaterThan(7)

    for (const write of writes) {
      for (let n = 0; n < write.bytes.length / SECTOR; n += 1) {
        apply(disk, { at: write.at + n, bytes: write.bytes.subarray(n * SECTOR, (n + 1) * SECTOR) })
        const table = tableOf(disk)
        expect(table.live, `${write.what}, sector ${n}: the primary table`).not.toBe('none')
      }
      const seen = look(disk)
      expect(sizes, write.what).toContain(seen.partition)
      expect(sizes, write.what).toContain(seen.fileSystem)
      expect(seen.fileSystem).toBeLessThanOrEqual(seen.partition)

      const later = `${disk}.later`
      copyFileSync(disk, later, constants.COPYFILE_FICLONE)
      await grow(later)
      expect(look(later), write.what).toEqual({ partition: LARGE - 2, fileSystem: LARGE - 2, complaints: [] })
    }
    expect(writesFor(disk)).toEqual([])
  },
)

describe('a sector that the power cut destroyed, of a disk that was being grown, is made good again:', () => {
  //  destroyed                             sector
  const cases: [string, (last: number) => number][] = [
    ['the primary header', () => 1],
    ['an entry of the primary table', () => 2],
    ['the backup header', (last) => last],
    ['an entry of the backup table', (last) => last - 32],
    ['the boot sector of DATA', () => MIB],
    ['the copy of that', () => MIB + 6],
  ]
  for (const [name, sectorOf] of cases) {
    test(name, async (context) => {
      require(context, TOOLS)
      using folder = temporaryFolder()
      const disk = makeDataDisk(folder.path, SMALL)
      resizeDisk(disk, GIB)
      await grow(disk)
      apply(disk, { at: sectorOf(GIB * MIB - 1), bytes: Buffer.alloc(SECTOR, 0xff) })
      await grow(disk)
      expect(look(disk)).toEqual({ partition: GIB - 2, fileSystem: GIB - 2, complaints: [] })
    })
  }
})

describe('left alone, with a reason:', () => {
  const cases: [string, (disk: string) => void, string | RegExp][] = [
    [
      'a disk without a table',
      (disk) => apply(disk, { at: 0, bytes: Buffer.alloc(34 * SECTOR) }),
      'no partition table',
    ],
    ['a disk that is smaller than its table says', (disk) => resizeDisk(disk, 200), /partition BOOTCFG has sectors/],
    ['DATA that is no FAT32', (disk) => apply(disk, { at: MIB, bytes: Buffer.alloc(8 * SECTOR) }), 'no FAT32'],
  ]
  for (const [name, harm, reason] of cases) {
    test(name, async (context) => {
      require(context, TOOLS)
      using folder = temporaryFolder()
      const disk = makeDataDisk(folder.path, SMALL)
      resizeDisk(disk, GIB)
      harm(disk)
      const before = readSectors(disk, 0, 4 * MIB)
      await expect(grow(disk)).rejects.toThrow(reason)
      expect(readSectors(disk, 0, 4 * MIB).equals(before)).toBe(true)
    })
  }
})
