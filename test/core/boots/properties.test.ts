/** Whatever the rooms report, in whatever order: nothing throws, no limit is passed, and what is saved can be read. */
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { CODES } from '../../../src/core/boots/diagnose.ts'
import { parseStored } from '../../../src/core/boots/stored.ts'
import type { BootEvent, Purpose } from '../../../src/core/journal.ts'
import { GROUP, Story } from './story.ts'

const mac = fc.constantFrom('52:54:00:00:00:01', '52:54:00:00:00:02', '52:54:00:00:00:03')
const address = fc.constantFrom('10.9.0.1', '10.9.0.2', '10.9.0.3')
const uuid = fc.option(fc.constantFrom('u1', 'u2'), { nil: undefined })
const text = fc.oneof(fc.constantFrom('snponly.efi', 'undionly.kpxe', 'autoexec.ipxe', 'vmlinuz', ''), fc.string())
const via = fc.constantFrom('tftp', 'http')
const from = fc.constantFrom('firmware', 'assets')
const id = fc.nat(5)
const bytes = fc.nat(1e9)
const maybe = fc.option(text, { nil: undefined })
const PURPOSES: Purpose[] = ['script', 'ipxe', 'pixiecore', 'ignition', 'cloud', 'metadata', 'signature', 'autoexec']

function tagged<T extends BootEvent['type'], R extends object>(type: T, shape: { [K in keyof R]: fc.Arbitrary<R[K]> }) {
  return fc.record({ type: fc.constant(type), ...shape })
}

const event = fc.oneof(
  tagged('address', { mac, address }),
  tagged('firmware', { address, file: text }),
  tagged('asked', {
    mac,
    uuid,
    iface: fc.constant('eth0'),
    port: fc.constantFrom(67, 4011),
    architecture: fc.option(fc.nat(70), { nil: undefined }),
    ipxe: fc.option(fc.record({ http: fc.boolean(), able: fc.boolean() }), { nil: undefined }),
    boot: maybe,
    answer: fc.constantFrom('told', 'nothing-fits', 'silent'),
    reason: maybe,
  }),
  tagged('requested', {
    purpose: fc.constantFrom(...PURPOSES),
    address,
    labels: fc
      .array(fc.oneof(fc.tuple(fc.constant('mac'), mac), fc.tuple(fc.constantFrom('uuid', 'hostname'), text)))
      .map((all) => new Map<string, string>(all)),
    query: text,
    path: text,
    status: fc.constantFrom(200, 404, 500),
    bytes,
    ms: fc.double({ min: 0, max: 1e5, noNaN: true }),
    group: fc.option(fc.constant(GROUP), { nil: undefined }),
    unconfigured: fc.boolean(),
    reason: maybe,
  }),
  tagged('began', { via, id, address, from, file: text, totalBytes: bytes }),
  tagged('moved', { via, id, bytes }),
  tagged('ended', { via, id, bytes, outcome: fc.constantFrom('whole', 'part', 'probe', 'failed'), reason: maybe }),
  tagged('refused', { via, address, from, file: text, reason: text }),
  tagged('rival', { mac, server: address, file: text, iface: fc.constant('eth0') }),
)
const step = fc.tuple(event, fc.oneof(fc.constant(0), fc.nat(10), fc.nat(400)))

const LIMITS = { machinesMax: 4, attemptsPerMachineMax: 3, entriesPerAttemptMax: 6, historyBytesMax: 4000 }

test('any events in any order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const story = new Story({ limits: LIMITS, site: { nearest: () => 'another' } })
      for (const [event, seconds] of steps) story.report(event as BootEvent).wait(seconds)
      story.recorder.saveAll(story.nowMs)
      const machines = story.recorder.overview.machines(story.nowMs)
      expect(machines.length).toBeLessThanOrEqual(LIMITS.machinesMax)
      for (const { mac } of machines) {
        const { attempts } = story.recorder.overview.machine(mac, story.nowMs)!
        expect(attempts.length).toBeLessThanOrEqual(LIMITS.attemptsPerMachineMax)
        expect(new Set(attempts.map(({ id }) => id)).size).toBe(attempts.length)
        for (const summary of attempts) {
          const attempt = story.recorder.overview.attempt(summary.id, story.nowMs)!
          expect(attempt.entries.length).toBeLessThanOrEqual(LIMITS.entriesPerAttemptMax)
          expect(CODES).toContain(attempt.diagnosis.code)
          expect(attempt.mac).toBe(mac)
          if (attempt.state !== 'seen') expect(attempt.endedAt === null).toBe(attempt.state === 'booting')
          expect(JSON.stringify(attempt)).toMatch(/^[\u0020-\u007e]*$/)
          for (const entry of attempt.entries) {
            expect(entry.startMs).toBeGreaterThanOrEqual(0)
            expect(entry.durationMs ?? 0).toBeGreaterThanOrEqual(0)
            expect(entry.durationMs === null).toBe(entry.outcome === 'going')
          }
        }
      }
      for (const line of story.saved) expect(parseStored(line), line).toBeDefined()
    }),
    { numRuns: 400 },
  )
})

test('a restart at any moment keeps the attempts', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const before = new Story()
      for (const [event, seconds] of steps) before.report(event as BootEvent).wait(seconds)
      before.recorder.saveAll(before.nowMs)
      const after = new Story()
      after.wait(before.nowMs / 1000)
      for (const line of before.saved) after.recorder.load(parseStored(line)!, after.nowMs)
      // What an address did before its MAC was known has gone over to that, and may have been saved already.
      const outcomes = ({ recorder, nowMs }: Story) =>
        recorder.overview
          .attempts(1000, nowMs)
          .filter(({ mac }) => !mac.startsWith('address:'))
          .map(({ id, state, stage }) => `${id} ${state} ${stage}`)
      expect(outcomes(after).toSorted()).toEqual(outcomes(before).toSorted())
    }),
    { numRuns: 200 },
  )
})
