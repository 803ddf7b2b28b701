import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { ConfigError } from '../../src/core/errors.ts'
import { FieldNames, jsonToValue, parseJson } from '../../src/core/go-json-read.ts'
import { type Value, ValueMap } from '../../src/core/value.ts'
import { configErrorOf } from '../support/config-error.ts'

function errorOf(text: string): ConfigError {
  return configErrorOf(() => jsonToValue(parseJson(text), text))
}

test('a node keeps the text of a number, the order of keys and their repetitions', () => {
  expect(parseJson(' {"b": 1.50, "a": [], "b": "x\\n"}')).toEqual({
    kind: 'object',
    offset: 1,
    keys: ['b', 'a', 'b'],
    values: [
      { kind: 'number', text: '1.50', offset: 7 },
      { kind: 'array', items: [], offset: 18 },
      { kind: 'string', text: 'x\n', offset: 27 },
    ],
  })
})

describe('values are those of an interface{}', () => {
  const cases: [string, Value][] = [
    ['null', null],
    [' true\n', true],
    ['false', false],
    ['10', 10],
    ['-0.5e-1', -0.05],
    ['9007199254740993', 9007199254740992],
    [String.raw`"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`, '"\\/\b\f\n\r\té\u{1F600}'],
    ['"\u{1F600}\u007F"', '\u{1F600}\u007F'],
    [String.raw`"a\ud800b\udc00"`, 'a\uFFFDb\uFFFD'],
    [String.raw`"\ud800\ud83d\ude00"`, '\uFFFD\u{1F600}'],
    ['"a\uDCFF\uDC80"', 'a\uFFFD\uFFFD'],
    ['"\\ud83d\uDCFF"', '\uFFFD\uFFFD'],
    ['[1, [2], {}]', [1, [2], ValueMap.from('string', [])]],
    [
      '{"b": 1, "a": 2, "b": {"c": 3}}',
      ValueMap.from('string', [
        ['a', 2],
        ['b', ValueMap.from('string', [['c', 3]])],
      ]),
    ],
  ]
  for (const [text, value] of cases) test(text, () => expect(jsonToValue(parseJson(text), text)).toEqual(value))
})

describe("errors are in Go's words and say where", () => {
  //  text                     message                                                          line  column
  const cases: [string, string, number, number][] = [
    ['', 'unexpected end of JSON input', 1, 1],
    ['{"a":\n', 'unexpected end of JSON input', 2, 1],
    ['"abc', 'unexpected end of JSON input', 1, 5],
    ['}', "invalid character '}' looking for beginning of value", 1, 1],
    ['[1,]', "invalid character ']' looking for beginning of value", 1, 4],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string", 1, 8],
    ['{a:1}', "invalid character 'a' looking for beginning of object key string", 1, 2],
    ['{"a" 1}', "invalid character '1' after object key", 1, 6],
    ['{"a":1 "b"', "invalid character '\"' after object key:value pair", 1, 8],
    ['[1\n 2]', "invalid character '2' after array element", 2, 2],
    ['{} x', "invalid character 'x' after top-level value", 1, 4],
    ['012', "invalid character '1' after top-level value", 1, 2],
    ['+1', "invalid character '+' looking for beginning of value", 1, 1],
    ['-a', "invalid character 'a' in numeric literal", 1, 2],
    ['1.x', "invalid character 'x' after decimal point in numeric literal", 1, 3],
    ['1e+]', "invalid character ']' in exponent of numeric literal", 1, 4],
    ['nulL', "invalid character 'L' in literal null (expecting 'l')", 1, 4],
    ['tru', 'unexpected end of JSON input', 1, 4],
    ['"a\nb"', "invalid character '\\n' in string literal", 1, 3],
    ['"\u0001"', "invalid character '\\x01' in string literal", 1, 2],
    ['"\\x"', "invalid character 'x' in string escape code", 1, 3],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape", 1, 6],
    ['// c', "invalid character '/' looking for beginning of value", 1, 1],
    ["'a'", "invalid character '\\'' looking for beginning of value", 1, 1],
    ['\uFEFF{}', "invalid character '\\ufeff' looking for beginning of value", 1, 1],
    ['\uDCFF', "invalid character '\\xff' looking for beginning of value", 1, 1],
    ['é', "invalid character 'é' looking for beginning of value", 1, 1],
    ['[1e400]', 'json: cannot unmarshal number 1e400 into Go value of type float64', 1, 2],
  ]
  for (const [text, message, line, column] of cases) {
    test(JSON.stringify(text), () => expect(errorOf(text)).toMatchObject({ code: 'json', message, line, column }))
  }
})

test('10,000 levels are read, one more is refused', () => {
  const deep = '['.repeat(10_000) + ']'.repeat(10_000)
  expect(jsonToValue(parseJson(deep), deep)).toHaveLength(1)
  expect(errorOf(`[${deep}]`)).toMatchObject({ code: 'json', message: 'exceeded max depth' })
})

test('exactly what is JSON is read', () => {
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '"a"',
    '\\',
    '\\u00e9',
    '0',
    '12',
    '-',
    '.',
    'e',
    '+',
    'true',
    'null',
    ' ',
    '\n',
    'x',
    '\u0000',
    '\uFEFF',
  ]
  const broken = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join(''))
  const edited = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom(...pieces), fc.nat(2))
    .map(
      ([text, at, piece, cut]) =>
        `${text.slice(0, at % (text.length + 1))}${piece}${text.slice((at % (text.length + 1)) + cut)}`,
    )
  fc.assert(
    fc.property(fc.oneof(broken, edited, fc.json()), (text) => {
      expect(isRead(() => parseJson(text))).toBe(isRead(() => JSON.parse(text)))
    }),
    { numRuns: 3000 },
  )
})

function isRead(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch (error) {
    if (error instanceof ConfigError || error instanceof SyntaxError) return false
    throw error
  }
}

describe('the field of a struct', () => {
  const fields = new FieldNames([
    ['ignitionVersion', 1],
    ['kernel', 2],
    ['size', 3],
    ['SIZE', 4],
  ])
  const cases: [string, string, number | undefined][] = [
    ['is the one of that name', 'kernel', 2],
    ['is found in any case', 'IGNITIONVERSION', 1],
    ['of exactly that name comes first', 'SIZE', 4],
    ['that stands first comes first else', 'Size', 3],
    ['is found by the Kelvin sign and the long s', '\u212Aernel', 2],
    ['is found by the long s', '\u017Fize', 3],
    ['may be none', 'kernels', undefined],
  ]
  for (const [name, key, expected] of cases) test(name, () => expect(fields.find(key)).toBe(expected))
})
