/** The recorder at work: fed by the journal, asked by whoever shows boots, and back after a restart. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { type Boots, openBoots } from '../../../src/core/boots/boots.ts'
import { type BootEvent, createJournal } from '../../../src/core/journal.ts'
import { memoryLog, temporaryFolder } from '../../support/site.ts'
import { ADDRESS, GROUP, LABELS, MAC, SPEC } from './story.ts'

const SITE = { spec: () => SPEC, nearest: () => undefined, isKnown: () => true }

async function open(statePath = '') {
  const journal = createJournal()
  const log = memoryLog()
  const boots = await openBoots({ journal, site: SITE, log, statePath })
  return { journal, boots, log }
}

const ASKED: BootEvent = {
  type: 'asked',
  mac: MAC,
  uuid: undefined,
  iface: 'eth0',
  port: 67,
  architecture: 7,
  ipxe: undefined,
  boot: 'snponly.efi',
  answer: 'told',
  reason: undefined,
}

function request(purpose: 'ipxe' | 'ignition'): BootEvent {
  const about = { address: ADDRESS, path: `/${purpose}`, status: 200, bytes: 10, ms: 0.1, reason: undefined }
  const body = `${purpose} of a node`
  return { type: 'requested', purpose, query: 'q', labels: LABELS, group: GROUP, unconfigured: false, body, ...about }
}

test('what was reported is there at once', async () => {
  const { journal, boots } = await open()
  journal.report(ASKED)
  expect(boots.machines()).toEqual([expect.objectContaining({ mac: MAC, known: true })])
  const [attempt] = boots.machine(MAC)!.attempts
  expect(boots.attempts()).toEqual([{ ...attempt, durationMs: expect.any(Number) as number }])
  expect(boots.attempt(attempt!.id)!.entries.map(({ kind }) => kind)).toEqual(['discover', 'offer'])
  expect(Math.abs(Date.parse(attempt!.startedAt) - Date.now())).toBeLessThan(60_000)
  await boots.stop()
})

test('listeners are told of the machines that changed, and of attempts that end', async () => {
  const { journal, boots } = await open()
  const changes: string[][] = []
  const ends: string[] = []
  const stopListening = boots.onChange((macs) => changes.push([...macs]))
  boots.onEnd(({ mac, state }) => ends.push(`${mac} ${state}`))
  for (const event of [ASKED, request('ipxe'), request('ignition')]) journal.report(event)
  await expect.poll(() => changes).toEqual([[MAC]])
  expect(ends).toEqual([`${MAC} booted`])
  stopListening()
  journal.report(ASKED)
  await expect.poll(() => boots.machine(MAC)!.attempts.length).toBe(2)
  expect(changes).toHaveLength(1)
  await boots.stop()
})

test('boots survive a restart, where there is a state folder', async () => {
  using folder = temporaryFolder()
  const first = await open(folder.path)
  for (const event of [ASKED, request('ipxe'), request('ignition')]) first.journal.report(event)
  const [before] = first.boots.attempts()
  await first.boots.stop()
  const second = await open(folder.path)
  expect(second.boots.attempts()).toEqual([before])
  expect(second.boots.attempt(before!.id)).toMatchObject({ state: 'booted', mac: MAC, address: ADDRESS })
  expect(second.boots.machine(MAC)).toMatchObject({ hostname: 'node1', group: 'node' })
  await second.boots.stop()
  expect(first.log.lines).toEqual([])
  expect(readFileSync(join(folder.path, 'boots.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(1)
})

test('without one nothing is written', async () => {
  const { journal, boots } = await open()
  journal.report(ASKED)
  await boots.stop()
  await boots.stop()
})

test('a fault of ours ends it, and surfaces', async () => {
  const { journal, boots } = await open()
  const failed = expect(boots.failed).rejects.toThrow('no such thing')
  boots.onChange(() => {
    throw new Error('no such thing')
  })
  journal.report(ASKED)
  await failed
  await boots.stop()
})

test('of a flood some is left out, and the log says so; machines are remembered up to the limit', async () => {
  const { journal, boots, log } = await open()
  for (let count = 0; count < 50_000; count++) report(journal.report, count)
  const machines: ReturnType<Boots['machines']> = boots.machines()
  expect(machines).toHaveLength(2000)
  for (let round = 1; round < 7; round++) {
    for (let count = 0; count < 2000; count++) report(journal.report, round * 2000 + count)
    boots.machines()
  }
  expect(boots.machines()).toHaveLength(10_000)
  expect(boots.machineCount()).toBe(10_000)
  const macs = boots.machines().map(({ mac }) => mac)
  expect(boots.machines({ offset: 9_998, limit: 100 }).map(({ mac }) => mac)).toEqual(macs.slice(-2))
  await expect.poll(() => log.lines.map(({ event }) => event), { timeout: 5000 }).toEqual(['boots.left-out'])
  await boots.stop()
})

function report(to: (event: BootEvent) => void, count: number): void {
  const hex = count.toString(16).padStart(6, '0')
  if (ASKED.type === 'asked') to({ ...ASKED, mac: `52:54:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}` })
}

test('what was sent is left out when much of it waits, and not for ever', async () => {
  const { journal, boots } = await open()
  const send = (count: number): void => {
    for (let number = 0; number < count; number++) {
      const sent = request('ignition')
      if (sent.type === 'requested') journal.report({ ...sent, body: `${number} ${'x'.repeat(200_000)}` })
    }
  }
  const kept = (): boolean[] => {
    const [attempt] = boots.machine(MAC)!.attempts
    return boots
      .attempt(attempt!.id)!
      .entries.flatMap(({ kind, body }) => (kind === 'ignition' ? [body !== undefined] : []))
  }
  journal.report(ASKED)
  send(100)
  const all = kept()
  expect(all.indexOf(false)).toBeGreaterThan(50)
  send(1)
  expect(kept().at(-1)).toBe(true)
  await boots.stop()
})
