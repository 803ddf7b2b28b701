import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { checkCloudConfig } from '../../src/core/cloud-config.ts'

describe('passes', () => {
  const cases: [string, string][] = [
    ['a cloud-config', '#cloud-config\nhostname: a\n'],
    ['white space behind the first line', '#cloud-config \t\r\nhostname: a\r\n'],
    ['a cloud-config of one line', '#cloud-config'],
    ['a cloud-config of comments', '#cloud-config\n\n# nothing yet\n'],
    ['an empty mapping', '#cloud-config\n---\n'],
    ['a script', '#!/bin/sh\necho {\n'],
    ['a script without an interpreter', '#!'],
    ['a repeated key', '#cloud-config\na: 1\na: 2\n'],
  ]
  for (const [name, text] of cases) test(name, () => expect(() => checkCloudConfig(text)).not.toThrow())
})

describe('refuses', () => {
  //  name                          text                                    code            line
  const cases: [string, string, string, number][] = [
    ['nothing', '', 'cloud-config', 1],
    ['a note', 'just a note\n', 'cloud-config', 1],
    ['a first line that says more', '#cloud-config please\na: 1\n', 'cloud-config', 1],
    ['space before the first line', ' #cloud-config\n', 'cloud-config', 1],
    ['a blank line before it', '\n#cloud-config\n', 'cloud-config', 1],
    ['a list', '#cloud-config\n- a\n', 'cloud-config', 2],
    ['text', '#cloud-config\nhostname\n', 'cloud-config', 2],
    ['what is not YAML', '#cloud-config\nusers:\n  - {name: a\n', 'yaml', 4],
    ['bytes that are not UTF-8', '#cloud-config\na: \uDCFF\n', 'yaml', 2],
  ]
  for (const [name, text, code, line] of cases) {
    test(name, () => {
      expect(() => checkCloudConfig(text)).toThrow(
        expect.objectContaining({ name: 'ConfigError', code, line, inRendered: true }),
      )
    })
  }
})

describe('as bootcfg 0.2 did with files that hold no template', () => {
  const folder = new URL('../fixtures/bootcfg/data/cloud/', import.meta.url)
  test('discovery.yaml was served', () => {
    expect(() => checkCloudConfig(readFileSync(new URL('discovery.yaml', folder), 'utf8'))).not.toThrow()
  })
  test('note.txt was not', () => {
    expect(() => checkCloudConfig(readFileSync(new URL('note.txt', folder), 'utf8'))).toThrow('neither a cloud-config')
  })
})
