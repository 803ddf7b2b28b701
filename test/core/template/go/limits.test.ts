/**
 * No template hangs the server, fills its memory or its stack, whatever an operator (or a typo) writes.
 */
import { describe, expect, test } from 'vitest'

import { TEMPLATE_LIMITS } from '../../../../src/core/template/template.ts'
import type { TemplateLimits } from '../../../../src/core/template/template.ts'
import type { Value } from '../../../../src/core/value.ts'
import { configErrorOf } from '../../../support/config-error.ts'
import { render } from './support.ts'

const data = {
  yes: true,
  list: Array.from({ length: 1000 }, (_, at) => BigInt(at)),
  text: 'x'.repeat(1 << 20),
  tiny: Array<number>(1000).fill(5e-324), // 751 digits each, of which %.0f shows none
  deep: Array.from({ length: 100_000 }).reduce<Value>((inner) => [inner], 1n),
}

function nest(open: string, inside: string, close: string, levels: number): string {
  return open.repeat(levels) + inside + close.repeat(levels)
}

describe('a limit ends the rendering with a place', () => {
  const cases: [name: string, source: string, limits: Partial<TemplateLimits>, message: RegExp][] = [
    [
      'output',
      'a\n{{range .list}}{{.}},{{end}}',
      { outputBytesMax: 50 },
      /node\.yaml:2:\d+: .*output longer than 50 bytes$/,
    ],
    ['output counts bytes', '{{range .list}}é{{end}}', { outputBytesMax: 1999 }, /output longer than 1999 bytes$/],
    ['loop rounds', '{{range .list}}{{range $.list}}{{end}}{{end}}', { stepsMax: 5000 }, /more than 5000 steps$/],
    ['calls', '{{range .list}}{{len $.list | print | len}}{{end}}', { stepsMax: 2000 }, /more than 2000 steps$/],
    [
      'recursion',
      '{{define "t"}}{{template "t" .}}{{end}}{{template "t"}}',
      {},
      /exceeded maximum template depth \(200\)$/,
    ],
    [
      'recursion that branches',
      '{{define "t"}}{{template "t"}}{{template "t"}}{{end}}{{template "t"}}',
      {},
      /template depth/,
    ],
    [
      'a text as long as no output may be',
      '{{len (printf "%500d" 1)}}',
      { outputBytesMax: 400 },
      /text longer than 400 characters$/,
    ],
    [
      'a doubled variable',
      '{{$x := "ab"}}{{range .list}}{{$x = print $x $x}}{{end}}',
      {},
      /text longer than \d+ characters$/,
    ],
    [
      'a quoted variable',
      '{{$x := "\\\\"}}{{range .list}}{{$x = printf "%q" $x}}{{end}}',
      { outputBytesMax: 500_000 },
      /text longer than/,
    ],
    ['an escaped variable', '{{$x := "<"}}{{range .list}}{{$x = html $x $x}}{{end}}', {}, /text longer than/],
    [
      'many long variables',
      `{{$z := printf "%99999d" 1}}${'{{$x := print $z 1}}'.repeat(1000)}`,
      {},
      /too much text computed/,
    ],
    [
      'long texts compared',
      '{{$a := print .text "a"}}{{range .list}}{{if eq $a (print $.text "a")}}{{end}}{{end}}',
      {},
      /too much text computed/,
    ],
    [
      'a long text measured',
      '{{range .list}}{{range $.list}}{{if len $.text}}{{end}}{{end}}{{end}}',
      {},
      /too much text computed/,
    ],
    ['digits of floats', '{{range .list}}{{if printf "%.0f" $.tiny}}{{end}}{{end}}', {}, /too much text computed/],
    ['a wide list', '{{printf "%999999d" .list}}', {}, /text longer than/],
    ['deep data', '{{.deep}}', {}, /nested deeper than 250 levels$/],
    ['deep data in an error', '{{eq .deep .list .deep}}', {}, /non-comparable type …/],
  ]
  test.each(cases)('%s', (_name, source, limits, message) => {
    const failure = configErrorOf(() => render(source, data, limits))
    expect(failure.message).toMatch(message)
    expect(failure.line).toBeGreaterThan(0)
    expect(failure.column).toBeGreaterThan(0)
    expect(failure.code).toBe(/non-comparable/.test(failure.message) ? 'template-exec' : 'template-limit')
  })
})

describe('what just fits renders', () => {
  const cases: [name: string, source: string, limits: Partial<TemplateLimits>, length: number][] = [
    ['output', '{{range .list}}é{{end}}', { outputBytesMax: 2000 }, 1000],
    ['a width of a million', '{{printf "%1000000d" 1}}', {}, 1_000_000],
    ['a precision of a million', '{{printf "%.1000000f" 1.5}}', {}, 1_000_002],
    ['nested blocks', nest('{{if .yes}}', 'x', '{{end}}', 200), {}, 1],
    ['nested parentheses', `{{${nest('(print ', '"x"', ')', 200)}}}`, {}, 1],
    ['an else if for every case', `{{if not .yes}}${'{{else if not .yes}}'.repeat(150)}{{else}}x{{end}}`, {}, 1],
  ]
  test.each(cases)('%s', (_name, source, limits, length) => {
    expect(render(source, data, limits)).toHaveLength(length)
  })
})

describe('the source may not nest without end', () => {
  const cases: [name: string, source: string][] = [
    ['parentheses', `{{${nest('(', '1', ')', 10_000)}}}`],
    ['arguments', `{{${nest('print (', '1', ')', 10_000)}}}`],
    ['blocks', nest('{{if .yes}}', 'x', '{{end}}', 10_000)],
    ['blocks that are not closed', '{{range .list}}'.repeat(10_000)],
    ['named blocks', '{{block "b" .}}'.repeat(10_000)],
    ['else if', `{{if .yes}}${'{{else if .yes}}'.repeat(10_000)}{{end}}`],
  ]
  test.each(cases)('%s', (_name, source) => {
    expect(configErrorOf(() => render(source, data))).toMatchObject({ code: 'template-limit', line: 1 })
    // A setting beyond what the stack holds does not reach the stack.
    expect(configErrorOf(() => render(source, data, { depthMax: 1e9 }))).toMatchObject({
      code: 'template-limit',
      line: 1,
    })
  })

  test('and blocks within templates within blocks do not reach the stack either', () => {
    const source = `{{define "t"}}${nest('{{with .}}{{if .}}', '{{template "t" .}}', '{{end}}{{end}}', 90)}{{end}}{{template "t" .}}`
    const failure = configErrorOf(() => render(source, data, { depthMax: 1e9, stepsMax: 1e9 }))
    expect(failure).toMatchObject({ code: 'template-limit', message: expect.stringContaining('nested deeper than') })
  })
})

describe('a long source is read in one pass', () => {
  // Each would take minutes if something in it were quadratic; the test's own time-out is what fails.
  const cases: [name: string, source: string, wanted: 'renders' | RegExp][] = [
    ['a number of digits', `{{${'9'.repeat(1_000_000)}}}`, /illegal number syntax|integer overflow/],
    ['underscores', `{{1${'_1'.repeat(500_000)}}}`, /illegal number syntax|integer overflow/],
    ['actions on one line', '{{1}}'.repeat(100_000), 'renders'],
    ['spaces to trim', `${' '.repeat(500_000)}{{- 1 -}}${' '.repeat(500_000)}`, 'renders'],
    ['spaces in an action', `{{${' '.repeat(500_000)}1${' '.repeat(500_000)}}}`, 'renders'],
    ['comments', '{{/* */}}'.repeat(100_000), 'renders'],
    ['comments that do not end', '{{/*'.repeat(100_000), /unclosed comment/],
    ['variables', '{{$a := 1}}'.repeat(50_000), 'renders'],
    ['fields', `{{.missing${'.a'.repeat(200_000)}}}`, 'renders'],
    ['escapes', `{{"${'\\xff\\n'.repeat(100_000)}"}}`, 'renders'],
    ['brackets in a format', `{{printf "${'%['.repeat(100_000)}" 1}}`, 'renders'],
  ]
  test.each(cases)('%s', (_name, source, wanted) => {
    if (wanted === 'renders') expect(render(source, {}, { ...TEMPLATE_LIMITS, stepsMax: 1e9 })).toBeTypeOf('string')
    else expect(configErrorOf(() => render(source)).message).toMatch(wanted)
  })
})
