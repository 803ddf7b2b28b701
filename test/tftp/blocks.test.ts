import fc from 'fast-check'
import { expect, test } from 'vitest'

import { asNeeded, laidOut, laidOutBytes, layOut } from '../../src/tftp/blocks.ts'
import { decode } from '../../src/tftp/packet.ts'

const cases: [bytes: number, blockBytes: number, lengths: number[]][] = [
  [0, 512, [0]],
  [1, 512, [1]],
  [511, 512, [511]],
  [512, 512, [512, 0]],
  [513, 512, [512, 1]],
  [1024, 512, [512, 512, 0]],
]
test.each(cases)(
  'a file of %i bytes goes out in blocks of at most %i, the last one short: %j',
  (bytes, block, want) => {
    const blocks = asNeeded(new Uint8Array(bytes), block)
    const lengths = Array.from({ length: blocks.count }, (_, at) => blocks.packets(at + 1, at + 1).length - 4)
    expect(lengths).toEqual(want)
  },
)

test('any run of packets is the same, laid out or written as needed, and holds the file', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: 8, max: 50 }),
      fc.nat(),
      fc.nat(),
      (file, blockBytes, a, b) => {
        const all = layOut(file, blockBytes)
        expect(all.length).toBe(laidOutBytes(file.length, blockBytes))
        const [one, two] = [laidOut(all, file.length, blockBytes), asNeeded(file, blockBytes)]
        expect(one.count).toBe(two.count)
        const [first, last] = [1 + (a % one.count), 1 + (b % one.count)].toSorted((x, y) => x - y) as [number, number]
        expect(Buffer.from(one.packets(first, last))).toEqual(Buffer.from(two.packets(first, last)))
        const packet = decode(one.packets(first, first))
        if (packet.op !== 'data') throw new Error(packet.op)
        expect(packet.block).toBe(first)
        const from = (first - 1) * blockBytes
        expect(Buffer.from(packet.bytes)).toEqual(Buffer.from(file.subarray(from, from + blockBytes)))
      },
    ),
  )
})

test('the block number is 0 again after 65535', () => {
  const blocks = asNeeded(new Uint8Array(8 * 65_537), 8)
  expect(decode(blocks.packets(65_535, 65_535))).toMatchObject({ block: 65_535 })
  expect(decode(blocks.packets(65_536, 65_536))).toMatchObject({ block: 0 })
  expect(decode(blocks.packets(65_537, 65_537))).toMatchObject({ block: 1 })
})
