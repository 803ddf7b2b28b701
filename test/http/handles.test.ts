/**
 * No file of the assets stays open, however a request ends. Node closes a forgotten handle when it is garbage, and ends
 * the process for it; so this runs in a process of its own, in which garbage is collected on purpose.
 */
import { spawn } from 'node:child_process'
import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { temporaryFolder, writeFiles } from '../support/site.ts'

const CHILD = fileURLToPath(new URL('./handles-child.ts', import.meta.url))

test('every way in which a request can end closes its file', { timeout: 60_000 }, async () => {
  using folder = temporaryFolder()
  writeFiles(folder.path, { small: 'small', 'folder/x': '', 'no-extension': 'MZ', shrinks: '' })
  for (const name of ['large', 'shrinks']) {
    writeFiles(folder.path, { [name]: '' })
    truncateSync(join(folder.path, name), 256 << 20)
  }
  const child = spawn(process.execPath, ['--expose-gc', CHILD, folder.path], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise((resolve) => child.on('close', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  expect(stderr).toBe('')
  expect(stdout).toBe('open before and after: the same\n')
  expect(await ended).toBe(0)
})
