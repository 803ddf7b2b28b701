import { expect, test } from 'vitest'

import { quietLog } from '../../src/tftp/quiet-log.ts'
import { memoryLog } from '../support/site.ts'

test('a flood leaves so many lines of each event, and the next one says how many were left out', async () => {
  const log = memoryLog()
  const say = quietLog(log, 3, 100)
  for (let at = 0; at < 50; at++) say('tftp.refused', { file: String(at) })
  say('tftp.sent', { file: 'other' })
  const refused = (): unknown[] => log.lines.filter(({ event }) => event === 'tftp.refused')
  expect(refused().length).toBe(3)
  expect(log.lines.at(-1)).toMatchObject({ event: 'tftp.sent', file: 'other' })
  await expect
    .poll(() => {
      say('tftp.refused', { file: 'late' })
      return refused().length
    })
    .toBeGreaterThan(3)
  expect(refused()[3]).toMatchObject({ file: 'late', omitted: expect.any(Number) })
})
