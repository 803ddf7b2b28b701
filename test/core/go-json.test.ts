import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { jsonToValue, parseJson } from '../../src/core/go-json-read.ts'
import { type Encodable, encodeGoJson } from '../../src/core/go-json.ts'
import { Uint64, ValueMap } from '../../src/core/value.ts'

//  rule                                              value                  JSON
const cases: [string, Encodable, string][] = [
  ['null', null, 'null'],
  ['booleans', [true, false], '[true,false]'],
  [
    'integers of any size',
    [0n, -5n, 9223372036854775807n, new Uint64(18446744073709551615n)],
    '[0,-5,9223372036854775807,18446744073709551615]',
  ],
  ['floats as short as they can be', [0.1, 1.5, 100, 1e20], '[0.1,1.5,100,100000000000000000000]'],
  [
    'very large and very small floats with an exponent',
    [1e21, 1.5e300, 1e-6, 1e-7, 1.25e-10],
    '[1e+21,1.5e+300,0.000001,1e-7,1.25e-10]',
  ],
  ['minus zero', -0, '-0'],
  ['quotes and backslashes', 'a"b\\c/d', String.raw`"a\"b\\c/d"`],
  ['line breaks and tabs by letter', '\n\r\t', String.raw`"\n\r\t"`],
  ['other control characters by number', '\u0000\b\f\u001F', String.raw`"\u0000\u0008\u000c\u001f"`],
  ['what HTML would notice', '<a href="x">&', String.raw`"\u003ca href=\"x\"\u003e\u0026"`],
  ['line separators of JavaScript', '\u2028\u2029', String.raw`"\u2028\u2029"`],
  ['everything else as it is', 'é\u007F\u{1F600}\uFFFD', '"é\u007F\u{1F600}\uFFFD"'],
  ['bytes that are not UTF-8, one by one', 'a\uDCFF\uDC80', String.raw`"a\ufffd\ufffd"`],
  ['empty collections', [[], {}, ValueMap.from('string', [])], '[[],{},{}]'],
  [
    'map keys in byte order',
    ValueMap.from('string', [
      ['b', 1n],
      ['\uFFFF', 4n],
      ['\u{1F600}', 5n],
      ['a', 0n],
      ['B', 2n],
    ]),
    '{"B":2,"a":0,"b":1,"\uFFFF":4,"\u{1F600}":5}',
  ],
  [
    'keys of an any map as text',
    ValueMap.from('any', [
      [10n, 'a'],
      [true, 'b'],
      [null, 'c'],
      ['x', 'd'],
      [new Uint64(1n << 63n), 'e'],
    ]),
    '{"10":"a","9223372036854775808":"e","null":"c","true":"b","x":"d"}',
  ],
  [
    'structs in the order of their fields, without what is undefined',
    { z: 1n, a: [{ y: 'x', b: undefined }], n: null },
    '{"z":1,"a":[{"y":"x"}],"n":null}',
  ],
]

describe('encodeGoJson()', () => {
  for (const [rule, value, json] of cases) test(rule, () => expect(encodeGoJson(value)).toBe(json))

  test('refuses what JSON lacks', () => {
    for (const value of [NaN, Infinity, -Infinity]) expect(() => encodeGoJson([value])).toThrow(RangeError)
  })

  test('writes as deep as can be read', () => {
    const text = '[{"a":'.repeat(5000) + '1' + '}]'.repeat(5000)
    expect(encodeGoJson(jsonToValue(parseJson(text), text))).toBe(text)
  })

  test('any JSON value comes back', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.parse(encodeGoJson(jsonToValue(parseJson(text), text)))).toEqual(JSON.parse(text))
      }),
      { numRuns: 500 },
    )
  })

  test('any text comes back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...Array.from('aé"\\/<>&\n\b\f\0\u001F\u007F\u2028\uFFFD\u{1F600}'))),
        (characters) => {
          const text = characters.join('')
          expect(JSON.parse(encodeGoJson(text))).toBe(text)
        },
      ),
      { numRuns: 500 },
    )
  })
})
