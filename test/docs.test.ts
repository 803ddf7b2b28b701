/**
 * The documentation against the program: lists are complete, tables are true, links and paths lead somewhere.
 *
 * What its commands print is tested in docs-commands.test.ts.
 */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { describe, expect, test } from 'vitest'
import { z } from 'zod'

import { EVENTS } from '../src/core/log.ts'
import { helpText, parseInvocation } from '../src/core/settings.ts'
import { parseWhole } from '../src/core/store/groups-file.ts'
import { compile } from '../src/core/template/compile.ts'
import { TEMPLATE_LIMITS } from '../src/core/template/template.ts'
import { anchors, codeBlocks, linkTargets } from './support/markdown.ts'

const ROOT = join(import.meta.dirname, '..')

const paths = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'images/**/*.md', 'src/**/*.md'], { cwd: ROOT })
const documents = new Map(paths.map((path) => [path, read(path)]))

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

test('the documents were found', () => {
  expect(paths).toEqual(expect.arrayContaining(['README.md', 'ARCHITECTURE.md', 'docs/getting-started.md']))
})

test('README names the two commands', () => {
  const commands = codeBlocks(read('README.md')).find((block) => block.language === 'sh')?.text
  expect(commands).toMatch(/^\.\/scripts\/start .*\n\.\/scripts\/test .*\n$/)
})

test('README gives a reason for each dependency, and for no other', () => {
  const names = z.record(z.string(), z.string())
  const kinds = z.object({ dependencies: names, devDependencies: names, optionalDependencies: names })
  const { dependencies, devDependencies, optionalDependencies } = kinds.parse(JSON.parse(read('package.json')))
  const named = rows(read('README.md'), 'package').flatMap(([packages]) => packages!.split(', '))
  expect(named.toSorted()).toEqual(
    Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies }).toSorted(),
  )
})

test('flags.md has the help text', () => {
  expect(codeBlocks(read('docs/flags.md'))[0]?.text).toBe(helpText())
})

test('logs.md lists every event with its level, and no other', () => {
  const listed = rows(read('docs/logs.md'), 'event').map(([event, level]) => [code(event!), level])
  const events = Object.entries(EVENTS).map(([event, [level]]) => [event, level])
  expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(events))
})

test('logs.md lists every field, and no other', () => {
  const declared = /export interface Fields \{(.*?)\n\}/s.exec(read('src/core/log.ts'))?.[1] ?? ''
  const fields = [...declared.matchAll(/readonly (\w+)\?:/g)].map((match) => match[1]!)
  expect(fields.length).toBeGreaterThan(20)
  const listed = rows(read('docs/logs.md'), 'field').flatMap(([names]) => names!.split(', ').map(code))
  expect(listed.toSorted()).toEqual(['level', 'time', 'event', 'msg', ...fields].toSorted())
})

test('check.md lists every code of a problem, and no other', () => {
  const codes = [...unionOf('src/core/errors.ts', 'ConfigErrorCode'), ...unionOf('src/core/check.ts', 'ProblemCode')]
  expect(codes.length).toBeGreaterThan(15)
  const listed = rows(read('docs/check.md'), 'code').map(([name]) => code(name!))
  expect(listed.toSorted()).toEqual(codes.toSorted())
})

/** The texts of a union type. */
function unionOf(path: string, type: string): string[] {
  const declaration = new RegExp(`export type ${type} =\\n((?:  \\|.*\\n)+)`).exec(read(path))?.[1] ?? ''
  return [...declaration.matchAll(/\| '([^']+)'/g)].map((match) => match[1]!)
}

describe('templates.md: both columns print the third', () => {
  const markdown = read('docs/templates.md')
  const site = codeBlocks(markdown).find((block) => block.language === 'yaml')!.text
  const { metadata } = parseWhole(site).groups[0]!
  const table = rows(markdown, '').filter((row) => row.length === 4)

  test('there is such a table', () => expect(table.length).toBeGreaterThan(15))
  for (const [what, go, liquid, prints] of table) {
    test(what!, () => {
      const print = (path: string, cell: string) =>
        compile(path, code(cell), new Map(), TEMPLATE_LIMITS).render(metadata)
      expect(print('x', go!)).toBe(code(prints!))
      expect(print('x.liquid', liquid!)).toBe(code(prints!))
    })
  }
})

for (const [path, markdown] of documents) {
  test(`the links of ${path} lead somewhere`, () => {
    const local = linkTargets(markdown).filter((target) => !/^[a-z]+:/.test(target))
    const dead = local.filter((target) => {
      const [name = '', anchor] = target.split('#')
      const file = name === '' ? path : join(dirname(path), name)
      return !existsSync(join(ROOT, file)) || (anchor !== undefined && !anchors(read(file)).has(anchor))
    })
    expect(dead).toEqual([])
  })

  test(`the programs and folders that ${path} names exist`, () => {
    const named = [...markdown.matchAll(/(?<![\w/.$-])(?:\.\/)?((?:bin|scripts|examples|docs)\/[\w./-]*\w)/g)]
    const missing = named.map((match) => match[1]!).filter((name) => !existsSync(join(ROOT, name)))
    expect(missing).toEqual([])
  })

  test(`the command lines of ${path} are ones that bootcfg takes`, () => {
    const shell = codeBlocks(markdown).filter((block) => block.language === 'sh')
    const lines = shell.flatMap(({ text }) => text.replaceAll('\\\n', ' ').match(/(?<=bin\/bootcfg ).*$/gm) ?? [])
    for (const line of lines) {
      const args = line.replaceAll("'", '').replace(/ +#.*/, '').split(' ')
      expect(() => parseInvocation(args, {}), line).not.toThrow()
    }
  })
}

/** The rows of the tables whose first column has this heading, as cells. */
function rows(markdown: string, firstHeading: string): string[][] {
  const found: string[][] = []
  let inTable = false
  for (const line of markdown.replaceAll(/^```.*?^```$/gms, '').split('\n')) {
    const row = cells(line)
    if (row === undefined) inTable = false
    else if (inTable) found.push(row)
    else inTable = row[0] === firstHeading
  }
  return found.filter(([first]) => first !== '---')
}

function cells(line: string): string[] | undefined {
  if (!line.startsWith('|')) return undefined
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))
}

/** What stands in the backquotes of a cell; an empty cell is empty text. */
function code(cell: string): string {
  return /^`(.*)`$/s.exec(cell)?.[1] ?? cell
}
