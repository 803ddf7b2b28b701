/**
 * Installing a bundle: all of it or nothing, each refusal with its reason and without a byte changed.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { openBundle } from '../../src/appliance/bundle-file.ts'
import { formatEnv } from '../../src/appliance/grub-env.ts'
import { install } from '../../src/appliance/install.ts'
import { keep } from '../../src/appliance/keep.ts'
import { eachPercent } from '../../src/appliance/update-status.ts'
import {
  bundleOf,
  contentsOf,
  envOf,
  KEYS,
  makeBox,
  MIB,
  type PaperBox,
  SLOT_BYTES,
  statusOf,
} from '../support/bundles.ts'
import { temporaryFolder } from '../support/site.ts'

const contents = contentsOf(5 * MIB - 512)
const bundle = bundleOf(contents)

/** The bytes of all that must not change. */
function worldOf(box: PaperBox): string[] {
  return [box.slotDevice, box.runningDevice, box.espEnv].map((path) => readFileSync(path, 'base64'))
}

test('a good bundle is written into the other slot, which GRUB then tries three times', async () => {
  using folder = temporaryFolder()
  const box = makeBox(folder.path, bundle)
  const running = readFileSync(box.runningDevice)
  const expected = { state: 'written', bundle: 'a.bootcfg-update', version: '2.0.0', slot: 'b' }
  expect(await install(box)).toEqual(expected)
  expect(statusOf(box)).toEqual(expected)
  expect(readFileSync(box.slotDevice).subarray(0, contents.length).equals(contents)).toBe(true)
  expect(readFileSync(box.slotDevice)).toHaveLength(SLOT_BYTES)
  expect(envOf(box)).toEqual({ good: 'a', try: 'b', tries: '3' })
  expect(readFileSync(box.runningDevice).equals(running)).toBe(true)
  expect(readdirSync(folder.path)).not.toContain('a.bootcfg-update') // it would be installed again
})

test('contents that fill the slot exactly, and contents of a few bytes', async () => {
  for (const bytes of [SLOT_BYTES, 700]) {
    using folder = temporaryFolder()
    const contents = contentsOf(bytes)
    const box = makeBox(folder.path, bundleOf(contents))
    expect((await install(box)).state).toBe('written')
    expect(readFileSync(box.slotDevice).subarray(0, bytes).equals(contents)).toBe(true)
  }
})

describe('refused, and nothing is changed:', () => {
  const other = generateKeyPairSync('ed25519').privateKey
  const damaged = Buffer.from(bundle)
  damaged[damaged.length - 1]! ^= 1
  //  name                              bundle                            the box                                                   reason
  const cases: [string, Buffer, (box: PaperBox) => Partial<PaperBox> | void, string][] = [
    ['unsigned', Buffer.from(bundle).fill(0, 20, 84), () => {}, 'the bundle is not signed'],
    ['another key', bundleOf(contents, {}, other), () => {}, 'not signed with the key of this image'],
    ['cut off', bundle.subarray(0, -1), () => {}, 'cut off, 1 bytes are missing'],
    ['too long', Buffer.concat([bundle, Buffer.from('x')]), () => {}, '1 bytes too many'],
    ['damaged contents', damaged, () => {}, 'the contents of the bundle are damaged'],
    ['another architecture', bundleOf(contents, { arch: 'arm64' }), () => {}, 'for arm64, and this box is amd64'],
    ['the same version', bundle, () => ({ version: '2.0.0' }), '2.0.0 is already installed'],
    ['an older version', bundle, () => ({ version: '2.0.1' }), '2.0.0 is older than 2.0.1'],
    [
      'another size of slots',
      bundle,
      (box) => truncateSync(box.slotDevice, SLOT_BYTES / 2),
      'flash the new image instead',
    ],
    [
      'the running slot',
      bundle,
      ({ runningDevice }) => ({ slot: 'a', slotDevice: runningDevice }),
      'slot a is the running one',
    ],
    ['the slot to fall back to', bundle, () => ({ slot: 'a', running: 'b' }), 'until slot b has been kept'],
    ['started from a CD', bundle, () => ({ running: 'iso' }), 'started from iso and has no slots'],
    ['an image without a key', bundle, (box) => rmSync(box.key), 'make a key with scripts/update-key'],
    ['a key of another kind', bundle, (box) => writeFileSync(box.key, rsaKey()), 'is no Ed25519 key'],
    ['a broken key', bundle, (box) => writeFileSync(box.key, 'PEM'), 'update-key.pub, cannot be used'],
    ['no bundle', bundle, (box) => rmSync(box.bundle), 'no such file or directory'],
    ['a folder', bundle, (box) => void [rmSync(box.bundle), mkdirSync(box.bundle)], 'a.bootcfg-update is no file'],
    ['a link', bundle, (box) => void [rmSync(box.bundle), symlinkSync('/dev/zero', box.bundle)], 'too many'],
  ]
  for (const [name, bytes, change, reason] of cases) {
    test(name, async () => {
      using folder = temporaryFolder()
      const made = makeBox(folder.path, bytes)
      const box: PaperBox = { ...made, ...change(made) }
      const before = worldOf(box)
      const { state, reason: said } = await install(box)
      expect(said).toContain(reason)
      expect(state).toBe('refused')
      expect(statusOf(box)).toMatchObject({ state: 'refused', bundle: 'a.bootcfg-update', reason: said })
      expect(worldOf(box)).toEqual(before)
    })
  }
})

function rsaKey(): string {
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' })
}

test('a bundle as large as it may be takes no more memory than a small one', async () => {
  using folder = temporaryFolder()
  const box = makeBox(folder.path, bundleOf(contents, { bytes: 256 * MIB, slotBytes: 256 * MIB }))
  truncateSync(box.bundle, bundle.length - contents.length + 256 * MIB + 4) // two numbers of it have two digits more
  let most = 0
  await using opened = await openBundle(box.bundle, KEYS.publicKey)
  const before = process.memoryUsage().arrayBuffers
  const progress = async (): Promise<void> => void (most = Math.max(most, process.memoryUsage().arrayBuffers - before))
  await expect(opened.checkContents(progress)).rejects.toThrow('are damaged')
  expect(most).toBeGreaterThan(0)
  expect(most).toBeLessThan(16 * MIB)
})

test('an older bundle that is forced is installed', async () => {
  using folder = temporaryFolder()
  const box = { ...makeBox(folder.path, bundle), version: '3.0.0', isForced: true }
  expect((await install(box)).state).toBe('written')
})

test('a slot that cannot be written is never tried, and says why', async () => {
  using folder = temporaryFolder()
  const box = { ...makeBox(folder.path, bundle), slotDevice: '/dev/full' }
  writeFileSync(
    box.espEnv,
    formatEnv(
      new Map([
        ['good', 'a'],
        ['try', 'b'],
        ['tries', '2'],
      ]),
    ),
  )
  // /dev/full has no size, so it is refused for that before a byte is written.
  expect(await install(box)).toMatchObject({ state: 'refused' })
  rmSync(box.espEnv)
  expect(await install({ ...box, slotDevice: join(folder.path, 'slot-b') })).toMatchObject({
    state: 'failed',
    reason: expect.stringContaining('ENOENT') as string,
  })
})

test('the environment block of GRUB is made anew when it is damaged', async () => {
  using folder = temporaryFolder()
  const box = makeBox(folder.path, bundle)
  writeFileSync(box.espEnv, Buffer.alloc(1024, 0xff))
  expect((await install(box)).state).toBe('written')
  expect(envOf(box)).toEqual({ good: 'a', try: 'b', tries: '3' })
})

test('each percent is told once', async () => {
  const told: number[] = []
  const progress = eachPercent(async (percent) => void told.push(percent))
  for (const share of [0, 0.001, 0.01, 0.019, 0.5, 1]) await progress(share)
  expect(told).toEqual([0, 1, 50, 100])
})

describe('keep, in slot a or b, with good, try and tries:', () => {
  //  slot, before                                       after                                rolled back
  const cases: ['a' | 'b', [string, string, string], [string, string, string], string | undefined][] = [
    ['b', ['a', 'b', '2'], ['b', '', '0'], undefined], // the try succeeded
    ['a', ['a', 'b', '0'], ['a', '', '0'], 'b'], // three times in vain
    ['a', ['a', 'b', '2'], ['a', '', '0'], 'b'], // could not even be loaded
    ['a', ['a', 'b', '3'], ['a', 'b', '3'], undefined], // just installed: its turn is still to come
    ['b', ['a', '', '0'], ['b', '', '0'], undefined], // a is good, but could not be loaded
    ['a', ['a', '', '0'], ['a', '', '0'], undefined],
    ['a', ['a', 'rubbish', '9'], ['a', '', '0'], undefined],
  ]
  for (const [slot, [good, tried, tries], [goodAfter, triedAfter, triesAfter], rolledBack] of cases) {
    test(`${slot}, good=${good} try=${tried} tries=${tries}: rolled back ${rolledBack ?? 'nothing'}`, async () => {
      using folder = temporaryFolder()
      const file = join(folder.path, 'grubenv')
      writeFileSync(
        file,
        formatEnv(
          new Map([
            ['good', good],
            ['try', tried],
            ['tries', tries],
          ]),
        ),
      )
      const kept = await keep(file, slot)
      expect(kept.rolledBack).toBe(rolledBack)
      expect(envOf({ espEnv: file } as PaperBox)).toEqual({ good: goodAfter, try: triedAfter, tries: triesAfter })
      expect((await keep(file, slot)).isNew).toBe(false)
    })
  }
})
