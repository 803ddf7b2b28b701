/** docs/appliance-yaml.md against the schema: its table is complete and true, its examples are accepted. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'
import { z } from 'zod'

import { readConfig } from '../../src/appliance/config.ts'
import { applianceSchema } from '../../src/appliance/schema.ts'
import { codeBlocks } from '../support/markdown.ts'

const DOCUMENT = readFileSync(join(import.meta.dirname, '../../docs/appliance-yaml.md'), 'utf8')

interface Node {
  readonly default?: unknown
  readonly description?: string
  readonly properties?: Readonly<Record<string, Node>>
  readonly items?: Node
}

function rowsOf(node: Node, path = ''): string[] {
  const inner = node.properties ?? node.items?.properties
  const rows = Object.entries(inner ?? {}).flatMap(([key, child]) =>
    rowsOf(child, path === '' ? key : `${path}.${key}`),
  )
  if (path === '' || node.properties !== undefined) return rows
  return [`| \`${path}\` | ${withoutIt(node.default)} | ${node.description} |`, ...rows]
}

function withoutIt(value: unknown): string {
  return value === undefined || (Array.isArray(value) && value.length === 0) ? '' : `\`${z.string().parse(value)}\``
}

test('the table has every key with its default and its meaning, and no other', () => {
  const schema = z.toJSONSchema(applianceSchema, { io: 'input', unrepresentable: 'any' }) as Node
  const table = DOCUMENT.split('\n').filter((line) => line.startsWith('| `'))
  expect(table).toEqual(rowsOf(schema))
  expect(table.length).toBeGreaterThan(10)
})

test('the examples are accepted as they stand', () => {
  const examples = codeBlocks(DOCUMENT).filter(({ language }) => language === 'yaml')
  expect(examples.length).toBeGreaterThan(3)
  for (const { text } of examples) expect(readConfig(text).problems).toEqual([])
})
