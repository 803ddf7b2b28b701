/** Values inside options: what has the wrong size is as if it was not there. */
import { describe, expect, test } from 'vitest'

import { architectures, replyBytesMax, subOptions, u16, u32, userClasses } from '../../src/dhcp/options.ts'
import { ascii, hex, optionsOf } from '../support/dhcp-packets.ts'

describe('numbers', () => {
  const cases: [name: string, value: string, u16: number | undefined, u32: number | undefined][] = [
    ['no byte', '', undefined, undefined],
    ['two bytes', 'fffe', 0xfffe, undefined],
    ['three bytes', '010203', undefined, undefined],
    ['four bytes', 'fffefdfc', undefined, 0xfffefdfc],
    ['five bytes', '0102030405', undefined, undefined],
  ]
  for (const [name, value, small, large] of cases) {
    test(name, () =>
      expect([u16(optionsOf({ 54: value }), 54), u32(optionsOf({ 54: value }), 54)]).toEqual([small, large]),
    )
  }

  test('of an option that is absent', () => {
    expect([u16(new Map(), 57), u32(new Map(), 54)]).toEqual([undefined, undefined])
  })
})

describe('option 93, architectures', () => {
  const cases: [name: string, value: string, numbers: number[]][] = [
    ['one', '0007', [7]],
    ['a list', '0007 0010', [7, 16]],
    ['no byte', '', []],
    ['one byte', '07', []],
    ['three bytes', '000700', []],
  ]
  for (const [name, value, numbers] of cases) {
    test(name, () => expect(architectures(optionsOf({ 93: value }))).toEqual(numbers))
  }
})

describe('option 77, user classes: a list of RFC 3004 or bare text', () => {
  const cases: [name: string, value: string, classes: string[]][] = [
    ['bare text, as iPXE writes it', '69505845', ['iPXE']],
    ['a list of one', '04 69505845', ['iPXE']],
    ['a list of two', '04 69505845 03 616263', ['iPXE', 'abc']],
    ['a list whose lengths do not add up is text', '05 69505845', ['\x05iPXE']],
    ['an element of no length makes it text', '04 69505845 00', ['\x04iPXE']],
    ['text whose first character could be a length is text', ascii(` ${'x'.repeat(32)}`), [` ${'x'.repeat(32)}`]],
    ['nothing', '', []],
  ]
  for (const [name, value, classes] of cases) {
    test(name, () => expect(userClasses(optionsOf({ 77: value }))).toEqual(classes))
  }
})

describe('option 57, the longest reply', () => {
  const cases: [asked: string | undefined, bytes: number][] = [
    [undefined, 548],
    ['0000', 548],
    ['023f', 548],
    ['0240', 548],
    ['0400', 996],
    ['05c0', 1444],
    ['ff00', 1444],
    ['05', 548],
  ]
  for (const [asked, bytes] of cases) {
    test(`${asked ?? 'absent'} is ${bytes} bytes of payload`, () => {
      expect(replyBytesMax(optionsOf(asked === undefined ? {} : { 57: asked }))).toBe(bytes)
    })
  }
})

describe('options inside 43 and 175', () => {
  const cases: [name: string, block: string, found: Record<number, string>][] = [
    ['pads are skipped, END ends', '00 06 01 08 00 0a 02 0161 ff 08 01 01', { 6: '08', 10: '0161' }],
    ['no END', '06 01 08 0a 01 00', { 6: '08', 10: '00' }],
    ['what overruns ends the walk', '06 01 08 0a 09 00', { 6: '08' }],
    ['a code without length ends the walk', '06 01 08 0a', { 6: '08' }],
    ['of two the first counts', '06 01 08 06 01 03', { 6: '08' }],
    ['nothing', '', {}],
  ]
  for (const [name, block, found] of cases) {
    test(name, () => expect(subOptions(new Uint8Array(hex(block)))).toEqual(optionsOf(found)))
  }
})
