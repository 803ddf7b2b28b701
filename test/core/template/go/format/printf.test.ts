/**
 * Directives and the values they show. The vectors hold some hundreds more; these are the rules, and what vectors lack.
 */
import { describe, expect, test } from 'vitest'

import { ConfigError } from '../../../../../src/core/errors.ts'
import { sprintf } from '../../../../../src/core/template/go/format/printf.ts'
import { Byte, Complex } from '../../../../../src/core/template/go/operand.ts'
import type { Operand } from '../../../../../src/core/template/go/operand.ts'
import { Uint64, ValueMap } from '../../../../../src/core/value.ts'
import type { Value } from '../../../../../src/core/value.ts'

const map = ValueMap.from('any', [
  ['b', 2n],
  ['a', [null, 1.5]],
])

type Case = [format: string, args: Operand[], text: string]

function table(name: string, cases: readonly Case[]): void {
  describe(name, () => {
    test.each(cases)('%s', (format, args, text) => {
      expect(sprintf(format, args, 10_000_000)).toBe(text)
    })
  })
}

table('integers', [
  ['%d|%5d|%-5d|%05d', [42n, 42n, 42n, 42n], '42|   42|42   |00042'],
  ['%+d|% d|%+05d|% 05d', [42n, 42n, 42n, 42n], '+42| 42|+0042| 0042'],
  ['%.3d|%6.3d|%-6.3d|%06.3d', [7n, 7n, 7n, 7n], '007|   007|007   |   007'],
  ['[%.0d][%3.0d][%.0d]', [0n, 0n, 1n], '[][   ][1]'],
  ['%b %o %O %x %X', [10n, 10n, 10n, 255n, 255n], '1010 12 0o12 ff FF'],
  ['%#b %#o %#x %#X %#O', [10n, 10n, 255n, 255n, 8n], '0b1010 012 0xff 0XFF 0o010'],
  ['%x %d', [-(2n ** 63n), 2n ** 63n - 1n], '-8000000000000000 9223372036854775807'],
  ['%v %#v', [new Uint64(2n ** 64n - 1n), new Uint64(2n ** 64n - 1n)], '18446744073709551615 0xffffffffffffffff'],
  ['%v %#v %T', [new Byte(104), new Byte(104), new Byte(104)], '104 0x68 uint8'],
  ['%c|%5c|%q|%+q|%#q', [0x65e5n, 65n, 65n, 0x65e5n, 10n], "日|    A|'A'|'\\u65e5'|'\\n'"],
  ['%c%c%c %q', [-1n, 0x110000n, 0xd800n, 0xd800n], "\ufffd\ufffd\ufffd '\ufffd'"],
  ['%U %#U %#.6U %U', [65n, 65n, 0x1f600n, -1n], "U+0041 U+0041 'A' U+01F600 '😀' U+FFFFFFFFFFFFFFFF"],
])

table('floats', [
  ['%v %v %v %v %v', [1e6, 123456.0, 1e-4, 1e-5, -0], '1e+06 123456 0.0001 1e-05 -0'],
  ['%f|%.0f|%8.2f|%-8.2f|%08.2f', [1.5, 2.5, 2.34567, 2.34567, -2.34567], '1.500000|2|    2.35|2.35    |-0002.35'],
  ['%.0f %.0f %.0f %.2f', [0.5, 1.5, 3.5, 0.125], '0 2 4 0.12'],
  ['%e %E %.0e %g %G', [123456.789, 1e-7, 15.0, 1e21, 1e-7], '1.234568e+05 1.000000E-07 2e+01 1e+21 1E-07'],
  ['%.3g %.10g %.3g %#.3g %#g', [1234.5678, 100000.0, 100000.0, 1.0, 1.0], '1.23e+03 100000 1e+05 1.00 1.00000'],
  ['%x %X %.3x %b %#x', [1.0, -0.25, 1.1, 1.0, 1.0], '0x1p+00 -0X1P-02 0x1.19ap+00 4503599627370496p-52 0x1.0000p+00'],
  ['%+g % v %+g %6v|%06v|% v', [1.5, 1.5, NaN, NaN, NaN, NaN], '+1.5  1.5 +NaN    NaN|   NaN| NaN'],
  ['%v %06v % v %-6v|', [Infinity, -Infinity, Infinity, Infinity], '+Inf   -Inf  Inf +Inf  |'],
  ['%.40f', [0.1], '0.1000000000000000055511151231257827021182'],
  ['%.3f %g', [5e-324, 5e-324], '0.000 5e-324'],
  ['%.1f', [1.7976931348623157e308], `${(2n ** 1024n - 2n ** 971n).toString()}.0`],
  ['%v %.1f %+g', [new Complex(1, -2), new Complex(1, 2), new Complex(1, 2)], '(1-2i) (1.0+2.0i) (+1+2i)'],
])

table('strings', [
  ['%s|%5s|%-5s|%05s|%.2s|%5.1s', ['abc', 'abc', 'abc', 'abc', 'abc', 'abc'], 'abc|  abc|abc  |00abc|ab|    a'],
  [
    'width and precision count characters: %4s|%.1s',
    ['日本', '日本'],
    'width and precision count characters:   日本|日',
  ],
  ['%q %+q %#q %#q', ['é"\n', 'é😀', 'a"b', 'a`b'], '"é\\"\\n" "\\u00e9\\U0001f600" `a"b` "a`b"'],
  [
    '%x %X % x %#x %# X %.2x',
    ['hé', 'hé', 'hé', 'hé', 'hé', 'hé'],
    '68c3a9 68C3A9 68 c3 a9 0x68c3a9 0X68 0XC3 0XA9 68c3',
  ],
  ['%.3x %.4x %.5x', ['😀é', '😀é', '😀é'], 'f09f98 f09f9880 f09f9880c3'],
  ['[%x][%5x][%-5x]', ['', '', ''], '[][     ][     ]'],
  [
    'a byte that is not UTF-8: %q %x %3s|%.2s',
    ['a\udcff', 'a\udcff', '\udcff', '\udcff\udcfeb'],
    'a byte that is not UTF-8: "a\\xff" 61ff   \udcff|\udcff\udcfe',
  ],
])

table('lists, maps, nil and types', [
  ['%v %v', [[1n, 'a', null, true], map], '[1 a <nil> true] map[a:[<nil> 1.5] b:2]'],
  ['%#v', [map], 'map[interface {}]interface {}{"a":[]interface {}{interface {}(nil), 1.5}, "b":2}'],
  ['%#v %#v', [[], ValueMap.from('string', [])], '[]interface {}{} map[string]interface {}{}'],
  ['%03d %q %5t', [[1n, 'a'], ['b', 66n], [true]], '[001 %!d(string=00a)] ["b" \'B\'] [ true]'],
  [
    '%T %T %T %T %T %T',
    [[], map, 1n, 1.5, null, new Complex(0, 1)],
    '[]interface {} map[interface {}]interface {} int float64 <nil> complex128',
  ],
  ['%v %5v %d %s', [null, undefined, null, undefined], '<nil> <nil> %!d(<nil>) %!s(<nil>)'],
  ['%t %v %5t|%-7t|', [true, false, true, false], 'true false  true|false  |'],
])

table('what is wrong with a format shows in the text', [
  ['%d', ['x'], '%!d(string=x)'],
  ['%!', [1n], '%!!(int=1)'],
  ['%s %d', [1n, 1.5], '%!s(int=1) %!d(float64=1.5)'],
  ['%t %w %p', [1n, 'a', [1n]], '%!t(int=1) %!w(string=a) %!p([]interface {}=[1])'],
  ['%d %d', [1n], '1 %!d(MISSING)'],
  ['%', [], '%!(NOVERB)'],
  ['%5.', [1n], '%!(NOVERB)%!(EXTRA int=1)'],
  ['x', [1n, null, 'a'], 'x%!(EXTRA int=1, <nil>, string=a)'],
  ['%日', [1n], '%!日(int=1)'],
  ['100%% %5%', [], '100% %'],
])

table('argument indexes and sizes from arguments', [
  ['%[2]d %[1]d %d', [1n, 2n], '2 1 2'],
  ['%[3]*.[2]*[1]f|', [12.0, 2n, 6n], ' 12.00|'],
  ['%[3]d %[x]d %[0]d %[]d %[', [1n], '%!d(BADINDEX) %!d(BADINDEX) %!d(BADINDEX) %!d(BADINDEX) %!(NOVERB)'],
  ['%[1]2d %[1].2d', [1n], '%!d(BADINDEX) %!d(BADINDEX)'],
  ['%*d|%-*d|%*d|', [5n, 42n, 5n, 42n, -5n, 42n], '   42|42   |42   |'],
  ['%*d %.*f %.*f', ['x', 1n, 'x', 1.5, -1n, 1.5], '%!(BADWIDTH)1 %!(BADPREC)1.500000 %!(BADPREC)1.500000'],
  ['%*d', [1_000_001n, 1n], '%!(BADWIDTH)1'],
  ['%99999999d', [1n], '%!(NOVERB)%!(EXTRA int=1)'],
])

test('a width of a million is kept', () => {
  expect(sprintf('%1000000d', [1n], 2_000_000)).toHaveLength(1_000_000)
})

function codeOf(run: () => string): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof ConfigError) return error.code
    throw error
  }
}

function nested(levels: number): Value {
  return Array.from({ length: levels }).reduce<Value>((inner) => [inner], 1n)
}

describe('limits', () => {
  test('a text longer than allowed is not made', () => {
    expect(codeOf(() => sprintf('%d', [12_345n], 5))).toBeUndefined()
    expect(codeOf(() => sprintf('%d', [12_345n], 4))).toBe('template-limit')
    expect(codeOf(() => sprintf('%999999d', [Array.from({ length: 10_000 }, () => 1n)], 1_000_000))).toBe(
      'template-limit',
    )
  })

  test('lists may nest deeply, but not without end', () => {
    expect(sprintf('%v', [nested(200)], 1000)).toBe(`${'['.repeat(200)}1${']'.repeat(200)}`)
    expect(codeOf(() => sprintf('%v', [nested(100_000)], 1_000_000))).toBe('template-limit')
  })
})
