import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { ConfigError } from '../../../src/core/errors.ts'
import { renderIgnition } from '../../../src/core/ignition/render.ts'
import { configErrorOf } from '../../support/config-error.ts'

const EMPTY = '{"ignitionVersion":0,"storage":{},"systemd":{},"networkd":{},"passwd":{}}'

function errorOf(fileName: string, text: string): ConfigError {
  return configErrorOf(() => renderIgnition(fileName, text))
}

describe('the ending of the file name tells the language', () => {
  test('.yaml and .yml are YAML', () => {
    for (const name of ['a.yaml', 'a.yml', 'a.json.yaml']) expect(renderIgnition(name, '# nothing')).toBe(EMPTY)
  })
  test('anything else is JSON', () => {
    for (const name of ['a', 'a.json', 'a.ign', 'a.YAML', 'a.yaml.bak', 'yaml']) {
      expect(errorOf(name, '# nothing')).toMatchObject({ code: 'json' })
    }
  })
})

describe('Ignition 2 and 3', () => {
  interface Fixture {
    readonly id: string
    readonly contents: string
    readonly validate: { readonly exit: number }
  }
  const file = new URL('../../fixtures/ignition-v3.json', import.meta.url)
  const fixtures: readonly Fixture[] = JSON.parse(readFileSync(file, 'utf8'))
  /** No JSON, or a version of another kind; the rest is served, and it is for Ignition to say what it thinks of it. */
  const refused = [
    'verx-1.0.0 verx-4.0.0 verx-3 ver-number ver-null array string',
    'empty trailing-comma trailing-garbage comment cloud-config script',
  ].flatMap((line) => line.split(' '))

  test('the fixtures are all there', () => expect(fixtures).toHaveLength(72))

  for (const { id, contents, validate } of fixtures) {
    if (id === 'v1-doc')
      test('v1-doc is Ignition 1', () => expect(renderIgnition('a', contents)).toContain('"ignitionVersion":1'))
    else if (refused.includes(id)) {
      test(`${id} is refused`, () => {
        expect(() => renderIgnition('a.ign', contents)).toThrow(ConfigError)
        expect(validate.exit).toBe(1)
      })
    } else test(`${id} is served as it was written`, () => expect(renderIgnition('a.ign', contents)).toBe(contents))
  }

  test('white space and all', () => {
    const text = '\n{ "ignition" : {"version": "2.2.0"},\r\n "x": "\\u003c<é" }\n\n'
    expect(renderIgnition('a.json', text)).toBe(text)
  })
})

describe('Ignition 1 beyond the recorded vectors', () => {
  //  rule                                          file      text                                                      contains
  const cases: [string, string, string, string][] = [
    ['an empty pointer is kept', 'a.yaml', 'passwd: {users: [{create: {uid: 0}}]}', '"users":[{"create":{"uid":0}}]'],
    [
      'a ~ points to a zero',
      'a.yaml',
      'passwd: {users: [{create: ~}, {create: {uid: ~}}]}',
      '"users":[{"create":{}},{"create":{"uid":0}}]',
    ],
    ['a null points to nothing', 'a.yaml', 'passwd: {users: [{create: null}, {create: }]}', '"users":[{},{}]'],
    [
      'structs of repeated keys merge',
      'a.yaml',
      'systemd: {units: [{name: a.path}]}\nsystemd: {}',
      '"systemd":{"units":[{"name":"a.path"}]}',
    ],
    ['a null makes a struct empty', 'a.yaml', 'systemd: {units: [{name: a.path}]}\nsystemd: ~', '"systemd":{}'],
    ['a quoted merge key is unknown', 'a.yaml', '"<<": {ignition_version: 1}', '"ignitionVersion":0'],
    [
      'keys of JSON may be in any case',
      'a',
      '{"IGNITIONVERSION":1,"\u017Fystemd":{"Units":[{"NAME":"a.path"}]}}',
      '"systemd":{"units":[{"name":"a.path"}]}',
    ],
  ]
  for (const [rule, file, text, part] of cases) test(rule, () => expect(renderIgnition(file, text)).toContain(part))
})

describe('an error says what, in which value, and on which line', () => {
  //  file      text                                              code        line  column  message
  const cases: [string, string, string, number | undefined, number | undefined, string][] = [
    [
      'a.yaml',
      'systemd:\n  units:\n    - name: a.conf\n',
      'ignition',
      3,
      13,
      'systemd.units[0].name: invalid systemd unit extension: "a.conf"',
    ],
    ['a.yaml', 'a: 1\nstorage: []\n', 'ignition', 2, 10, 'storage: cannot unmarshal !!seq into config.Storage'],
    [
      'a.yaml',
      'storage:\n  disks:\n    - wipe_table: 1\n',
      'ignition',
      3,
      19,
      'storage.disks[0].wipe_table: cannot unmarshal !!int `1` into bool',
    ],
    [
      'a.yaml',
      'passwd: {users: [{create: {uid: "1"}}]}',
      'ignition',
      1,
      33,
      'passwd.users[0].create.uid: cannot unmarshal !!str `1` into uint',
    ],
    ['a.yaml', 'hello\n', 'ignition', 1, 1, 'cannot unmarshal !!str `hello` into config.Config'],
    ['a.yaml', 'a: {\n', 'yaml', 2, 1, 'unexpected end of the stream within a flow collection'],
    ['a.yaml', 'a: 1\n<<: 1\n', 'yaml', 2, 5, 'map merge requires map or sequence of maps as the value'],
    ['a.yaml', 'variant: fcos\nversion: 1.5.0\n', 'ignition', 1, 1, 'Butane is not supported yet'],
    [
      'a.json',
      '{"ignitionVersion": 1,\n}',
      'json',
      2,
      1,
      "invalid character '}' looking for beginning of object key string",
    ],
    [
      'a.json',
      '{"ignitionVersion":1,"storage":{"disks":[\n{}]}}',
      'ignition',
      2,
      1,
      'storage.disks[0]: disk device is required',
    ],
    ['a.json', '[]', 'ignition', 1, 1, 'cannot unmarshal array into config.Config'],
    [
      'a.json',
      '{"ignitionVersion":3}',
      'ignition',
      undefined,
      undefined,
      'incorrect config version: ignitionVersion 3, expected ignitionVersion 1 or ignition.version 2.x or 3.x',
    ],
    [
      'a.json',
      '{"ignition":{"version":"4.0.0"}}',
      'ignition',
      undefined,
      undefined,
      'incorrect config version: ignition.version 4.0.0, expected ignitionVersion 1 or ignition.version 2.x or 3.x',
    ],
    ['a.json', ' \n', 'ignition', 1, undefined, 'not a config (empty)'],
    ['a.json', '#cloud-config\n', 'ignition', 1, undefined, 'not a config (found coreos-cloudconfig)'],
    ['a.json', '#!/bin/sh\n', 'ignition', 1, undefined, 'not a config (found coreos-cloudinit script)'],
  ]
  for (const [file, text, code, line, column, message] of cases) {
    test(message, () => expect(errorOf(file, text)).toMatchObject({ code, line, column, message, inRendered: true }))
  }
})

test('a large config of small text is refused', () => {
  const units = Array.from(
    { length: 9 },
    (_, at) => `u${at + 1}: &u${at + 1} [${Array(10).fill(`*u${at}`).join(', ')}]`,
  )
  expect(errorOf('a.yaml', `u0: &u0 {name: a.path}\n${units.join('\n')}\nsystemd: {units: *u9}\n`)).toMatchObject({
    code: 'yaml',
  })
})
