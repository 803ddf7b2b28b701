/** Which machines are listed where, which rows are drawn, and where bars lie. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { countSections, listMachines, sectionOf } from '../../../../src/http/ui/client/machine-list.js'
import { barOf, spanOf, ticksOf } from '../../../../src/http/ui/client/timeline.js'
import { offsetsOf, rowsWithin } from '../../../../src/http/ui/client/windowed.js'
import { attemptOf, machineOf } from '../../api/site.ts'

const failed = (code: string) => attemptOf('m', 'a', { state: 'failed', diagnosis: { code, text: '', advice: '' } })

describe('sections', () => {
  const booting = attemptOf('m', 'a', { state: 'booting' })
  //  name                                                              machine                                  section
  const cases: [string, Parameters<typeof machineOf>[1], string][] = [
    ['what boots is booting, known or not', { last: booting, known: false, group: null }, 'booting'],
    ['what has booted is among the others', { last: attemptOf('m', 'a') }, 'others'],
    ['what failed has failed', { last: failed('read-stalled') }, 'failed'],
    [
      'a stranger that failed before anybody asked for its group has failed',
      { last: failed('no-read'), known: false, group: null },
      'failed',
    ],
    ['what no group matches is unknown', { last: failed('no-group'), known: false, group: null }, 'unknown'],
    [
      'what is not answered for want of a group is unknown',
      { last: failed('not-answered'), known: false, group: null },
      'unknown',
    ],
    [
      'what a group without a mac caught is none',
      { last: attemptOf('m', 'a'), known: false, group: 'default' },
      'others',
    ],
    ['what only was heard of is unknown', { last: null, known: false, group: null }, 'unknown'],
  ]
  for (const [name, about, section] of cases) {
    test(name, () => expect(sectionOf(machineOf('m', about))).toBe(section))
  }

  test('booting first, then failed, unknown, the rest; in each the latest first', () => {
    const at = (minute: number) => ({ startedAt: `2026-11-22T22:0${minute}:00.000Z` })
    const machines = [
      machineOf('others', { last: attemptOf('others', '1', at(9)) }),
      machineOf('unknown', { last: null, known: false, group: null }),
      machineOf('failed-2', { last: { ...failed('no-read'), ...at(2) } }),
      machineOf('failed-3', { last: { ...failed('no-read'), ...at(3) } }),
      machineOf('booting', { last: { ...booting, ...at(1) } }),
    ]
    const { rows } = listMachines(machines, '', '')
    expect(rows.map((row) => (row.kind === 'heading' ? `# ${row.section} ${row.count}` : row.machine.mac))).toEqual([
      '# booting 1',
      'booting',
      '# failed 2',
      'failed-3',
      'failed-2',
      '# unknown 1',
      'unknown',
      '# others 1',
      'others',
    ])
    expect(countSections(machines)).toEqual({ booting: 1, failed: 2, unknown: 1, others: 1 })
  })

  test('found is what has the text anywhere, in any case; the counts are of what was found', () => {
    const machines = [machineOf('52:54:00:00:00:01', { hostname: 'Node1' }), machineOf('52:54:00:00:00:02')]
    expect(listMachines(machines, ' nOde1 ', '').counts.others).toBe(1)
    expect(listMachines(machines, '00:02', '').rows).toHaveLength(2)
    expect(listMachines(machines, '', 'failed')).toMatchObject({ rows: [], counts: { others: 2 } })
  })
})

describe('only rows that can be seen are drawn', () => {
  test('exactly those that touch the visible stretch', () => {
    const heights = fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 60 })
    fc.assert(
      fc.property(
        heights,
        fc.integer({ min: -500, max: 4000 }),
        fc.integer({ min: 1, max: 900 }),
        (rows, from, length) => {
          const offsets = offsetsOf(rows)
          const { first, end } = rowsWithin(offsets, from, from + length)
          const touching = rows.flatMap((_, at) =>
            offsets[at]! < from + length && offsets[at + 1]! > from ? [at] : [],
          )
          const drawn = rows.map((_, at) => at).slice(first, end)
          expect(drawn).toEqual(expect.arrayContaining(touching))
          expect(drawn.length - touching.length).toBeLessThanOrEqual(1)
        },
      ),
    )
  })
})

describe('the time axis', () => {
  const entry = { kind: 'read', via: 'tftp', title: 'x', outcome: 'ok' } as const
  test('has two to seven marks, the first at 0, none beyond its end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 * 24 * 3_600_000 }), (spanMs) => {
        const ticks = ticksOf(spanMs)
        expect(ticks[0]).toBe(0)
        expect(ticks.length).toBeGreaterThanOrEqual(2)
        expect(ticks.length).toBeLessThanOrEqual(7)
        expect(ticks.at(-1)).toBeLessThanOrEqual(spanMs)
      }),
    )
  })
  test('every bar lies on it', () => {
    const ms = fc.double({ min: -1e3, max: 1e7, noNaN: true })
    fc.assert(
      fc.property(ms, fc.option(ms), fc.double({ min: 1, max: 1e7, noNaN: true }), (startMs, durationMs, spanMs) => {
        const { left, width } = barOf({ ...entry, startMs, durationMs }, spanMs, spanMs)
        expect(left).toBeGreaterThanOrEqual(0)
        expect(width).toBeGreaterThanOrEqual(0)
        expect(left + width).toBeLessThanOrEqual(100.000001)
      }),
    )
  })
  test('what goes on reaches up to now, and the axis up to the last end', () => {
    expect(barOf({ ...entry, startMs: 2000, durationMs: null }, 10_000, 8000)).toEqual({ left: 20, width: 60 })
    expect(spanOf([{ ...entry, startMs: 900, durationMs: 200 }], 1000)).toBe(1100)
    expect(spanOf([], 0)).toBe(1)
  })
})
