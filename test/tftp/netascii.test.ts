import { expect, test } from 'vitest'

import { toNetascii } from '../../src/tftp/netascii.ts'

test.each([
  ['a\nb\n', 'a\r\nb\r\n'],
  ['a\rb', 'a\r\0b'],
  ['a\r\nb', 'a\r\0\r\nb'],
  ['', ''],
  ['no end', 'no end'],
])('%j goes out as %j', (file, wire) => {
  expect(Buffer.from(toNetascii(Buffer.from(file))).toString()).toBe(wire)
})
