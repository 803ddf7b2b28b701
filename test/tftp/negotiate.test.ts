import { expect, test } from 'vitest'

import { negotiate } from '../../src/tftp/negotiate.ts'
import type { Option } from '../../src/tftp/packet.ts'

const granted = (options: readonly Option[], sizeBytes: number | undefined = 70_000, blockBytesMax = 1468): string =>
  negotiate({ options, sizeBytes, blockBytesMax })
    .granted.map(([name, value]) => `${name}=${value}`)
    .join(' ')

const single: [option: string, asked: string, answer: string][] = [
  ['blksize', '7', ''],
  ['blksize', '8', 'blksize=8'],
  ['blksize', '511', 'blksize=511'],
  ['blksize', '1432', 'blksize=1432'],
  ['blksize', '1469', 'blksize=1468'],
  ['blksize', '65464', 'blksize=1468'],
  ['blksize', '65465', ''],
  ['blksize', '-1', ''],
  ['blksize', '1e3', ''],
  ['blksize', '', ''],
  ['blksize', '00001024', 'blksize=1024'],
  ['blksize', '12345678901234567890', ''],
  ['timeout', '0', ''],
  ['timeout', '1', 'timeout=1'],
  ['timeout', '255', 'timeout=255'],
  ['timeout', '256', ''],
  ['windowsize', '0', ''],
  ['windowsize', '1', 'windowsize=1'],
  ['windowsize', '16', 'windowsize=16'],
  ['windowsize', '65535', 'windowsize=64'],
  ['windowsize', '65536', ''],
  ['tsize', '0', 'tsize=70000'],
  ['tsize', 'x', ''],
  ['multicast', '', ''],
  ['mswindow', '4', ''],
]
test.each(single)('%s %s is answered with "%s"', (option, asked, answer) => {
  expect(granted([[option, asked]])).toBe(answer)
})

test('names are known in any case, and come back as they were spelt, in the order in which they were asked', () => {
  const asked: Option[] = [
    ['TSize', '0'],
    ['nobody-knows', '1'],
    ['BLKSIZE', '1024'],
  ]
  expect(granted(asked)).toBe('TSize=70000 BLKSIZE=1024')
})

test('an option that is asked twice is answered once, as it was first', () => {
  const asked: Option[] = [
    ['blksize', '512'],
    ['BLKSIZE', '1024'],
  ]
  expect(granted(asked)).toBe('blksize=512')
  expect(negotiate({ options: asked, sizeBytes: 1, blockBytesMax: 1468 }).blockBytes).toBe(512)
})

test('an empty file has a size as well', () => {
  expect(granted([['tsize', '0']], 0)).toBe('tsize=0')
})

test('in netascii nobody knows the size, and there are no windows', () => {
  const asked: Option[] = [
    ['tsize', '0'],
    ['windowsize', '8'],
    ['blksize', '1024'],
  ]
  expect(negotiate({ options: asked, sizeBytes: undefined, blockBytesMax: 1468 })).toEqual({
    blockBytes: 1024,
    window: 1,
    timeoutMs: undefined,
    granted: [['blksize', '1024']],
  })
})

test('the size of a block is cut to what the network takes', () => {
  expect(granted([['blksize', '1468']], 1, 1228)).toBe('blksize=1228')
})

test('what is granted is what is done', () => {
  const asked: Option[] = [
    ['blksize', '1468'],
    ['windowsize', '4'],
    ['timeout', '3'],
  ]
  expect(negotiate({ options: asked, sizeBytes: 1, blockBytesMax: 1468 })).toMatchObject({
    blockBytes: 1468,
    window: 4,
    timeoutMs: 3000,
  })
})
