/** What the scripts of the box share. */
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { temporaryFolder } from '../support/site.ts'

const LIB = join(import.meta.dirname, '../../images/appliance/root/lib/box/lib')

test('what a script writes is for nobody else to change, whoever runs it', () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'flags')
  execFileSync('sh', ['-c', `umask 0; . "$0"; echo x | write "$1"`, LIB, file])
  expect((statSync(file).mode & 0o777).toString(8)).toBe('644')
})
