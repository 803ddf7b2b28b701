/**
 * What is remembered of machines stays within each limit, however much is reported: measured in a process of its own, whose
 * garbage is collected on purpose. The same without the limit does not, so that it is the limit that holds.
 */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

const CHILD = fileURLToPath(new URL('./flood-child.ts', import.meta.url))
const BYTES_MAX = 2_000_000

test('memory stays within each limit, and would not without it', { timeout: 180_000 }, async () => {
  const child = spawn(process.execPath, ['--expose-gc', CHILD], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  expect(stderr).toBe('')
  const held = Object.entries(JSON.parse(stdout) as Record<string, [within: number, without: number]>)
  expect(held.length).toBeGreaterThan(4)
  expect(held.filter(([, [within]]) => within > BYTES_MAX)).toEqual([])
  expect(held.filter(([, [, without]]) => without < 2 * BYTES_MAX)).toEqual([])
})
