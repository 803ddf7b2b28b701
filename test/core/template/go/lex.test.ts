import { describe, expect, test } from 'vitest'

import { Lexer } from '../../../../src/core/template/go/lex.ts'
import type { Token } from '../../../../src/core/template/go/lex.ts'

function tokens(source: string): Token[] {
  const lexer = new Lexer(source)
  const all: Token[] = []
  for (;;) {
    const token = lexer.next()
    if (token.type === 'eof') return all
    all.push(token)
    if (token.type === 'error') return all
  }
}

describe('tokens', () => {
  const cases: [source: string, tokens: string[]][] = [
    ['', []],
    ['text', ['text text']],
    ['a{{.b}}c', ['text a', 'left-delimiter {{', 'field .b', 'right-delimiter }}', 'text c']],
    ['{{.a.b .c}}', ['left-delimiter {{', 'field .a', 'field .b', 'space  ', 'field .c', 'right-delimiter }}']],
    [
      '{{$ $x .}}',
      ['left-delimiter {{', 'variable $', 'space  ', 'variable $x', 'space  ', 'dot .', 'right-delimiter }}'],
    ],
    ['{{$x:=1}}', ['left-delimiter {{', 'variable $x', 'declare :=', 'number 1', 'right-delimiter }}']],
    [
      '{{=,|()}}',
      ['left-delimiter {{', 'assign =', 'char ,', 'pipe |', 'left-paren (', 'right-paren )', 'right-delimiter }}'],
    ],
    ['{{"}}"`}}`}}', ['left-delimiter {{', 'string "}}"', 'raw-string `}}`', 'right-delimiter }}']],
    ["{{'\\''}}", ['left-delimiter {{', "character '\\''", 'right-delimiter }}']],
    ['{{-1+2i}}', ['left-delimiter {{', 'complex -1+2i', 'right-delimiter }}']],
    ['{{0x1F_f}}', ['left-delimiter {{', 'number 0x1F_f', 'right-delimiter }}']],
    [
      '{{if nil true é}}',
      [
        'left-delimiter {{',
        'if if',
        'space  ',
        'nil nil',
        'space  ',
        'bool true',
        'space  ',
        'identifier é',
        'right-delimiter }}',
      ],
    ],
    ['a {{- 1 -}} b', ['text a', 'left-delimiter {{', 'number 1', 'right-delimiter }}', 'text b']],
    ['{{1  -}} b', ['left-delimiter {{', 'number 1', 'space  ', 'right-delimiter }}', 'text b']],
    ['{{-1}}', ['left-delimiter {{', 'number -1', 'right-delimiter }}']],
    ['a {{/* {{c}} */}} b', ['text a ', 'text  b']],
    ['a {{- /* c */ -}} b', ['text a', 'text b']],
    ['{{}', ['left-delimiter {{', 'char }', 'error unclosed action']],
    ['{{"a', ['left-delimiter {{', 'error unterminated quoted string']],
    ['{{.a+}}', ['left-delimiter {{', "error bad character U+002B '+'"]],
    ['{{\u00a0}}', ['left-delimiter {{', 'error unrecognized character in action: U+00A0']],
    ['{{\udcff}}', ['left-delimiter {{', "error unrecognized character in action: U+FFFD '\ufffd'"]],
    ['{{1x}}', ['left-delimiter {{', 'error bad number syntax: "1x"']],
    ['{{(1}}', ['left-delimiter {{', 'left-paren (', 'number 1', 'error unclosed left paren']],
    ['{{/*', ['error unclosed comment']],
    ['{{/**/ }}', ['error comment ends before closing delimiter']],
  ]
  test.each(cases)('%s', (source, want) => {
    expect(tokens(source).map(({ type, text }) => `${type} ${text}`)).toEqual(want)
  })
})

test('a token knows where it starts and on which line', () => {
  const at = tokens('a\n{{-\n.b\n}}\n\n{{`c\nd`}}').map(({ type, pos, line }) => [type, pos, line])
  expect(at).toEqual([
    ['text', 0, 1],
    ['left-delimiter', 2, 2],
    ['field', 6, 3],
    ['space', 8, 3],
    ['right-delimiter', 9, 4],
    ['text', 11, 4],
    ['left-delimiter', 13, 6],
    ['raw-string', 15, 6],
    ['right-delimiter', 20, 7],
  ])
})

test('after an error there is only that error', () => {
  const lexer = new Lexer('{{@')
  const first = [lexer.next(), lexer.next(), lexer.next()].map(({ type }) => type)
  expect(first).toEqual(['left-delimiter', 'char', 'error'])
  expect(lexer.next()).toBe(lexer.next())
})
