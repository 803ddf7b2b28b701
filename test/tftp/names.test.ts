import { expect, test } from 'vitest'

import type { FirmwareFile } from '../../src/core/firmware.ts'
import { findFile } from '../../src/tftp/names.ts'

function folder(...names: string[]): Map<string, FirmwareFile> {
  return new Map(names.map((name) => [name, { name, path: `/firmware/${name}`, size: 1, stamp: '1' }]))
}

function found(requested: string, ...names: string[]): string | undefined {
  const file = findFile(requested, folder(...names))
  return typeof file === 'object' ? file.name : file
}

const matches: [rule: string, requested: string, file: string][] = [
  ['by its name', 'snponly.efi', 'snponly.efi'],
  ['with a leading slash', '/snponly.efi', 'snponly.efi'],
  ['with several, and dots between them', '//./snponly.efi', 'snponly.efi'],
  ['with backslashes', '\\boot\\bcd', 'boot/bcd'],
  ['by its base name', 'some/where/else/snponly.efi', 'snponly.efi'],
  ['by the end of its path', '/srv/tftp/firmware/rpi/start4.elf', 'rpi/start4.elf'],
  ['in a folder that the request does not name', 'start4.elf', 'rpi/start4.elf'],
  ['whatever the case', '\\Boot\\BCD', 'boot/bcd'],
  ['by its base name whatever the case', 'X/SNPONLY.EFI', 'snponly.efi'],
  ['with 0xff behind it', 'snponly.efi\u00ff', 'snponly.efi'],
  ['with 0xff and a control character behind it', 'snponly.efi\u00ff\r', 'snponly.efi'],
  ['in UTF-8', 'caf\u00c3\u00a9.efi', 'caf\u00e9.efi'],
  ['in Latin-1', 'caf\u00e9.efi', 'caf\u00e9.efi'],
  ['that really ends in 0xff', 'odd\u00ff', 'odd\u00ff'],
]
test.each(matches)('a file is found %s', (_, requested, file) => {
  expect(found(requested, 'other', file)).toBe(file)
})

test('the whole path goes before a part of it, and the case as it is before any case', () => {
  expect(found('rpi/config.txt', 'config.txt', 'rpi/config.txt')).toBe('rpi/config.txt')
  expect(found('1234/config.txt', 'config.txt', 'rpi/config.txt')).toBe('config.txt')
  expect(found('BCD', 'bcd', 'BCD')).toBe('BCD')
})

test('a base name that several folders have is found in none of them', () => {
  expect(found('config.txt', 'a/config.txt', 'b/config.txt')).toBeUndefined()
})

const misses = [
  '../snponly.efi',
  'a/../../snponly.efi',
  '..\\snponly.efi',
  'x/..',
  'C:\\snponly.efi',
  'tftp://10.9.0.2/snponly.efi',
  '/etc/passwd',
  '%2e%2e/',
  'snponly.efi\n',
  'snp\u0001only.efi',
  `${'a/'.repeat(300)}snponly.efi`,
  `${'a'.repeat(300)}/snponly.efi`,
  '',
  '/',
  '.',
  '\u00ff',
]
test.each(misses)('nothing is found for %j', (requested) => {
  expect(found(requested, 'snponly.efi')).toBeUndefined()
})

test.each(['autoexec.ipxe', '/autoexec.ipxe', 'a/b/c/autoexec.ipxe', 'a\\AUTOEXEC.IPXE'])(
  '%s is made for the machine',
  (requested) => {
    expect(found(requested)).toBe('autoexec')
    expect(found(requested, 'snponly.efi', 'elsewhere/autoexec.ipxe')).toBe('autoexec')
  },
)

test("the operator's own autoexec.ipxe goes before the one that is made", () => {
  expect(found('/autoexec.ipxe', 'autoexec.ipxe')).toBe('autoexec.ipxe')
  expect(found('a\\autoexec.ipxe', 'autoexec.ipxe', 'a/autoexec.ipxe')).toBe('a/autoexec.ipxe')
  expect(found('b/autoexec.ipxe', 'autoexec.ipxe', 'a/autoexec.ipxe')).toBe('autoexec.ipxe')
})
