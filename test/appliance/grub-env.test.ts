/**
 * GRUB's variables: what GRUB's own tool writes is read, what we write its own tool reads.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { changeEnv } from '../../src/appliance/grub-env-file.ts'
import { ENV_BYTES, formatEnv, parseEnv } from '../../src/appliance/grub-env.ts'
import { require } from '../support/requirements.ts'
import { temporaryFolder } from '../support/site.ts'

const EDITENV = ['grub-editenv', 'grub-common'] as const
/** The characters that the format itself uses are among them. */
const VALUES = ['a', '', 'with = and # in it', String.raw`back\slash`, String.raw`at the end\\`]

function editenv(...args: readonly string[]): string {
  return execFileSync('grub-editenv', args, { encoding: 'utf8' })
}

test('what grub-editenv writes is read', (context) => {
  require(context, [EDITENV])
  using folder = temporaryFolder()
  const file = join(folder.path, 'grubenv')
  editenv(file, 'create')
  editenv(file, 'set', ...VALUES.map((value, n) => `v${n}=${value}`))
  expect([...parseEnv(readFileSync(file))!.values()]).toEqual(VALUES)
})

test('what we write, grub-editenv lists and changes', async (context) => {
  require(context, [EDITENV])
  using folder = temporaryFolder()
  const file = join(folder.path, 'grubenv')
  editenv(file, 'create')
  editenv(file, 'set', 'left=alone')
  await changeEnv(file, { good: 'a', try: 'b', tries: '3' })
  expect(editenv(file, 'list').trim().split('\n')).toEqual(['left=alone', 'good=a', 'try=b', 'tries=3'])
  editenv(file, 'set', 'tries=2')
  await changeEnv(file, { good: 'b', try: '' })
  expect(editenv(file, 'list').trim().split('\n')).toEqual(['left=alone', 'good=b', 'try=', 'tries=2'])
})

test('any variables are read as they were written', () => {
  const name = fc.stringMatching(/^[a-z_]{1,8}$/)
  const value = fc.string({ maxLength: 20 }).map((text) => text.replaceAll(/[^\x01-\x7e]/g, '?'))
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 6, noNullPrototype: true }), (variables) => {
      const block = formatEnv(new Map(Object.entries(variables)))
      expect(block).toHaveLength(ENV_BYTES)
      expect(Object.fromEntries(parseEnv(block)!)).toEqual(variables)
    }),
  )
})

test('any bytes are variables or none, never a failure', () => {
  const start = Buffer.from('# GRUB Environment Block\n')
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 999, maxLength: 999 }), (bytes) => {
      expect(parseEnv(Buffer.concat([start, bytes]))).toBeInstanceOf(Map)
      expect(parseEnv(Buffer.from(bytes))).toBeUndefined()
    }),
  )
})

test('what does not fit into the first sector is not written', () => {
  expect(() => formatEnv(new Map([['good', 'a'.repeat(500)]]))).toThrow('are written in one go')
})

test('a file that is as it should be is not written again', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'grubenv')
  writeFileSync(file, formatEnv(new Map([['good', 'a']])))
  expect(await changeEnv(file, { good: 'b' })).toBe(true)
  expect(await changeEnv(file, { good: 'b' })).toBe(false)
})
