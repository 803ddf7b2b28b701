/**
 * What an operator reads when a template is wrong. The vectors compare hundreds of messages; here it is about places.
 */
import { describe, expect, test } from 'vitest'

import { configErrorOf } from '../../../support/config-error.ts'
import { map, render } from './support.ts'

const data = { name: 'node1', list: [1n, null, 'a'], x: null, m: map({ a: 1n }) }

describe('a template that does not parse', () => {
  //  source, line and column (characters, from 1), message
  const cases: [source: string, line: number, column: number, message: string][] = [
    ['a\n  {{.name', 2, 10, 'template: node.yaml:2: unclosed action'],
    ['{{.a-b}}', 1, 5, "template: node.yaml:1: bad character U+002D '-'"],
    ['日本{{.a-b}}', 1, 7, "template: node.yaml:1: bad character U+002D '-'"],
    ['x\n{{ nope }}', 2, 4, 'template: node.yaml:2: function "nope" not defined'],
    ['{{$x}}', 1, 5, 'template: node.yaml:1: undefined variable "$x"'],
    ['{{if .a}}\n', 2, 1, 'template: node.yaml:2: unexpected EOF'],
    ['a\n{{end}}', 2, 6, 'template: node.yaml:2: unexpected {{end}}'],
    ['{{.a\n\n', 3, 1, 'template: node.yaml:3: unclosed action started at node.yaml:1'],
    ['{{print\n"a\n"}}', 2, 1, 'template: node.yaml:2: unterminated quoted string in action started at node.yaml:1'],
  ]
  test.each(cases)('%s', (source, line, column, message) => {
    const failure = configErrorOf(() => render(source))
    expect(failure).toMatchObject({ code: 'template-parse', line, column, message })
  })
})

describe('a template that cannot be executed', () => {
  const cases: [source: string, line: number, column: number, message: string][] = [
    [
      '{{.x.y}}',
      1,
      5,
      'template: node.yaml:1:4: executing "node.yaml" at <.x.y>: nil pointer evaluating interface {}.y',
    ],
    [
      'a\n日本 {{.name.x}}',
      2,
      11,
      'template: node.yaml:2:14: executing "node.yaml" at <.name.x>: can\'t evaluate field x in type interface {}',
    ],
    [
      '{{define "t"}}{{.x}}{{end}}{{template "t" .name}}',
      1,
      17,
      'template: node.yaml:1:16: executing "t" at <.x>: can\'t evaluate field x in type string',
    ],
    [
      '{{range .list}}{{.}}{{.x}}{{end}}',
      1,
      23,
      'template: node.yaml:1:22: executing "node.yaml" at <.x>: can\'t evaluate field x in type interface {}',
    ],
    [
      '{{index .list 9}}',
      1,
      3,
      'template: node.yaml:1:2: executing "node.yaml" at <index .list 9>: error calling index: index out of range: 9',
    ],
    [
      '\n{{template "t"}}',
      2,
      12,
      'template: node.yaml:2:11: executing "node.yaml" at <{{template "t"}}>: template "t" not defined',
    ],
  ]
  test.each(cases)('%s', (source, line, column, message) => {
    const failure = configErrorOf(() => render(source, data))
    expect(failure).toMatchObject({ code: 'template-exec', line, column, message })
  })
})

test('a message is not as long as the value it quotes', () => {
  const { message } = configErrorOf(() => render('{{range .s}}{{end}}', { s: 'x'.repeat(100_000) }))
  expect(message).toHaveLength('template: node.yaml:1:8: executing "node.yaml" at <.s>: '.length + 1001)
  const list = Array.from({ length: 1000 }, () => 1n)
  expect(configErrorOf(() => render('{{eq .l .l}}', { l: list })).message).toMatch(
    /non-comparable type …: \[\]interface \{\}$/,
  )
})

test('a message has no halves of characters in it', () => {
  const { message } = configErrorOf(() => render('{{range "\\xff"}}{{end}}'))
  expect(message.isWellFormed()).toBe(true)
  expect(message).toMatch(/range can't iterate over \ufffd$/)
})
