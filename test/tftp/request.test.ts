import { expect, test } from 'vitest'

import { decide, displayName, whenRepeated } from '../../src/tftp/request.ts'

const files = new Map([['a.efi', { name: 'a.efi', path: '/f/a.efi', size: 1, stamp: '1' }]])
const request = { op: 'read', file: 'a.efi', mode: 'octet', options: [] } as const

test.each([
  ['octet', false],
  ['OCTET', false],
  ['NetASCII', true],
])('a file is sent in mode %s', (mode, netascii) => {
  expect(decide({ ...request, mode }, files, './firmware')).toMatchObject({
    do: 'send',
    file: { name: 'a.efi' },
    netascii,
  })
})

test.each([
  ['writing', { op: 'write' }, 2],
  ['mode mail', { mode: 'mail' }, 4],
  ['no name', { file: '' }, 4],
  ['a file that is not there', { file: 'b.efi' }, 1],
  ['a name that leads out of the folder', { file: '../a.efi' }, 1],
] as const)('%s is refused with the code of the RFC', (_, change, code) => {
  expect(decide({ ...request, ...change }, files, './firmware')).toMatchObject({ do: 'refuse', code })
})

test('what a missing file needs is said with the folder, and not to the machine', () => {
  const verdict = decide({ ...request, file: 'b.efi' }, files, '/srv/firmware')
  if (verdict.do !== 'refuse') throw new Error(verdict.do)
  expect(verdict.reason).toContain('/srv/firmware')
  expect(verdict.text).not.toContain('/srv')
})

test('a name reaches the log as printable ASCII of bounded length', () => {
  expect(displayName({ ...request, file: 'a\u001b[31m\u00e9' })).toBe('a?[31m?')
  expect(displayName({ ...request, file: 'a'.repeat(5000) }).length).toBeLessThan(200)
})

test.each([
  ['the same before anything was acknowledged', true, false, 60_000, 'again'],
  ['the same, a copy that was late', true, true, 500, 'again'],
  ['the same, after the machine was switched off and on', true, true, 5000, 'anew'],
  ['another one', false, false, 10, 'anew'],
] as const)('a repeated request from the port of a transfer: %s', (_, isSame, isProven, ageMs, what) => {
  expect(whenRepeated(isSame, isProven, ageMs)).toBe(what)
})
