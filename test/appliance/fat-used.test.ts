/**
 * How much of a slot an update has to carry: all that is in the file system, whatever its kind, and not much more.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { DiskError } from '../../src/appliance/disk-error.ts'
import { usedBytes } from '../../src/appliance/fat-used.ts'
import { require } from '../support/requirements.ts'
import { temporaryFolder } from '../support/site.ts'

const MIB = 1 << 20

function makeFat(
  folder: string,
  mib: number,
  options: readonly string[],
  files: Readonly<Record<string, Buffer>>,
): string {
  const image = join(folder, 'slot.fat')
  writeFileSync(image, '')
  truncateSync(image, mib * MIB)
  execFileSync('mkfs.fat', [...options, image], { stdio: 'ignore' })
  for (const [name, bytes] of Object.entries(files)) {
    execFileSync('mcopy', ['-i', image, '-', `::${name}`], { input: bytes })
  }
  return image
}

describe('cut off where it says, with rubbish behind it, everything is still there:', () => {
  //  kind                        MiB  mkfs.fat
  const cases: [string, number, string[]][] = [
    ['FAT16', 96, ['-F', '16']],
    ['FAT16 by the choice of mkfs.fat', 20, []],
    ['FAT32', 96, ['-F', '32', '-s', '1']],
    ['FAT32 with larger clusters', 300, ['-F', '32', '-s', '8']],
  ]
  for (const [name, mib, options] of cases) {
    test(name, (context) => {
      require(context, [
        ['mkfs.fat', 'dosfstools'],
        ['mcopy', 'mtools'],
      ])
      using folder = temporaryFolder()
      const system = Buffer.alloc(3 * MIB + 5) // ends in zeros, as an archive does
      const image = makeFat(folder.path, mib, options, { vmlinuz: Buffer.alloc(MIB, 'kernel'), 'system.img': system })
      const bytes = readFileSync(image)
      const used = usedBytes(bytes)
      expect(used).toBeGreaterThanOrEqual(4 * MIB)
      expect(used).toBeLessThan(7 * MIB)
      writeFileSync(image, bytes.fill('rubbish', used))
      execFileSync('fsck.fat', ['-n', image])
      expect(execFileSync('mtype', ['-i', image, '::system.img'], { maxBuffer: 9 * MIB }).equals(system)).toBe(true)
    })
  }
})

test('an empty file system is its head alone', (context) => {
  require(context, [['mkfs.fat', 'dosfstools']])
  using folder = temporaryFolder()
  expect(usedBytes(readFileSync(makeFat(folder.path, 96, ['-F', '16'], {})))).toBeLessThan(MIB)
})

test('any bytes are a size or a DiskError', () => {
  const head = Buffer.alloc(512)
  head.writeUInt16LE(512, 11)
  head.writeUInt16LE(0xaa55, 510)
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 36, maxLength: 36 }), fc.nat(40), (fields, sectors) => {
      const image = Buffer.alloc(sectors * 512)
      head.copy(image)
      if (sectors > 0) image.set(fields, 13)
      if (sectors > 30) image.writeUInt16LE(sectors, 19)
      try {
        expect(usedBytes(image)).toBeLessThanOrEqual(image.length)
      } catch (error) {
        expect(error).toBeInstanceOf(DiskError)
      }
    }),
  )
})
