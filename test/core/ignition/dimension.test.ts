/** Expectations were taken from alecthomas/units of 2015. */
import { describe, expect, test } from 'vitest'

import { align, parseSectors } from '../../../src/core/ignition/v1/dimension.ts'

describe('sizes are sectors of 512 bytes, rounded up', () => {
  const cases: [string, bigint][] = [
    ['0', 0n],
    ['-0', 0n],
    ['+0', 0n],
    ['0B', 0n],
    ['1B', 1n],
    ['512B', 1n],
    ['513B', 2n],
    ['1KiB', 2n],
    ['1KB', 2n],
    ['1MiB', 2048n],
    ['10GiB', 20971520n],
    ['1.5GB', 3145728n],
    ['.5MiB', 1024n],
    ['5.MiB', 10240n],
    ['1MiB512KiB', 3072n],
    ['+1TiB', 2147483648n],
    ['7.999EiB', 18012146709668298n],
    ['9.99MiB', 20460n],
  ]
  for (const [text, sectors] of cases) test(text, () => expect(parseSectors(text)).toBe(sectors))
})

describe('what is no size', () => {
  const cases: [string, string][] = [
    ['', 'units: invalid '],
    ['-', 'units: invalid -'],
    ['abc', 'units: invalid abc'],
    ['.MiB', 'units: invalid .MiB'],
    ['1MiB ', 'unknown unit MiB '],
    ['1024', 'units: unknown unit  in 1024'],
    ['1mib', 'unknown unit mib'],
    ['1 MiB', 'unknown unit  MiB'],
    ['1MiB1KB', 'unknown unit MiB'],
    ['1ZiB', 'unknown unit ZiB'],
    ['9EB', 'overflow'],
    ['99999999999999999999B', 'units: invalid 99999999999999999999B'],
    ['-1MiB', 'must not be negative'],
  ]
  for (const [text, problem] of cases) test(JSON.stringify(text), () => expect(parseSectors(text)).toContain(problem))
})

describe('a place is moved to a multiple of a MiB, though not to the first', () => {
  const cases: [bigint, bigint][] = [
    [0n, 0n],
    [1n, 2048n],
    [2047n, 2048n],
    [2048n, 2048n],
    [4095n, 2048n],
    [20460n, 18432n],
  ]
  for (const [from, to] of cases) test(`${from} is ${to}`, () => expect(align(from)).toBe(to))
})
