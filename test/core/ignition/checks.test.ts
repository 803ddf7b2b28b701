import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { checkDisk } from '../../../src/core/ignition/v1/checks.ts'

interface Partition {
  readonly number: bigint
  readonly start: bigint
  readonly size: bigint
}

/** As Ignition does it, pair by pair. Sectors are counted in 64 bits, so that an end may come before its start. */
function anyOverlap(partitions: readonly Partition[]): boolean {
  const placed = partitions.filter(({ start }) => start !== 0n)
  const last = ({ start, size }: Partition) => (size === 0n ? start : BigInt.asUintN(64, start + size - 1n))
  return placed.some((a, at) => placed.slice(at + 1).some((b) => a.start <= last(b) && b.start <= last(a)))
}

/** Few places and sizes, at the start and at the end of what 64 bits count, so that partitions meet. */
const start = fc.oneof(fc.bigInt(0n, 9n), fc.bigInt(-9n, -1n)).map((mib) => BigInt.asUintN(64, mib * 2048n))
const size = fc.bigInt(0n, 12n).map((mib) => mib * 2048n)

test('partitions overlap when any two of them do, also where a size goes past 64 bits', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(start, size), { maxLength: 6 }), (places) => {
      const partitions = places.map(([from, sectors], at) => ({ number: BigInt(at), start: from, size: sectors }))
      const problem = checkDisk({ device: '/dev/sda', partitions })
      expect(problem).toBe(anyOverlap(partitions) ? 'disk "/dev/sda": partitions overlap' : undefined)
    }),
    { numRuns: 2000 },
  )
})
