/**
 * On any input the engine gives text or a ConfigError with a place; nothing else, and never more than it may.
 */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { ConfigError } from '../../../../src/core/errors.ts'
import { compileGo } from '../../../../src/core/template/go/compile.ts'
import { Lexer } from '../../../../src/core/template/go/lex.ts'
import { byteLength, canonical, decodeUtf8 } from '../../../../src/core/utf8.ts'
import { Uint64, ValueMap } from '../../../../src/core/value.ts'
import type { Value } from '../../../../src/core/value.ts'

const limits = { outputBytesMax: 5000, stepsMax: 2000, depthMax: 20 }

/** Any bytes, as text. */
const noise = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.uint8Array({ maxLength: 10 }).map((bytes) => decodeUtf8(bytes)),
)

const marks = [
  '{{',
  '}}',
  '{{- ',
  ' -}}',
  ' ',
  '\n',
  '(',
  ')',
  '|',
  ' | ',
  ':=',
  '=',
  ',',
  '.',
  '$',
  '"',
  '`',
  "'",
  '\\',
  '/*',
  '*/',
  '{{end}}',
  '{{else}}',
]
const actions = [
  '{{if .a}}',
  '{{with .a}}',
  '{{range .list}}',
  '{{range $i, $x := .m}}',
  '{{else if .b}}',
  '{{break}}',
  '{{continue}}',
  '{{define "t"}}',
]
const operands = [
  '{{template "t" .}}',
  '{{block "b" .}}',
  '.a',
  '.m.k',
  '.list',
  '$x',
  '$x := ',
  '"s"',
  '`raw`',
  "'c'",
  '1',
  '-1.5e3',
  '1+2i',
  '0x1F',
  'nil',
  'true',
]
const functions = [
  'print ',
  'printf "%v %5.2f|%-5q" ',
  'index .list 1',
  'slice .s 1 2',
  'len .s',
  'eq 1 .a',
  'lt .a .b',
  'and .a .b',
  'or .a ',
  'not .a',
  'html .s',
]
const others = [
  'js .s',
  'urlquery .s',
  'call .a',
  '%[1]d',
  '%*d',
  'println . ',
  '\\xff',
  '\\u00e9',
  '日',
  '\udcff',
  '\ud800',
]

const piece = fc.constantFrom(...marks, ...actions, ...operands, ...functions, ...others)

/** Fragments of templates, with noise between them. */
const soup = fc
  .array(fc.oneof({ weight: 8, arbitrary: piece }, { weight: 1, arbitrary: noise }), { maxLength: 25 })
  .map((all) => all.join(''))

const expression = fc.letrec<{ pipe: string; command: string; operand: string }>((tie) => ({
  pipe: fc.array(tie('command'), { minLength: 1, maxLength: 3 }).map((all) => all.join(' | ')),
  command: fc.oneof(
    tie('operand'),
    fc
      .tuple(
        fc.constantFrom(
          'print',
          'printf',
          'println',
          'index',
          'slice',
          'len',
          'eq',
          'ne',
          'lt',
          'ge',
          'and',
          'or',
          'not',
          'html',
          'js',
          'urlquery',
        ),
        fc.array(tie('operand'), { maxLength: 4 }),
      )
      .map(([name, args]) => [name, ...args].join(' ')),
  ),
  operand: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'operand' },
    fc.constantFrom(
      '.',
      '$',
      '.a',
      '.b',
      '.s',
      '.list',
      '.m',
      '.m.k',
      '.n',
      '.none',
      '$.list',
      'nil',
      'true',
      '0',
      '1',
      '2',
      '1.5',
      "'c'",
      '1i',
      '"%v|%x|%q"',
      '"%*d"',
      '"%8.3f"',
      '"\\xff"',
    ),
    tie('pipe').map((pipe) => `(${pipe})`),
  ),
})).pipe

/** Templates that parse, and mostly get somewhere before they fail. */
const valid = fc.letrec<{ list: string; statement: string }>((tie) => ({
  list: fc.array(tie('statement'), { maxLength: 4 }).map((all) => all.join('')),
  statement: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'statement' },
    fc.constantFrom('text ', '\n', 'é', '\udcff'),
    expression.map((pipe) => `{{${pipe}}}`),
    expression.map((pipe) => `{{$ = ${pipe}}}`),
    fc
      .tuple(fc.constantFrom('if', 'with', 'range', 'range $i, $x :='), expression, tie('list'), tie('list'))
      .map(([word, pipe, list, other]) => `{{${word} ${pipe}}}${list}{{else}}${other}{{end}}`),
    tie('list').map((list) => `{{range .list}}${list}{{if .}}{{break}}{{end}}{{end}}`),
    expression.map((pipe) => `{{template "t" ${pipe}}}`),
  ),
})).list

const values = fc.letrec<{ value: Value; leaf: Value }>((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom<Value>(null, true, false, '', 0n, 1n, 2n, -0, 1.5, NaN, Infinity),
    noise,
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    fc.bigInt(2n ** 63n, 2n ** 64n - 1n).map((value) => new Uint64(value)),
    fc.double(),
  ),
  value: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'value' },
    tie('leaf'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(tie('leaf'), tie('value')), { maxLength: 4 }).map((entries) => ValueMap.from('any', entries)),
  ),
})).value

const root = fc
  .record({
    a: values,
    b: values,
    s: noise,
    n: fc.constant(null),
    list: fc.array(values, { maxLength: 5 }),
    m: fc.array(fc.tuple(fc.constantFrom('k', 'l'), values)),
  })
  .map(({ m, ...rest }) => ValueMap.from('string', [...Object.entries(rest), ['m', ValueMap.from('any', m)]]))

/** The code that a run ends with, after a look at the error; anything but a ConfigError fails the property. */
function outcome(run: () => void): string {
  try {
    run()
    return 'ok'
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    expect(error.line).toBeGreaterThan(0)
    expect(error.column).toBeGreaterThan(0)
    expect(error.message).toMatch(/^template: /)
    return error.code
  }
}

test('the lexer ends on any text, and its tokens stand where they say', () => {
  fc.assert(
    fc.property(fc.oneof(noise, soup), (source) => {
      const lexer = new Lexer(source)
      let from = 0
      for (let token = lexer.next(); token.type !== 'eof' && token.type !== 'error'; token = lexer.next()) {
        expect(token.pos).toBeGreaterThanOrEqual(from)
        expect(source.slice(token.pos, token.pos + token.text.length)).toBe(token.text)
        expect(token.line).toBe(source.slice(0, token.pos).split('\n').length)
        from = token.pos + token.text.length
      }
    }),
    { numRuns: 1000 },
  )
})

test('the parser gives a template or a ConfigError', () => {
  fc.assert(
    fc.property(fc.oneof(noise, soup), (source) => {
      expect(['ok', 'template-parse', 'template-limit']).toContain(outcome(() => compileGo('n', source, limits)))
    }),
    { numRuns: 2000 },
  )
})

test('a template renders to text within its limit, or ends with a ConfigError', () => {
  const source = fc.oneof(
    { weight: 1, arbitrary: soup },
    { weight: 2, arbitrary: valid.map((list) => `{{define "t"}}{{print . | len}}{{end}}${list}`) },
  )
  const outcomes = new Set<string>()
  fc.assert(
    fc.property(source, root, (text, data) => {
      outcomes.add(
        outcome(() => {
          const rendered = compileGo('n', text, limits).render(data)
          expect(byteLength(rendered)).toBeLessThanOrEqual(limits.outputBytesMax)
          expect(canonical(rendered)).toBe(rendered)
        }),
      )
    }),
    { numRuns: 2000 },
  )
  // Seeds that never got that far would prove nothing.
  expect([...outcomes]).toEqual(expect.arrayContaining(['ok', 'template-parse', 'template-exec']))
})

test('rendering twice gives the same', () => {
  fc.assert(
    fc.property(valid, root, (source, data) => {
      const results = [0, 1].map(() => {
        try {
          return compileGo('n', source, limits).render(data)
        } catch (error) {
          return String(error)
        }
      })
      expect(results[0]).toBe(results[1])
    }),
    { numRuns: 200 },
  )
})
