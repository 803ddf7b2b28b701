import { expect, test } from 'vitest'

import { createLog, printable } from '../../src/core/log.ts'

function linesOf(pretty: boolean, level: 'info' | 'warning' = 'info') {
  const lines: string[] = []
  return { lines, log: createLog({ level, pretty, write: (line) => lines.push(line) }) }
}

test('a machine reads JSON, a line an event, with the stable name and the level', () => {
  const { lines, log } = linesOf(false)
  log('http.request', { method: 'GET', status: 200 })
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0]!)).toMatchObject({
    level: 'info',
    event: 'http.request',
    msg: 'request',
    method: 'GET',
    status: 200,
  })
  expect(lines[0]!.endsWith('\n')).toBe(true)
})

test('a person reads one short line', () => {
  const { lines, log } = linesOf(true)
  log('http.request', { method: 'GET', path: '/ipxe', group: 'node 1' })
  expect(lines[0]).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} info {5}request \[http\.request\] method=GET path=\/ipxe group="node 1"\n$/,
  )
})

test('less severe events than the level are not written', () => {
  const { lines, log } = linesOf(false, 'warning')
  log('http.request')
  log('store.problem')
  log('fatal')
  expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(['store.problem', 'fatal'])
})

test('no control character reaches a terminal, in whatever field it comes', () => {
  const { lines, log } = linesOf(true)
  log('http.request', { group: 'a\u001b]0;owned\u0007b\u009b2J\r\n\u202e' })
  expect(lines[0]!.trimEnd()).toMatch(/^[\u0020-\u007e]+$/)
})

test('printable() keeps one line of ASCII and cuts what is too long', () => {
  expect(printable('a\u001b[31mé\n\u{1f600}b')).toBe('a?[31m???b')
  expect(printable('x'.repeat(20), 10)).toBe('xxxxxxxxxx...')
})
