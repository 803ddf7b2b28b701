import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { ConfigError } from '../../../src/core/errors.ts'
import type { YamlNode } from '../../../src/core/yaml/node.ts'
import { parseYaml } from '../../../src/core/yaml/parse.ts'
import { toValue } from '../../../src/core/yaml/value.ts'
import { configErrorOf } from '../../support/config-error.ts'

/** A document as nested lists, `['key', value, …]` for a mapping, scalars as they are written in it. */
function outline(node: YamlNode | undefined): unknown {
  if (node === undefined) return undefined
  if (node.kind === 'sequence') return node.items.map(outline)
  if (node.kind === 'mapping')
    return { entries: node.keys.flatMap((key, at) => [outline(key), outline(node.values[at])]) }
  return node.text
}

function map(...entries: unknown[]): unknown {
  return { entries }
}

function errorOf(text: string): ConfigError {
  return configErrorOf(() => parseYaml(text))
}

test('a node says where it stands and how it was written', () => {
  const node = parseYaml('a: !!str 12\nb: "x"\n')
  expect(node).toEqual({
    kind: 'mapping',
    merges: false,
    offset: 0,
    keys: [
      { kind: 'scalar', text: 'a', plain: true, tag: '', offset: 0 },
      { kind: 'scalar', text: 'b', plain: true, tag: '', offset: 12 },
    ],
    values: [
      { kind: 'scalar', text: '12', plain: true, tag: '!!str', offset: 9 },
      { kind: 'scalar', text: 'x', plain: false, tag: '', offset: 15 },
    ],
  })
})

describe('only the first document is read', () => {
  const cases: [string, string, unknown][] = [
    ['nothing at all', '', undefined],
    ['only comments', '# a\n\n  # b\n', undefined],
    ['an empty document', '---\n', ''],
    ['a marker first', '---\na\n', 'a'],
    ['comments and directives before the marker', '# c\n%YAML 1.1\n---\na\n', 'a'],
    ['a second document', 'a\n---\nb\n', 'a'],
    ['a broken second document', 'a\n--- {\n', 'a'],
    ['a second document after a first with a marker', '---\na\n---\n[\n', 'a'],
    ['a marker after the end of the first', 'a\n...\n---\nb\n', 'a'],
    ['dashes that are no marker', 'a: |\n  ---\n  b\n', map('a', '---\nb\n')],
    ['a line of more dashes', 'a\n---b\n', 'a ---b'],
    ['a byte order mark', '\uFEFFa: b', map('a', 'b')],
    ['a byte order mark before a marker', '\uFEFF---\na\n---\n[', 'a'],
  ]
  for (const [name, text, expected] of cases) test(name, () => expect(outline(parseYaml(text))).toEqual(expected))
})

describe('scalars', () => {
  const cases: [string, string, string][] = [
    ['plain text folds its lines', 'a\n  b\n\n  c', 'a b\nc'],
    ['single quotes are doubled', "'it''s'", "it's"],
    ['double quotes know escapes', String.raw`"\x41\u00e9\U0001F600\n\t\e"`, 'A\u00E9\u{1F600}\n\t\u001B'],
    ['an escaped surrogate pair is a character', String.raw`"\ud83d\ude00"`, '\u{1F600}'],
    ['a literal block keeps its lines', '|\n  a\n   b\n\n  c\n', 'a\n b\n\nc\n'],
    ['a folded block joins them', '>\n  a\n  b\n\n  c\n', 'a b\nc\n'],
    ['a block may strip its end', '|-\n  a\n\n', 'a'],
    ['a block may keep its end', '|+\n  a\n\n', 'a\n\n'],
    ['a block that the text ends in has no line break that is not written', '|\n  a', 'a'],
    ['CRLF is a line break', '|\r\n  a\r\n  b\r\n', 'a\nb\n'],
  ]
  for (const [name, text, expected] of cases) test(name, () => expect(outline(parseYaml(text))).toBe(expected))
})

describe('what libyaml reads and YAML 1.2 does not', () => {
  const cases: [string, string, unknown][] = [
    ['a closing bracket below its key', 'a: {\n  b: c\n}\nd: [\n  e\n]\n', map('a', map('b', 'c'), 'd', ['e'])],
    ['the same deeper', 'l:\n  - a: {\n      b: c\n    }\n    d: e\n', map('l', [map('a', map('b', 'c'), 'd', 'e')])],
    ['members that are not indented', 'a: [\n1,\n2\n]', map('a', ['1', '2'])],
    ['quoted lines that are not indented', 'a: "x\ny"\nb: \'z\nw\'', map('a', 'x y', 'b', 'z w')],
    ['a tab between the parts of a collection', 'a: {b:\t[c,\td]}', map('a', map('b', ['c', 'd']))],
    ['a tab before a collection', 'a:\t{b: c}', map('a', map('b', 'c'))],
    ['a single quote that is escaped', String.raw`a: "it\'s \'"`, map('a', "it's '")],
    [
      'brackets in a block scalar stay as they are',
      'a: |\n  {\n  }\nb: {\n}\nc: |\n  ]\n',
      map('a', '{\n}\n', 'b', map(), 'c', ']\n'),
    ],
    ['a block scalar that starts with a bracket', 'a: {\n}\nb: |\n  }\n  x\n', map('a', map(), 'b', '}\nx\n')],
  ]
  for (const [name, text, expected] of cases) test(name, () => expect(outline(parseYaml(text))).toEqual(expected))

  test('places are those of the text as it is', () => {
    const text = 'a: {\n  "\\\'": c\n}\nb: x\n'
    const node = parseYaml(text)
    expect(node?.kind === 'mapping' && node.keys[1]).toMatchObject({ text: 'b', offset: text.indexOf('b:') })
    expect(errorOf(`${text}c: *d\n`)).toMatchObject({ line: 5, column: 4 })
    expect(errorOf(`${text}c: ]\n`)).toMatchObject({ line: 5 })
  })

  test('many quotes in one scalar', () => {
    expect(outline(parseYaml(`a: "${"\\'".repeat(5000)}\\\\"`))).toEqual(map('a', `${"'".repeat(5000)}\\`))
  })

  test('many of them in one text', () => {
    const groups = Array.from({ length: 300 }, (_, at) => `- a: {\n    b: "${at}"\n  }\n  c: [\n    d\n  ]\n`)
    const node = parseYaml(groups.join(''))
    expect(node?.kind === 'sequence' && node.items.length).toBe(300)
  })
})

describe('aliases', () => {
  test('an alias is the node of its anchor', () => {
    expect(outline(parseYaml('a: &x [1]\nb: *x\n'))).toEqual(map('a', ['1'], 'b', ['1']))
  })
  test('the last of two equal anchors counts, also before it', () => {
    expect(outline(parseYaml('a: &x 1\nb: *x\nc: &x 2\n'))).toEqual(map('a', '1', 'b', '2', 'c', '2'))
  })
  test('an alias can be a key', () => {
    expect(outline(parseYaml('a: &x k\n*x : v\n'))).toEqual(map('a', 'k', 'k', 'v'))
  })
  test('a small text cannot amount to a large document', () => {
    const laughs = Array.from(
      { length: 12 },
      (_, at) => `a${at + 1}: &a${at + 1} [${Array(9).fill(`*a${at}`).join(', ')}]\n`,
    )
    expect(errorOf(`a0: &a0 lol\n${laughs.join('')}`).message).toContain('excessive aliasing')
  })
  test('nor to a long one', () => {
    const text = `a: &a ${'x'.repeat(10_000)}\nb: [${Array(10_000).fill('*a').join(', ')}]\n`
    expect(errorOf(text).message).toContain('excessive aliasing')
  })
  test('nor to a deep one', () => {
    const chain = Array.from({ length: 300 }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at}]\n`)
    expect(errorOf(`a0: &a0 x\n${chain.join('')}`).message).toContain('levels')
  })
  test('sharing on a scale that people use is fine', () => {
    const shared = `base: &base {a: 1, b: [1, 2, 3]}\n${Array.from({ length: 2000 }, (_, at) => `k${at}: *base\n`).join('')}`
    expect(parseYaml(shared)).toBeDefined()
  })
})

describe('errors say where', () => {
  //  name                                  text                                  line  column
  const cases: [string, string, number, number][] = [
    ['an unclosed bracket', 'a: 1\nb: {\n', 3, 1],
    ['a colon in a plain value', 'a: 1\nb: c: d\n', 2, 5],
    ['a tab as indentation', 'a:\n\tb: c\n', 2, 1],
    ['an unknown escape', 'a: "\\z"\n', 1, 6],
    ['half of a surrogate pair', 'x: 1\na: "\\ud800"\n', 2, 4],
    ['a control character, in a comment too', 'a: 1 # \u0007\n', 1, 8],
    ['DEL', 'a: \u007F', 1, 4],
    ['a byte that is not UTF-8', 'a: 1\nb: caf\uDCE9\n', 2, 7],
    ['an unknown anchor', 'a: *b\n', 1, 4],
    ['an anchor that contains itself', 'a: &a\n  - *a\n', 2, 3],
    ['a text after the end marker', 'a: 1\n...\nb: 2\n', 2, 1],
    ['nesting without end', '['.repeat(1000), 1, 200],
  ]
  for (const [name, text, line, column] of cases) {
    test(name, () => expect(errorOf(text)).toMatchObject({ code: 'yaml', line, column }))
  }
})

/** Pieces near enough to YAML that a random text of them gets somewhere; `_` is a space. */
const PIECES =
  'a¦b:_¦:_¦-_¦\n¦\n__¦\n____¦\t¦{¦}¦[¦]¦,_¦"¦\'¦\\¦|\n¦>-\n¦_# c¦&a_¦*a¦<<:_¦!!int_¦!¦?_¦---¦...¦%¦~¦0x1F¦1.5¦\r\n¦\uFEFF¦\uDC80¦\0¦\u{1F600}'
    .replaceAll('_', ' ')
    .split('¦')
const yamlLike = fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((parts) => parts.join(''))

test('any text is a document or a ConfigError of code yaml', () => {
  fc.assert(
    fc.property(yamlLike, (text) => {
      try {
        const node = parseYaml(text)
        if (node !== undefined) toValue(node, text)
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError)
        expect(error).toMatchObject({ code: 'yaml' })
      }
    }),
    { numRuns: 3000 },
  )
})
