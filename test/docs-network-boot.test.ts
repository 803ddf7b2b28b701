/**
 * What docs/network-boot.md and its neighbours say in tables, against the program.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { ARCHITECTURES } from '../src/dhcp/pxe.ts'

function read(name: string): string {
  return readFileSync(join(import.meta.dirname, '..', name), 'utf8')
}

test('network-boot.md has the files of every kind of machine that can be booted', () => {
  const rows = [...read('docs/network-boot.md').matchAll(/^\| [^|]+ \| (\d[\d, ]*) \| (`[^|]*`) \|$/gm)]
  const documented = rows.flatMap(([, numbers, files]) =>
    numbers!.split(', ').map((number) => [Number(number), files!.replaceAll('`', '').split(', ')] as const),
  )
  const bootable = [...ARCHITECTURES.values()].filter(({ files }) => files.length > 0)
  expect(new Map(documented)).toEqual(new Map(bootable.map(({ number, files }) => [number, files])))
})

test('libvirt.md has the addresses and uuids of scripts/libvirt', () => {
  const script = read('scripts/libvirt')
  const valueOf = (map: string, node: string) =>
    new RegExp(`${map}=\\([^)]*\\[${node}\\]=(\\S+)`).exec(script)?.[1] ?? 'none'
  for (const node of ['node1', 'node2', 'node3', 'node4']) {
    expect(read('docs/libvirt.md')).toContain(
      `| ${node} | \`${valueOf('mac_of', node)}\` | \`${valueOf('uuid_of', node)}\` |`,
    )
  }
})
