/** The table of architectures holds together. */
import { expect, test } from 'vitest'

import { ARCHITECTURES } from '../../src/dhcp/pxe.ts'

const rows = [...ARCHITECTURES.values()]

test('every number up to 41 is there, once, under a name of its own', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 42 }, (_, number) => number))
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length)
})

test('UEFI gets .efi files, BIOS never does', () => {
  for (const { family, files } of rows) {
    for (const file of files) expect(file.endsWith('.efi')).toBe(family === 'uefi')
  }
})

test('an HTTP variant can begin with the same builds as its PXE sibling', () => {
  const byName = new Map(rows.map((row) => [row.name, row]))
  const siblings = rows.filter(({ name, files }) => name.endsWith('-http') && files.length > 0)
  expect(siblings.length).toBeGreaterThan(4)
  for (const { name, files } of siblings) {
    expect(files.toSorted()).toEqual(byName.get(name.slice(0, -'-http'.length))!.files.toSorted())
  }
})
