/**
 * What the check learns about a template: the keys it reads and the data lacks.
 */
import { describe, expect, test } from 'vitest'

import { compileGo } from '../../../../src/core/template/go/compile.ts'
import { TEMPLATE_LIMITS } from '../../../../src/core/template/template.ts'
import { ValueMap } from '../../../../src/core/value.ts'
import { map } from './support.ts'

const data = ValueMap.from('string', [
  ['name', 'node1'],
  ['nul', null],
  ['etcd', map({ port: 2379n })],
  ['users', [map({ name: 'a' }), map({ key: 'b' })]],
])

function missing(source: string): string[] {
  const seen: string[] = []
  const watch = {
    missing: (path: string, at: { line: number; column: number }) => seen.push(`${at.line}:${at.column} ${path}`),
  }
  compileGo('node.yaml', source, TEMPLATE_LIMITS).render(data, watch)
  return seen
}

describe('a missing key is told, with its place', () => {
  const cases: [source: string, missing: string[]][] = [
    ['{{.name}} {{.etcd.port}} {{.nul}}', []],
    ['{{.nmae}}', ['1:3 .nmae']],
    ['a\n  b: {{.etcd.name}}', ['2:8 .etcd.name']],
    ['日 {{.a}}{{.b}}', ['1:5 .a', '1:11 .b']],
    ['{{.a.b.c}}', ['1:3 .a.b.c']],
    ['{{$.a}}{{$e := .etcd}}{{$e.a}}', ['1:3 $.a', '1:25 $e.a']],
    ['{{(index .users 0).mail}}', ['1:3 (index .users 0).mail']],
    ['{{range .users}}{{.name}}{{end}}', ['1:19 .name']],
    ['{{printf "%s" .a}}{{len (print .b)}}', ['1:15 .a', '1:32 .b']],
    ['{{range .a}}{{end}}', ['1:9 .a']],
    ['{{define "t"}}{{.a}}{{end}}{{template "t" .}}', ['1:17 .a']],
    ['{{$x := .a}}{{$x.b}}', ['1:9 .a']],
  ]
  test.each(cases)('%s', (source, want) => {
    expect(missing(source)).toEqual(want)
  })
})

describe('a key that is only asked for is not missing', () => {
  const cases = [
    '{{if .a}}{{end}}',
    '{{if .a.b}}{{else if not .c}}{{end}}',
    '{{if eq .a "x"}}{{end}}',
    '{{with .a}}{{.b}}{{end}}',
    '{{with $x := .a}}{{end}}',
    '{{or .a "default"}}',
    '{{or .a .name}}',
    '{{.name | or .a}}',
    '{{and .a .b}}',
    '{{not .a}}',
  ]
  test.each(cases)('%s', (source) => {
    expect(missing(source)).toEqual([])
  })

  test('but the last one of an or is printed, and what stands inside an if is read', () => {
    expect(missing('{{or .a .b}}')).toEqual(['1:9 .b'])
    expect(missing('{{if .name}}{{.a}}{{end}}{{.b}}')).toEqual(['1:15 .a', '1:28 .b'])
  })
})
