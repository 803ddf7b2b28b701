/** What the journal hears of transfers, from their first packet to how they end. */
import { expect, test } from 'vitest'

import { type BootEvent, createJournal } from '../../src/core/journal.ts'
import { Reporter } from '../../src/tftp/report.ts'
import { fetchFile, openRoom, readRequest } from './room.ts'

const AGREEMENT = { blockBytes: 1000, window: 4, timeoutMs: undefined, granted: [] }
const ABOUT = { via: 'tftp', id: 1 } as const

function record() {
  const events: BootEvent[] = []
  const journal = createJournal()
  journal.listen((event) => events.push(event))
  return { reporter: new Reporter(journal, () => {}), events }
}

test('a file that is sent begins, and ends whole', async () => {
  const room = await openRoom({ 'a.efi': Buffer.alloc(5000) })
  await fetchFile(
    room,
    readRequest('boot/a.efi', [
      ['blksize', '1000'],
      ['windowsize', '2'],
    ]),
  )
  const terms = { totalBytes: 5000, blockBytes: 1000, window: 2 }
  await expect
    .poll(() => room.reported.filter(({ type }) => type !== 'moved'))
    .toEqual([
      { type: 'began', ...ABOUT, address: '127.0.0.1', from: 'firmware', file: 'a.efi', ...terms },
      { type: 'ended', ...ABOUT, bytes: 5000, outcome: 'whole', resent: 0, reason: undefined },
      { type: 'firmware', address: '127.0.0.1', file: 'a.efi' },
    ])
})

test('a file that is not there is refused, with the reason that the log has', async () => {
  const room = await openRoom({})
  const { error } = await fetchFile(room, readRequest('pxelinux.0'))
  expect(error?.code).toBe(1)
  expect(room.reported).toEqual([
    {
      type: 'refused',
      via: 'tftp',
      address: '127.0.0.1',
      from: 'firmware',
      file: 'pxelinux.0',
      reason: expect.stringContaining('not there') as string,
    },
  ])
})

test('how far it is, is told once a second, by what the client has acknowledged', () => {
  const { reporter, events } = record()
  const told = reporter.began('10.9.0.7', 'a.efi', 4500, AGREEMENT, 0)
  for (const [acked, nowMs] of [
    [-1, 1000],
    [2, 1500],
    [3, 2000],
    [5, 3000],
  ] as const) {
    told.moved(acked, nowMs)
  }
  expect(events.slice(1)).toEqual([0, 3000, 4500].map((bytes) => ({ type: 'moved', ...ABOUT, bytes })))
})

test('a probe, and a transfer that breaks off, end as such', () => {
  const { reporter, events } = record()
  reporter.began('10.9.0.7', 'a.efi', 4500, AGREEMENT, 0).ended({ at: 'probed', acked: -1, resent: 0 }, 1)
  reporter
    .began('10.9.0.7', 'a.efi', 4500, AGREEMENT, 0)
    .ended({ at: 'failed', acked: 2, resent: 8, reason: 'no answer any more' }, 1)
  expect(events.filter(({ type }) => type === 'ended')).toEqual([
    { type: 'ended', via: 'tftp', id: 1, bytes: 0, outcome: 'probe', resent: 0, reason: undefined },
    { type: 'ended', via: 'tftp', id: 2, bytes: 2000, outcome: 'failed', resent: 8, reason: 'no answer any more' },
  ])
})
