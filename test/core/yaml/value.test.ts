/**
 * What yaml.v2 of 2016 makes of scalars and maps. The expectations were taken from yaml.v2 itself.
 */
import { describe, expect, test } from 'vitest'

import { ConfigError } from '../../../src/core/errors.ts'
import { Uint64, type Value, ValueMap } from '../../../src/core/value.ts'
import type { YamlNode } from '../../../src/core/yaml/node.ts'
import { parseYaml } from '../../../src/core/yaml/parse.ts'
import { entriesOf, isNull, sourceText, toValue } from '../../../src/core/yaml/value.ts'

function parsed(text: string): YamlNode {
  return parseYaml(text) ?? { kind: 'scalar', text: '', plain: true, tag: '', offset: 0 }
}

/** Maps as lists of pairs, in the order of their keys. */
function plain(value: Value): unknown {
  if (value instanceof ValueMap) return [...value.entries()].map(([key, one]) => [plain(key), plain(one)])
  return Array.isArray(value) ? value.map((one: Value) => plain(one)) : value
}

function nameOf(value: Value): string {
  if (typeof value === 'bigint') return `int ${value}`
  if (value instanceof Uint64) return `uint64 ${value.value}`
  return typeof value === 'number' ? `float ${value}` : JSON.stringify(value)
}

describe('a scalar where anything may stand', () => {
  const cases: [Value, string[]][] = [
    [null, ['', '~', 'null', 'Null', 'NULL', "!!null ''"]],
    [true, ['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON', '!!bool "yes"']],
    [false, ['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']],
    [0n, ['0', '-0', '+0', '00', '0x0']],
    [10n, ['10', '+10', '1_0', '0xA', '0XA', '0b1010', '012', '0o12', '0_12', '!!int "10"']],
    [-3n, ['-3', '-0b11', '-0x3', '-03']],
    [493n, ['0755']],
    [9223372036854775807n, ['9223372036854775807']],
    [-9223372036854775808n, ['-9223372036854775808']],
    [new Uint64(9223372036854775808n), ['9223372036854775808', '0x8000000000000000']],
    [18446744073709551616, ['18446744073709551616']],
    [8, ['08', '8.', '8.0', '0.8e1', '80e-1']],
    [1000, ['1e3', '1E+3', '1_000.0']],
    [0.5, ['.5', '+.5e0']],
    [NaN, ['.nan', '.NaN', '.NAN']],
    [Infinity, ['.inf', '+.Inf', '.INF', '+inf', '+Infinity']],
    [-Infinity, ['-.inf', '-inf']],
    ['hello', ['hello', '!!binary aGVsbG8=', '!!binary "aGVs\\nbG8="']],
    ['\uDCFF', ['!!binary /w==']],
    ['12', ['"12"', "'12'", '!!str 12', '!local 12', '!<tag:example.com,2000:x> 12']],
    ['', ['""', '!!str', '!!str ""']],
    ['~', ['"~"', '!!str ~']],
  ]
  for (const [value, texts] of cases) {
    for (const text of texts) {
      test(`${text || 'nothing'} is ${nameOf(value)}`, () => {
        expect(toValue(parsed(text))).toEqual(value)
      })
    }
  }

  const texts = [
    '2016-02-09 2016-02-09T10:00:00Z 52:54:00:12:34:56 190:20:30 10.0.0.1 1.2.3 1,000',
    '0x 0b 0b12 0xG 1e 1e400 _1 + . .e5 nULL oN yess inf nan +nan <<',
  ].flatMap((line) => line.split(' '))
  for (const text of texts) test(`${text} stays text`, () => expect(toValue(parsed(text))).toBe(text))
})

describe('a scalar that is read into a string keeps what was written', () => {
  const cases: [string, string][] = [
    ['0755', '0755'],
    ['yes', 'yes'],
    ['1.50', '1.50'],
    ['"x"', 'x'],
    ['!!int "7"', '7'],
    ['!!binary aGk=', 'hi'],
    ['~', ''],
    ['null', ''],
    ['', ''],
    ['!!null ~', ''],
    ['"null"', 'null'],
    ['!!str null', 'null'],
  ]
  for (const [text, expected] of cases) {
    test(`${text} is ${JSON.stringify(expected)}`, () => {
      const node = parsed(text)
      expect(node.kind === 'scalar' && sourceText(node)).toBe(expected)
      expect(isNull(node)).toBe(expected === '' && text !== '""')
    })
  }
})

describe('maps', () => {
  const cases: [string, string, unknown][] = [
    [
      'keys have types too',
      '{1: a, true: b, ~: c, x: d}',
      [
        [null, 'c'],
        [true, 'b'],
        [1n, 'a'],
        ['x', 'd'],
      ],
    ],
    [
      'of a repeated key the last value counts',
      'a: 1\nb: 2\na: 3\n',
      [
        ['a', 3n],
        ['b', 2n],
      ],
    ],
    [
      'a merge brings what is not there',
      '<<: {a: 1, b: 1}\nb: 2\n',
      [
        ['a', 1n],
        ['b', 2n],
      ],
    ],
    ['a merge behind a key overrides it', 'b: 2\n<<: {b: 1}\n', [['b', 1n]]],
    [
      'of merged maps the first counts',
      '<<: [{a: 1}, {a: 2, b: 2}]\n',
      [
        ['a', 1n],
        ['b', 2n],
      ],
    ],
    [
      'a merged map may merge',
      'x: &x {<<: {a: 1}, b: 2}\nz: {<<: *x}\n',
      [
        [
          'x',
          [
            ['a', 1n],
            ['b', 2n],
          ],
        ],
        [
          'z',
          [
            ['a', 1n],
            ['b', 2n],
          ],
        ],
      ],
    ],
    ['a merge key in quotes is a key', '"<<": 1\n', [['<<', 1n]]],
    ['a tagged merge key merges', '!!merge <<: {a: 1}\n', [['a', 1n]]],
    [
      'a set is a map to nulls',
      '!!set {a, b}',
      [
        ['a', null],
        ['b', null],
      ],
    ],
  ]
  for (const [name, text, expected] of cases) test(name, () => expect(plain(toValue(parsed(text)))).toEqual(expected))

  test('maps are of kind any', () => {
    expect(toValue(parsed('{}'))).toMatchObject({ keyKind: 'any' })
  })

  test('entriesOf() gives keys and values in the order in which they are set', () => {
    const node = parsed('a: 1\n<<: [{b: 2}, {c: 3}]\na: 4\n')
    const entries = node.kind === 'mapping' ? entriesOf(node) : []
    expect(entries.map(([key, value]) => [plain(toValue(key)), plain(toValue(value))])).toEqual([
      ['a', 1n],
      ['c', 3n],
      ['b', 2n],
      ['a', 4n],
    ])
  })
})

describe('errors say where', () => {
  //  text                              message                                        line  column
  const cases: [string, string, number, number][] = [
    ['a: 1\n[b]: 2\n', 'invalid map key', 2, 1],
    ['a:\n  ? {b: c}\n  : d\n', 'invalid map key', 2, 5],
    ['a: !!int x\n', 'cannot decode !!str `x` as a !!int', 1, 10],
    ['a: !!float 1\n', 'cannot decode !!int `1` as a !!float', 1, 12],
    ['a: !!binary "*"\n', 'invalid base64', 1, 13],
    ['a: 1\n<<: 5\n', 'map merge requires map or sequence of maps', 2, 5],
    ['a: 1\n<<: [{}, 5]\n', 'map merge requires map or sequence of maps', 2, 10],
  ]
  for (const [text, message, line, column] of cases) {
    test(JSON.stringify(text), () => {
      const node = parsed(text)
      expect(() => toValue(node, text)).toThrow(ConfigError)
      expect(() => toValue(node, text)).toThrow(message)
      expect(() => toValue(node, text)).toThrow(expect.objectContaining({ code: 'yaml', line, column }))
      expect(() => toValue(node)).toThrow(expect.objectContaining({ code: 'yaml', line: undefined }))
    })
  }
})
