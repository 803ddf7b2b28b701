/**
 * Which version is newer, by the examples of Semantic Versioning 2.0.0, section 11.
 */
import { expect, test } from 'vitest'

import { compareVersions, isVersion } from '../../src/appliance/version.ts'

const ASCENDING = [
  '0.9.9',
  '1.0.0-1',
  '1.0.0-2',
  '1.0.0-10',
  '1.0.0-alpha',
  '1.0.0-alpha.1',
  '1.0.0-alpha.beta',
  '1.0.0-beta',
  '1.0.0-beta.2',
  '1.0.0-beta.11',
  '1.0.0-rc.1',
  '1.0.0',
  '1.0.1',
  '1.2.0',
  '1.10.0',
  '2.0.0',
]

test('every version is newer than the ones before it', () => {
  for (const [n, version] of ASCENDING.entries()) {
    for (const [m, other] of ASCENDING.entries()) {
      expect(Math.sign(compareVersions(version, other)), `${version} and ${other}`).toBe(Math.sign(n - m))
    }
  }
})

test('what follows a + does not count', () => {
  expect(compareVersions('1.0.0+a', '1.0.0+b')).toBe(0)
})

test('what is no version is told from one', () => {
  for (const text of ['', '1', '1.0', 'v1.0.0', '1.0.0-', '1.0.0 ', '1.0.0-a..b', `1.0.0-${'a'.repeat(70)}`]) {
    expect(isVersion(text), text).toBe(false)
    expect(() => compareVersions(text, '1.0.0')).toThrow('not a version')
  }
})
