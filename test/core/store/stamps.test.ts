/**
 * When the content of a file counts, beside its size and times.
 */
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { isRacy, Stamps } from '../../../src/core/store/stamps.ts'
import { temporaryFolder, writeFiles } from '../../support/site.ts'

const SECOND = 1_000_000_000n
/** Times as FAT and ext2 have them: whole seconds. */
const COARSE = { ino: 5n, size: 3n, mtimeNs: 1000n * SECOND, ctimeNs: 1000n * SECOND }
const FINE = { ...COARSE, mtimeNs: COARSE.mtimeNs + 4n, ctimeNs: COARSE.ctimeNs + 4n }
const WRITTEN_MS = 1_000_000

describe('a file can be written once more without its times showing it', () => {
  //     rule                                                  facts                               nowMs                    racy
  const cases: [string, Parameters<typeof isRacy>[0], number, boolean][] = [
    ['within seconds, where times are whole seconds', COARSE, WRITTEN_MS + 1900, true],
    ['on a file server whose clock is a little ahead', COARSE, WRITTEN_MS - 1500, true],
    ['not later', COARSE, WRITTEN_MS + 3001, false],
    ['not where times are finer', FINE, WRITTEN_MS + 100, false],
    [
      'not where a program set the date (cp -p, tar) and the file system knows better',
      { ...FINE, mtimeNs: COARSE.mtimeNs },
      WRITTEN_MS,
      false,
    ],
    ['not with a date far in the future', COARSE, WRITTEN_MS - 3_600_000, false],
  ]
  for (const [rule, facts, nowMs, racy] of cases) test(rule, () => expect(isRacy(facts, nowMs)).toBe(racy))
})

describe('the stamp', () => {
  let folder: ReturnType<typeof temporaryFolder>
  let file: string
  beforeEach(() => {
    folder = temporaryFolder()
    file = join(folder.path, 'f')
    write('one')
  })
  afterEach(() => folder[Symbol.dispose]())
  function write(text: string): void {
    writeFiles(folder.path, { f: text })
  }
  /** The stamps of looks at the file at these ages, one look after the other. */
  async function looks(...steps: readonly (number | string)[]): Promise<string[]> {
    const found: string[] = []
    let stamps: Stamps | undefined
    for (const step of steps) {
      if (typeof step === 'string') {
        write(step)
        continue
      }
      stamps = new Stamps(100, stamps)
      found.push(await stamps.of(file, COARSE, WRITTEN_MS + step))
    }
    return found
  }

  test('shows an edit of the same length in the same second', async () => {
    const [before, after] = await looks(100, 'two', 600)
    expect(after).not.toBe(before)
  })
  test('shows such an edit after the last look at the young file', async () => {
    const [before, after] = await looks(1900, 'two', 5000)
    expect(after).not.toBe(before)
  })
  test('stays the same while the file does, also once the file is old', async () => {
    expect(new Set(await looks(100, 600, 2900, 3100, 9000, 99_000)).size).toBe(1)
  })
  test('of an old file is made without reading it', async () => {
    const [before, after] = await looks(9000, 'two', 9500)
    expect(after).toBe(before)
  })
  test('of a file that is too large to be used is made without reading it', async () => {
    const stamps = new Stamps(1)
    expect(await stamps.of(file, COARSE, WRITTEN_MS)).toContain('too-large')
  })
})
