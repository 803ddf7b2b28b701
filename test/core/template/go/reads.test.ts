import { describe, expect, test } from 'vitest'

import { compileGo } from '../../../../src/core/template/go/compile.ts'
import { TEMPLATE_LIMITS } from '../../../../src/core/template/template.ts'

describe('whether a template can read the key `query`', () => {
  const cases: [source: string, may: boolean][] = [
    ['plain text. With a query', false],
    ['{{.name}} {{.a.b}}', false],
    ['{{range $i, $k := .keys}}{{if $i}}, {{end}}{{.}}{{$k}}{{end}}', false],
    ['{{with .a}}{{.}}{{end}}', false],
    ['{{.query}}', true],
    ['{{$.query}}', true],
    ['{{if eq (len .query) 0}}x{{end}}', true],
    ['{{if .a}}{{else}}{{.query}}{{end}}', true],
    ['{{printf "%s" (.query | len)}}', true],
    ['{{.}}', true],
    ['{{$x := .}}{{$x.a}}', true],
    ['{{index $ "query"}}', true],
    ['{{range .}}x{{end}}', true],
    ['{{if .a}}{{.}}{{end}}', true],
    ['{{with .a}}{{else}}{{.}}{{end}}', true],
    ['{{range .keys}}{{$}}{{end}}', true],
    ['{{define "x"}}{{.query}}{{end}}{{template "x" .a}}', true],
    ['{{template "x" .}}{{define "x"}}{{.a}}{{end}}', true],
    ['{{define "x"}}{{.a}}{{end}}{{template "x" .a}}', false],
    ['{{(.a).query}}', true],
  ]
  test.each(cases)('%s: %s', (source, may) => {
    expect(compileGo('node.yaml', source, TEMPLATE_LIMITS).mayRead('query')).toBe(may)
  })
})
