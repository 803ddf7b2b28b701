/**
 * Bundles come from a stick or from the network: every one that is not exactly right is refused with its reason.
 */
import { generateKeyPairSync } from 'node:crypto'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { admit, admitSlot, type Box, type Slot } from '../../src/appliance/admit.ts'
import { encodeHead, HEAD_BYTES_MAX, openHead } from '../../src/appliance/bundle.ts'
import { Refusal } from '../../src/appliance/refusal.ts'
import { bundleOf, contentsOf, KEYS, manifestFor, SLOT_BYTES } from '../support/bundles.ts'

const contents = contentsOf(3000)
const manifest = manifestFor(contents)
const whole = bundleOf(contents)

/** The code of the refusal; any other error is a failure of the test. */
function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
  return 'accepted'
}

function opened(bytes: Buffer): string {
  return refusal(() => openHead(bytes.subarray(0, HEAD_BYTES_MAX), KEYS.publicKey))
}

test('a bundle that is right tells its manifest, and its contents follow', () => {
  const head = openHead(whole.subarray(0, HEAD_BYTES_MAX), KEYS.publicKey)
  expect(head.manifest).toEqual(manifest)
  expect(whole.subarray(head.contentsAt).equals(contents)).toBe(true)
})

describe('refused:', () => {
  const changed = (at: number, byte: number): Buffer => {
    const bytes = Buffer.from(whole)
    bytes[at] = byte
    return bytes
  }
  const unsigned = Buffer.from(whole).fill(0, 20, 84)
  const other = generateKeyPairSync('ed25519').privateKey
  //  name                                    bytes                        refusal
  const cases: [string, Buffer, string][] = [
    ['nothing', Buffer.alloc(0), 'not-a-bundle'],
    ['another file', Buffer.alloc(5000, 'PK'), 'not-a-bundle'],
    ['the magic alone', whole.subarray(0, 14), 'truncated'],
    ['cut off in the signature', whole.subarray(0, 83), 'truncated'],
    ['cut off in the manifest', whole.subarray(0, 100), 'truncated'],
    ['a later format', changed(15, 2), 'newer-format'],
    ['a manifest of 64 KiB', changed(17, 1), 'not-a-bundle'],
    ['a length that is one less', changed(19, whole[19]! - 1), 'wrong-key'],
    ['no signature', unsigned, 'unsigned'],
    ['a changed signature', changed(30, whole[30]! ^ 1), 'wrong-key'],
    ['a changed manifest', changed(100, whole[100]! ^ 1), 'wrong-key'],
    ['signed by somebody else', bundleOf(contents, {}, other), 'wrong-key'],
  ]
  for (const [name, bytes, code] of cases) test(name, () => expect(opened(bytes)).toBe(code))

  test('any bundle, by an image without a key', () => {
    expect(refusal(() => openHead(whole.subarray(0, HEAD_BYTES_MAX), undefined))).toBe('no-key')
  })
})

describe('a manifest that is signed, but wrong, is refused:', () => {
  const cases: object[] = [
    { version: '2' },
    { version: 2 },
    { minimum: 'newest' },
    { arch: 'riscv64' },
    { created: 'yesterday' },
    { bytes: 0 },
    { bytes: -1 },
    { bytes: 1.5 },
    { bytes: SLOT_BYTES + 1 },
    { slotBytes: 2 ** 40 },
    { slotBytes: '8' },
    { sha256: manifest.sha256.slice(1) },
    { sha256: manifest.sha256.toUpperCase() },
    { sha256: undefined },
  ]
  for (const changes of cases) {
    test(JSON.stringify(changes), () => expect(opened(bundleOf(contents, changes))).toBe('bad-manifest'))
  }
  for (const value of [null, 'text', 7]) {
    test(`${JSON.stringify(value)} instead of it`, () => {
      expect(opened(encodeHead(value as never, KEYS.privateKey))).toBe('bad-manifest')
    })
  }
})

test('any bytes are a manifest or a refusal', () => {
  const anything = fc.uint8Array({ maxLength: HEAD_BYTES_MAX })
  const damaged = fc
    .record({ at: fc.nat(whole.length - 1), bytes: fc.uint8Array({ maxLength: 40 }), length: fc.nat(whole.length) })
    .map(({ at, bytes, length }) => {
      const copy = Buffer.from(whole)
      copy.set(bytes.subarray(0, copy.length - at), at)
      return copy.subarray(0, length)
    })
  fc.assert(
    fc.property(fc.oneof(anything, damaged), (bytes) => {
      expect(typeof opened(Buffer.from(bytes))).toBe('string')
    }),
    { numRuns: 2000 },
  )
})

describe('for this box, now:', () => {
  const box: Box = { version: '1.5.0', arch: 'amd64', slotBytes: SLOT_BYTES, isForced: false }
  const forced: Box = { ...box, isForced: true }
  //  name                         manifest               box                              refusal
  const cases: [string, object, Box, string][] = [
    ['newer', {}, box, 'accepted'],
    ['the same', { version: '1.5.0' }, box, 'same-version'],
    ['the same, forced', { version: '1.5.0' }, forced, 'accepted'],
    ['older', { version: '1.4.9' }, box, 'older'],
    ['a candidate of what runs', { version: '1.5.0-rc.1' }, box, 'older'],
    ['older, forced', { version: '1.4.9' }, forced, 'accepted'],
    ['for another processor', { arch: 'arm64' }, box, 'foreign-arch'],
    ['for another processor, forced', { arch: 'arm64' }, forced, 'foreign-arch'],
    ['for larger slots', { slotBytes: SLOT_BYTES + 512 }, forced, 'wrong-size'],
    ['for smaller slots', { slotBytes: SLOT_BYTES - 512 }, box, 'wrong-size'],
    ['after one in between', { minimum: '1.6.0' }, box, 'too-big-a-step'],
    ['on a box that does not know its version', {}, { ...box, version: 'dev' }, 'older'],
    ['on a box that does not know its version, forced', {}, { ...forced, version: 'dev' }, 'accepted'],
  ]
  for (const [name, changes, box, code] of cases) {
    test(`${name}: ${code}`, () => expect(refusal(() => admit({ ...manifest, ...changes }, box))).toBe(code))
  }
})

describe('slot to write, running, good:', () => {
  const cases: [Slot, string, string | undefined, string][] = [
    ['b', 'a', 'a', 'accepted'],
    ['a', 'b', 'b', 'accepted'],
    ['b', 'a', undefined, 'accepted'],
    ['a', 'a', 'a', 'wrong-slot'],
    ['a', 'b', 'a', 'wrong-slot'], // b is on trial
    ['a', 'iso', undefined, 'no-slot'],
    ['a', 'net', undefined, 'no-slot'],
    ['a', '', undefined, 'no-slot'],
  ]
  for (const [slot, running, good, code] of cases) {
    test(`${slot}, ${running || 'nothing'}, ${good ?? 'nothing'}: ${code}`, () => {
      expect(refusal(() => admitSlot(slot, running, good))).toBe(code)
    })
  }
})
