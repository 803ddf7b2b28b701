import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { ConfigError } from '../../../src/core/errors.ts'
import { compileLiquid } from '../../../src/core/template/liquid.ts'
import { TEMPLATE_LIMITS, type TemplateLimits } from '../../../src/core/template/template.ts'
import { decodeUtf8, encodeUtf8 } from '../../../src/core/utf8.ts'
import { Uint64, type Value, ValueMap } from '../../../src/core/value.ts'
import { configErrorOf } from '../../support/config-error.ts'

const NO_PARTIALS: ReadonlyMap<string, string> = new Map()

function map(entries: Record<string, Value>): ValueMap {
  return ValueMap.from('any', Object.entries(entries))
}

const NODE = map({
  name: 'node1',
  id: 3n,
  ratio: 0.5,
  whole: 1,
  huge: 9_007_199_254_740_993n,
  largest: new Uint64(18_446_744_073_709_551_615n),
  yes: true,
  nothing: null,
  empty: '',
  peers: ['node1', 'node2', 'node3'],
  etcd: map({ name: 'etcd1', port: 2380n }),
  disks: [map({ dev: 'sda', role: 'root' }), map({ dev: 'sdb' })],
  vlans: map({ '10': 'a', '2': 'b', mgmt: 'c' }),
})

interface Options {
  data?: ValueMap
  partials?: Record<string, string>
  limits?: Partial<TemplateLimits>
}

function render(source: string, { data = NODE, partials, limits }: Options = {}): string {
  const folder = partials === undefined ? NO_PARTIALS : new Map(Object.entries(partials))
  const all = limits === undefined ? TEMPLATE_LIMITS : { ...TEMPLATE_LIMITS, ...limits }
  return compileLiquid(source, folder, all).render(data)
}

describe('values', () => {
  const cases: [string, string, string][] = [
    ['a string prints as it is, unescaped', '{{ name }} <&>', 'node1 <&>'],
    ['an integer prints as an integer', '{{ id }}', '3'],
    ['an integer counts', '{{ id | plus: 1 | times: 2 }}', '8'],
    ['an integer compares', '{% if id == 3 and id < 4 and id >= 3 %}yes{% endif %}', 'yes'],
    ['an integer indexes a list from 0', '{{ peers[0] }}', 'node1'],
    ['an integer beyond 2^53 prints exactly', '{{ huge }} {{ largest }}', '9007199254740993 18446744073709551615'],
    ['an integer beyond 2^53 compares exactly', '{% if huge > 9007199254740992 %}yes{% endif %}', 'yes'],
    ['an integer beyond 2^53 is JSON', '{{ huge | json }}', '9007199254740993'],
    ['a float prints as JavaScript prints it', '{{ ratio }} {{ whole }}', '0.5 1'],
    ['true prints its name', '{{ yes }}', 'true'],
    ['null prints nothing', '[{{ nothing }}]', '[]'],
    ['a map is read by key', '{{ etcd.name }} {{ etcd["port"] }}', 'etcd1 2380'],
    ['a list prints its items', '{{ peers }}', 'node1node2node3'],
    ['a list is joined', '{{ peers | join: "," }}', 'node1,node2,node3'],
    ['a list has size, first and last', '{{ peers.size }} {{ peers.first }} {{ peers.last }}', '3 node1 node3'],
    ['a map has a size', '{{ vlans.size }}', '3'],
    [
      'a map is looped over in byte order of its keys',
      '{% for v in vlans %}{{ v[0] }}={{ v[1] }} {% endfor %}',
      '10=a 2=b mgmt=c ',
    ],
    ['a map as JSON', '{{ etcd | json }}', '{"name":"etcd1","port":2380}'],
    ['where reads a key that some items lack', '{% assign d = disks | where: "role", "root" %}{{ d[0].dev }}', 'sda'],
    ['where does not find what the items lack in the metadata', '{{ disks | where: "name" | size }}', '0'],
    ['empty is a test', '{% if empty == "" and peers != empty %}yes{% endif %}', 'yes'],
    ['base64 there and back keeps bytes that are not UTF-8', '{{ "//79" | base64_decode | base64_encode }}', '//79'],
    ['sha256', '{{ "" | sha256 }}', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['white space control', 'a\n  {%- if yes -%}\n  b\n  {%- endif %}\nc', 'ab\nc'],
    ['raw leaves Go templates alone', '{% raw %}{{ .name }}{% endraw %}', '{{ .name }}'],
    ['a comment prints nothing', '{% # a comment %}{% comment %}{{ no }}{% endcomment %}', ''],
    ['capture and assign', '{% capture a %}x{{ id }}{% endcapture %}{% assign b = a | append: "y" %}{{ b }}', 'x3y'],
    ['case compares', '{% case id %}{% when 1, 3 %}odd{% else %}even{% endcase %}', 'odd'],
    ['cycle takes turns', '{% for p in peers %}{% cycle "a", "b" %}{% endfor %}', 'aba'],
    [
      'a loop knows where it is',
      '{% for p in peers %}{{ forloop.index }}/{{ forloop.length }} {% endfor %}',
      '1/3 2/3 3/3 ',
    ],
    [
      'a range goes up to its end',
      '{% for i in (1..id) %}{{ i }}{% endfor %}{{ (2..4) | join: "-" }}{{ (1..9).size }}',
      '1232-3-49',
    ],
    [
      'limit, offset, reversed, break',
      '{% for i in (1..9) reversed offset: 2 limit: 5 %}{{ i }}{% if i == 4 %}{% break %}{% endif %}{% endfor %}',
      '7654',
    ],
  ]
  test.each(cases)('%s', (_name, source, expected) => {
    expect(render(source)).toBe(expected)
  })

  test('bytes that are not UTF-8 come through unchanged', () => {
    const bytes = Uint8Array.of(0xff, 0x41, 0xfe)
    const text = render('{{ blob }}', { data: map({ blob: decodeUtf8(bytes) }) })
    expect(encodeUtf8(text)).toEqual(Buffer.from(bytes))
  })

  test('any text without a tag renders to itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!text.includes('{{') && !text.includes('{%'))
        expect(render(text)).toBe(text)
      }),
    )
  })

  test('an integer prints as Go prints it, whatever its size', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (id) => {
        expect(render('{{ id }} {{ list[0] }} {{ list | json }}', { data: map({ id, list: [id] }) })).toBe(
          `${id} ${id} [${id}]`,
        )
      }),
    )
  })
})

describe('strictness', () => {
  const cases: [string, string, string, number, number][] = [
    ['a missing variable', 'a: {{ name }}\nb: {{ nmae }}\n', 'undefined variable: nmae', 2, 7],
    ['a missing key of a map', '{{ etcd.nmae }}', 'undefined variable: etcd.nmae', 1, 4],
    ['a key of null', '{{ nothing.at.all }}', 'undefined variable: nothing.at', 1, 4],
    ['an index beyond the list', 'ä {{ peers[7] }}', 'undefined variable: peers.7', 1, 6],
    [
      'a map in the text',
      '\n{{ etcd }}',
      'a map cannot be printed; name one of its keys, or use the json filter',
      2,
      1,
    ],
    ['arithmetic that would lose digits', '{{ huge | plus: 1 }}', 'Cannot convert a BigInt value to a number', 1, 1],
    ['a division by zero', '{{ id | divided_by: 0 }}', 'divided_by gives Infinity', 1, 1],
    ['a word that is no number', '{{ name | to_integer }}', 'to_integer gives NaN', 1, 1],
    ['base64 that is none', '{{ "§" | base64_decode }}', 'base64_decode: not base64', 1, 1],
    [
      'the time',
      '{{ "now" | date: "%s" }}',
      'the date "now" is not available: a template must give the same text every time',
      1,
      1,
    ],
    [
      'a range that never ends',
      '{% for i in (9007199254740992..9007199254740994) %}{% endfor %}',
      'a range goes from integer to integer, not from 9007199254740992 to 9007199254740994',
      1,
      1,
    ],
    ['a property of JavaScript', '{{ name.constructor }}', 'undefined variable: name.constructor', 1, 4],
    [
      'a property of a loop',
      '{% for p in peers %}{{ forloop.next }}{% endfor %}',
      'undefined variable: forloop.next',
      1,
      24,
    ],
  ]
  test.each(cases)('%s is an error with its place', (_name, source, message, line, column) => {
    const template = compileLiquid(source, NO_PARTIALS, TEMPLATE_LIMITS)
    expect(configErrorOf(() => template.render(NODE))).toMatchObject({ code: 'template-exec', message, line, column })
  })

  const parseCases: [string, string, string, number, number][] = [
    ['an unknown filter', 'a\n {{ name | uper }}', 'undefined filter: uper', 2, 2],
    ['a filter that is different every time', '{{ peers | sample }}', 'undefined filter: sample', 1, 1],
    ['an unknown tag', '{% fi %}', 'tag "fi" not found', 1, 1],
    ['an open block', 'x\n{% if yes %}', 'tag {% if yes %} not closed', 2, 1],
    ['an open output', 'x {{ name', 'output "{{ name" not closed', 1, 3],
    ['an output with nothing in it', '{{ }}', 'invalid value expression: ""', 1, 4],
    ['a message with line breaks becomes one line', '{% if\n yes\n %}', 'tag {% if yes %} not closed', 1, 1],
  ]
  test.each(parseCases)('%s does not compile, and the place is said', (_name, source, message, line, column) => {
    const error = configErrorOf(() => compileLiquid(source, NO_PARTIALS, TEMPLATE_LIMITS))
    expect(error).toMatchObject({ code: 'template-parse', message, line, column })
  })

  const lenient: [string, string, string][] = [
    ['if', '{% if nmae %}a{% elsif etcd.nmae.x %}b{% else %}c{% endif %}', 'c'],
    ['unless', '{% unless nmae %}a{% endunless %}', 'a'],
    ['default', '{{ nmae | default: "x" }}', 'x'],
  ]
  test.each(lenient)('%s may ask for a variable that is missing', (_name, source, expected) => {
    expect(render(source)).toBe(expected)
  })

  const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty']
  test.each(names)('a key named %s is a key like others', (key) => {
    const data = ValueMap.from('any', [
      [key, 'x'],
      ['in', ValueMap.from('any', [[key, 'y']])],
    ])
    expect(render(`{{ ${key} }}{{ in.${key} }}{{ in | json }}`, { data })).toBe(`xy{"${key}":"y"}`)
    expect(configErrorOf(() => render(`{{ ${key} }}`, { data: map({}) })).code).toBe('template-exec')
    expect(configErrorOf(() => render(`{{ in.${key} }}`, { data: map({ in: map({}) }) })).code).toBe('template-exec')
  })
})

describe('partials', () => {
  test('render, include and layout find a file of the folder, with or without .liquid', () => {
    const partials = {
      'net/static.liquid': 'ip={{ ip }}',
      plain: '[{{ name }}]',
      'unit.liquid': '[Unit]\n{% block body %}none{% endblock %}\n',
    }
    expect(render('{% render "net/static", ip: etcd.port %}', { partials })).toBe('ip=2380')
    expect(render('{% render "net/static.liquid", ip: 1 %}', { partials })).toBe('ip=1')
    expect(render('{% include "plain" %}', { partials })).toBe('[node1]')
    expect(render('{% layout "unit" %}{% block body %}Description={{ name }}{% endblock %}', { partials })).toBe(
      '[Unit]\nDescription=node1\n',
    )
  })

  test('a name may come from the data', () => {
    const partials = { 'role-3': 'three' }
    expect(
      render('{% assign p = "role-" | append: id %}{% render p %}{% render "role-{{ id }}" %}', { partials }),
    ).toBe('threethree')
  })

  test('render sees only what it is given, include sees everything', () => {
    const partials = { p: '{{ name }}' }
    expect(render('{% include "p" %}', { partials })).toBe('node1')
    expect(configErrorOf(() => render('{% render "p" %}', { partials })).message).toBe(
      'templates/p:1:4: undefined variable: name',
    )
  })

  test.each(['../secret', '/etc/passwd', './p', 'constructor', '__proto__', 'p/../p'])('%j is no partial', (name) => {
    const error = configErrorOf(() => render(`x {% render "${name}" %}`, { partials: { p: 'p' } }))
    expect(error).toMatchObject({ code: 'template-parse', line: 1, column: 3 })
  })

  test('a partial that a template names must exist, also where no data leads', () => {
    const error = configErrorOf(() => render('\n{% if nmae %}{% include "gone" %}{% endif %}'))
    expect(error).toMatchObject({
      code: 'template-parse',
      message: 'no file "gone" in templates/',
      line: 2,
      column: 14,
    })
  })

  test('a partial that does not parse is an error of the template that uses it, and of no other', () => {
    const partials = { 'bad.liquid': 'a\n{% fi %}', good: '{{ 1 }}' }
    expect(render('{% render "good" %}', { partials })).toBe('1')
    const error = configErrorOf(() => render('\n {% render "bad" %}', { partials }))
    expect(error).toMatchObject({
      code: 'template-parse',
      message: 'templates/bad.liquid:2:1: tag "fi" not found',
      line: 2,
      column: 2,
    })
  })

  test('an error in a partial of a partial names its place, and the place in the template that leads there', () => {
    const partials = { outer: '\n{% include "inner" %}', inner: 'x\n\n  {{ nmae }}' }
    const error = configErrorOf(() => render('{{ name }}: {% include "outer" %}', { partials }))
    expect(error).toMatchObject({
      code: 'template-exec',
      message: 'templates/inner:3:6: undefined variable: nmae',
      line: 1,
      column: 13,
    })
  })

  test('a partial chosen while rendering that does not exist is an error then', () => {
    const template = compileLiquid('a {% render name %}', NO_PARTIALS, TEMPLATE_LIMITS)
    expect(configErrorOf(() => template.render(NODE))).toMatchObject({
      code: 'template-exec',
      message: 'no file "node1" in templates/',
      column: 3,
    })
  })

  test('a wrong name template inside a tag is placed at the tag', () => {
    const error = configErrorOf(() => render('\n {% render "a{{ nmae }}" %}'))
    expect(error).toMatchObject({ message: 'undefined variable: nmae', line: 2, column: 2 })
  })
})

describe('one rendering leaves nothing behind', () => {
  test('increment starts anew', () => {
    const template = compileLiquid('{% increment id %}{% increment n %}{{ id }}', NO_PARTIALS, TEMPLATE_LIMITS)
    expect([template.render(NODE), template.render(NODE)]).toEqual(['304', '304'])
  })

  test('assign and capture do not reach the next', () => {
    const template = compileLiquid('{% if a %}{{ a }}{% endif %}{% assign a = "left" %}', NO_PARTIALS, TEMPLATE_LIMITS)
    expect([template.render(NODE), template.render(NODE)]).toEqual(['', ''])
  })
})

describe('limits', () => {
  const doubling = '{% assign s = "x" %}{% for i in (1..99) %}{% assign s = s | append: s %}{% endfor %}'
  const listInList = '{% assign a = peers %}{% for i in (1..60) %}{% assign a = a | push: a %}{% endfor %}'
  const grouped =
    '{% assign a = peers %}{% for i in (1..60) %}{% assign a = a | concat: a | group_by: "x" | map: "items" %}{% endfor %}'
  const cases: [string, string][] = [
    ['a loop in a loop', '{% for i in (1..1000000) %}{% for j in (1..1000000) %}{% endfor %}{% endfor %}'],
    [
      'loops with short ranges',
      '{% for i in (1..900) %}{% for j in (1..900) %}{% for k in (1..900) %}.{% endfor %}{% endfor %}{% endfor %}',
    ],
    ['a range as long as numbers go', '{% for i in (1..9007199254740991) %}{% endfor %}'],
    [
      'a tablerow in a tablerow',
      '{% tablerow i in (1..99999) %}{% tablerow j in (1..99999) %}{% endtablerow %}{% endtablerow %}',
    ],
    [
      'too much output',
      '{% for i in (1..200000) %}{{ "0123456789012345678901234567890123456789012345678901234567890123456789" }}{% endfor %}',
    ],
    ['a text that doubles', doubling],
    [
      'a capture that doubles',
      '{% assign s = "x" %}{% for i in (1..99) %}{% capture s %}{{ s }}{{ s }}{% endcapture %}{% endfor %}',
    ],
    [
      'replacing every character by the whole',
      '{% assign s = "xxxxxxxxxx" %}{% for i in (1..9) %}{% assign s = s | replace: "x", s %}{% endfor %}',
    ],
    ['a list in a list, printed', `${listInList}{{ a }}`],
    ['a list in a list, joined', `${listInList}{{ a | join }}`],
    ['a list in a list, as JSON', `${listInList}{{ a | json }}`],
    ['a list in a list, compared', `${listInList}{% assign b = a %}{% if a == b %}{% endif %}`],
    ['a list in groups, printed', `${grouped}{{ a }}`],
    ['a list that doubles', '{% assign a = peers %}{% for i in (1..60) %}{% assign a = a | concat: a %}{% endfor %}'],
    ['a partial that renders itself', '{% include "self" %}'],
    ['two partials that render each other', '{% render "ping" %}'],
    ['a layout that has itself as layout', '{% layout "loop" %}'],
    [
      'a slow search, many times',
      `${doubling.replace('99', '20')}{% for i in (1..9999) %}{% if s contains s %}{% endif %}{% endfor %}`,
    ],
    [
      'a long list in a case, many times',
      '{% assign a = (1..9999) %}{% assign b = (1..9999) %}{% for i in (1..99999) %}{% case a %}{% when b %}{% endcase %}{% endfor %}',
    ],
    [
      'a long list cut, many times',
      '{% assign a = (1..99999) %}{% for i in (1..99999) %}{% for j in a offset: 1 limit: 1 %}{% endfor %}{% endfor %}',
    ],
    ['many dates', '{% for i in (1..99999) %}{{ 0 | date: "%A%B%A%B%A%B" }}{% endfor %}'],
    ['a date with a wide field', '{{ 0 | date: "%999999999d" }}'],
    ['brackets in brackets', `{{ ${'a['.repeat(5000)}1${']'.repeat(5000)} }}`],
    ['ranges in ranges', `{{ ${'(1..'.repeat(5000)}1${')'.repeat(5000)} }}`],
    ['blocks in blocks', `${'{% if yes %}'.repeat(5000)}${'{% endif %}'.repeat(5000)}`],
  ]
  const partials = {
    self: '{% include "self" %}',
    ping: '{% render "pong" %}',
    pong: '{% render "ping" %}',
    loop: '{% layout "loop" %}',
  }
  test.each(cases)('%s ends in template-limit', (_name, source) => {
    expect(configErrorOf(() => render(source, { partials }))).toMatchObject({ code: 'template-limit' })
  })

  test('nesting up to the limit renders', () => {
    const deep = TEMPLATE_LIMITS.depthMax - 1
    expect(render(`${'{% if yes %}'.repeat(deep)}x${'{% endif %}'.repeat(deep)}`)).toBe('x')
  })

  test('output up to the limit renders, counted in bytes', () => {
    expect(render('{{ name }}', { limits: { outputBytesMax: 5 } })).toBe('node1')
    expect(configErrorOf(() => render('{{ name }}x', { limits: { outputBytesMax: 5 } })).code).toBe('template-limit')
    expect(configErrorOf(() => render('ääää', { limits: { outputBytesMax: 5 } })).code).toBe('template-limit')
  })

  test('a large template with many tags compiles', () => {
    expect(render('{{ id }}'.repeat(100_000))).toBe('3'.repeat(100_000))
  })

  test('building a list of a thousand lines by appending is no abuse', () => {
    const source =
      '{% assign s = "" %}{% for i in (1..1000) %}{% capture line %}peer{{ i }}: https://node{{ i }}.example.com:2380\n{% endcapture %}{% assign s = s | append: line %}{% endfor %}{{ s | size }}'
    expect(Number(render(source))).toBeGreaterThan(40_000)
  })
})

describe('whatever the source', () => {
  const fragment = fc.constantFrom(
    ...'{{ }} {% %} {%- -%} name peers etcd.name nmae id disks [0] ["x"] .size | : , = == contains and or not ( .. ) (1..3) "a" \' 1.5 -1 nil empty'.split(
      ' ',
    ),
    ...'if elsif else endif unless endunless for in endfor limit: offset: reversed break continue tablerow endtablerow case when endcase'.split(
      ' ',
    ),
    ...'assign capture endcapture increment decrement cycle echo liquid raw endraw comment endcomment # render include layout block endblock with as'.split(
      ' ',
    ),
    ...'append: plus: divided_by: json where: map: sort group_by: date: split: replace: slice: truncate: default: first round url_decode size'.split(
      ' ',
    ),
    '\n',
    ' ',
    '"p"',
    'ä',
    '\\',
  )
  const whole = fc.constantFrom(
    '{{ name | upcase }}',
    '{% if id > 2 %}a{% else %}b{% endif %}',
    '{% for p in peers %}{{ p }},{% endfor %}',
    '{% assign x = disks | map: "dev" | join: "-" %}{{ x }}',
    '{% render "p", a: id %}',
    '{% case id %}{% when 3 %}{% endcase %}',
  )
  const source = fc.oneof(
    fc.array(fragment, { maxLength: 30 }).map((parts) => parts.join('')),
    fc.array(fc.oneof(whole, fragment, fc.string({ maxLength: 5 })), { maxLength: 12 }).map((parts) => parts.join(' ')),
    // Valid templates that were cut and mended: the way people break them.
    fc
      .tuple(fc.array(whole, { minLength: 1, maxLength: 4 }), fc.nat(), fc.nat(), fragment)
      .map(([parts, from, length, patch]) => {
        const text = parts.join('\n')
        const at = from % text.length
        return text.slice(0, at) + patch + text.slice(at + (length % 4))
      }),
  )

  test('it gives a text or a ConfigError that names line and column in one line', () => {
    const partials = new Map([
      ['p', '{{ a }}'],
      ['loop', '{% include "loop" %}'],
    ])
    let rendered = 0
    fc.assert(
      fc.property(source, (text) => {
        try {
          expect(typeof compileLiquid(text, partials, TEMPLATE_LIMITS).render(NODE)).toBe('string')
          rendered += 1
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error
          expect(error.message).not.toContain('\n')
          expect([error.line, error.column].every((n) => n !== undefined && n > 0)).toBe(true)
        }
      }),
      { numRuns: 3000 },
    )
    expect(rendered).toBeGreaterThan(100)
  })
})
