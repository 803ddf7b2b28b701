import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { ConfigError } from '../../../src/core/errors.ts'
import { cutAtItems, parseGroups, parsePieces, parseWhole } from '../../../src/core/store/groups-file.ts'
import { ValueMap } from '../../../src/core/value.ts'

const HEAD = 'api_version: v1alpha1\n'

function messages(text: string): string[] {
  return parseWhole(text).problems.map((problem) => `${problem.line}: ${problem.message}`)
}

describe('a group', () => {
  test('has a name, a spec, requirements, metadata and the line it starts on', () => {
    const { groups, problems } = parseWhole(`${HEAD}groups:
  - name: etcd node 1
    spec: etcd
    require: {uuid: 16e7, mac: "52:54:00:a1:9c:ae"}
    metadata: {any: thing, n: 0755, lists: [1, 2], maps: {a: b}}
  - spec: other
`)
    expect(problems).toEqual([])
    expect(groups).toEqual([
      {
        name: 'etcd node 1',
        spec: 'etcd',
        require: [
          { key: 'mac', value: '52:54:00:a1:9c:ae' },
          { key: 'uuid', value: '16e7' },
        ],
        metadata: ValueMap.from('string', [
          ['any', 'thing'],
          ['n', 493n],
          ['lists', [1n, 2n]],
          ['maps', ValueMap.from('any', [['a', 'b']])],
        ]),
        line: 3,
      },
      { name: '', spec: 'other', require: [], metadata: ValueMap.from('string', []), line: 7 },
    ])
  })

  const scalars: [source: string, required: string][] = [
    ['0755', '0755'],
    ['yes', 'yes'],
    ['1.50', '1.50'],
    ['2016-02-09', '2016-02-09'],
    ['~', ''],
    ['""', ''],
    ['0x1F', '0x1F'],
  ]
  for (const [source, required] of scalars) {
    test(`a requirement written ${source} is the text ${JSON.stringify(required)}`, () => {
      const { groups } = parseWhole(`${HEAD}groups: [{spec: a, require: {k: ${source}}}]`)
      expect(groups[0]!.require).toEqual([{ key: 'k', value: required }])
    })
  }

  test('merge keys and anchors work', () => {
    const { groups } = parseWhole(
      `${HEAD}base: &b {role: worker}\ngroups:\n  - spec: a\n    metadata: {<<: *b, n: 1}\n`,
    )
    expect(groups[0]!.metadata.get('role')).toBe('worker')
  })
})

describe('what keeps a file from being used is told with its line, all at once', () => {
  const cases: [rule: string, text: string, problems: string[]][] = [
    ['another api_version', 'api_version: v2\ngroups: []\n', ['1: api_version must be v1alpha1, not "v2"']],
    ['no api_version', 'groups: []\n', ['1: api_version must be v1alpha1, not ""']],
    ['an empty file', '', ['1: expected a mapping with api_version and groups']],
    ['a list', '- a\n', ['1: expected a mapping with api_version and groups']],
    ['groups that are no list', `${HEAD}groups: {a: b}\n`, ['2: groups must be a list']],
    [
      'a group that is no mapping',
      `${HEAD}groups:\n  - spec: a\n  - text\n`,
      ['4: a group must be a mapping of name, spec, require and metadata'],
    ],
    [
      'MAC addresses that can never match',
      `${HEAD}groups:\n  - require:\n      mac: 52-54-00-A1-9C-AE\n  - require: {MAC: nonsense}\n`,
      [
        '4: require.mac must be written "52:54:00:a1:9c:ae", not "52-54-00-A1-9C-AE"',
        '5: require.MAC is no MAC address: "nonsense"',
      ],
    ],
    ['a list where text belongs', `${HEAD}groups: [{spec: [a]}]`, ['2: spec must be text, not a sequence']],
    [
      'a requirement that is a mapping',
      `${HEAD}groups: [{require: {a: {b: c}}}]`,
      ['2: require.a must be text, not a mapping'],
    ],
    ['metadata that is no mapping', `${HEAD}groups: [{metadata: [a]}]`, ['2: metadata must be a mapping, not a list']],
  ]
  for (const [rule, text, problems] of cases) {
    test(rule, () => expect(messages(text)).toEqual(problems))
  }

  test('text that is no YAML', () => {
    expect(() => parseWhole(`${HEAD}groups:\n  - {a: b\n`)).toThrow(expect.objectContaining({ code: 'yaml', line: 4 }))
  })
})

describe('a long file is read in pieces', () => {
  function long(items: string[], indent: string, tail = ''): string {
    return `# head\n${HEAD}groups: # all\n\n${items.map((item) => `${indent}- ${item.replaceAll('\n', `\n${indent}  `)}\n`).join('')}${tail}`
  }
  const items = Array.from(
    { length: 40 },
    (_, n) => `name: n${n}\nspec: s\nmetadata:\n  text: |\n    - not an item\n    # ${n}\n  list:\n  - a\n  - b`,
  )

  for (const indent of ['', '  ', '    ']) {
    for (const tail of ['', 'other: 1\n', '# end\n', '...\n', '---\nsecond: [\n']) {
      test(`with the same result, indented by ${indent.length}, before ${JSON.stringify(tail)}`, async () => {
        const text = long(items, indent, tail)
        const pieces = cutAtItems(text, 100)!
        expect(pieces.pieces.length).toBeGreaterThan(10)
        expect(await parsePieces(pieces)).toEqual(parseWhole(text))
      })
    }
  }

  const whole: [rule: string, text: string][] = [
    ['flow style', `${HEAD}groups: [{spec: a}]\n`],
    ['an alias', long(['&a {spec: a}', '*a'], '  ')],
    ['an anchor that is set twice', long(['spec: &a x', 'spec: *a', 'spec: &a y'], '  ')],
    ['groups given twice', `${long(['spec: a'], '')}groups:\n- spec: b\n`],
  ]
  for (const [rule, text] of whole) {
    test(`but not with ${rule}`, async () => {
      const pieces = cutAtItems(text, 1)
      expect(pieces && (await parsePieces(pieces))).toBeUndefined()
      expect(() => parseWhole(text)).not.toThrow()
    })
  }

  test('an error is the one of the whole file', async () => {
    const text = long([...items, 'spec: [a'], '  ', 'x: 1\n').padEnd(2 << 20, '#')
    const error: unknown = await parseGroups(text).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ConfigError)
    expect(() => parseWhole(text)).toThrow((error as ConfigError).message)
  })

  function placed(error: unknown) {
    if (!(error instanceof ConfigError)) throw error
    return { code: error.code, line: error.line, column: error.column, message: error.message }
  }
  function outcome<T>(read: () => T) {
    try {
      return read()
    } catch (error) {
      return placed(error)
    }
  }

  test('what is wrong with a group is told without reading the whole again', async () => {
    const text = long([...items, 'require: {mac: AA-BB-CC-DD-EE-FF}', ...items], '  ')
    const file = await parsePieces(cutAtItems(text, 100)!)
    expect(file?.problems).toEqual(parseWhole(text).problems)
    expect(file?.problems).toHaveLength(1)
  })
  test('what is no YAML is told without reading the whole again', async () => {
    const text = long([...items, 'spec: "a" b', ...items], '  ')
    const error: unknown = await parsePieces(cutAtItems(text, 100)!).catch(placed)
    expect(error).toMatchObject({ code: 'yaml', line: 5 + 9 * items.length })
    expect(error).toEqual(outcome(() => parseWhole(text)))
  })

  test('whatever the text, a piecewise reading is the whole reading or none', async () => {
    const line = fc.constantFrom(
      '  - spec: a',
      '  - name: "x',
      '    y"',
      '- spec: b',
      '    require: {a: b}',
      '    metadata:',
      '      t: |',
      '        - z',
      '  -',
      '# c',
      '',
      'groups:',
      'api_version: v1alpha1',
      '---',
      '...',
      '    list: [1,',
      '      2]',
      '  - {spec: c}',
      '  - spec: [',
      '  - "a" b',
      '  - require: {mac: X}',
      '  - : : :',
      "    s: 'q",
      "  - r'",
    )
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 14 }), async (lines) => {
        const text = `${HEAD}groups:\n  - spec: first\n${lines.join('\n')}\n`
        const pieces = cutAtItems(text, 1)
        const read = pieces && (await parsePieces(pieces).catch(placed))
        if (read !== undefined) expect(read).toEqual(outcome(() => parseWhole(text)))
      }),
      { numRuns: 5000 },
    )
  })
})
