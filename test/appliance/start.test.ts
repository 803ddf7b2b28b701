/** The room that knows the box, by the files that it shares with root's scripts. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'

import { describe, expect, test, vi } from 'vitest'

import { toProblem } from '../../src/core/check.ts'
import { attemptOf, machineOf, NO_PROBLEMS } from '../http/api/site.ts'
import { writeFiles } from '../support/site.ts'
import { openBox, RUN_FILES, TOKEN } from './box.ts'

const bundle = () => ({ body: Readable.from([Buffer.from('bundle')]), length: 6, isForced: false })

describe('the console', () => {
  test('is drawn at the start, and again when something has changed', async () => {
    const { boots, runPath } = await openBox()
    const shown = () => readFileSync(join(runPath, 'app/screen'), 'utf8')
    expect(shown()).toContain('Open  http://192.168.178.123 ')
    expect(shown()).toContain('ABCDE-FGHIJ-KLMNO-PQRST')
    const mac = '52:54:00:00:00:01'
    boots.set(machineOf(mac, { hostname: 'node1', last: attemptOf(mac, 'a1') }))
    await vi.waitFor(() => expect(shown()).toContain('node1'), 5000)
    writeFiles(runPath, {
      'problems/data': 'the data partition is full: remove files\n',
      addresses: 'eth0 10.9.0.5/24 dhcp\n',
    })
    await vi.waitFor(() => expect(shown()).toContain('! the data partition is full: remove files'), 5000)
    expect(shown()).toContain('Open  http://10.9.0.5 ')
  })
  test('with nothing to read there is one all the same', async () => {
    const { runPath } = await openBox({ README: '' })
    expect(readFileSync(join(runPath, 'app/screen'), 'utf8')).toContain('No address yet')
  })
  test('that cannot be drawn is said once, and drawn when it can', async () => {
    const { log, runPath } = await openBox({ ...RUN_FILES, app: 'a file in place of the folder' })
    expect(log.lines.map(({ event }) => event)).toEqual(['appliance.screen-failed'])
    rmSync(join(runPath, 'app'))
    await vi.waitFor(() => expect(existsSync(join(runPath, 'app/screen'))).toBe(true), 5000)
    expect(log.lines).toHaveLength(1)
  })
})

describe('the facts', () => {
  test('are what root and the kernel say', async () => {
    const { box } = await openBox()
    const facts = box.facts()
    expect(facts).toMatchObject({
      version: '1.2.3',
      arch: 'amd64',
      slot: 'a',
      data: 'ok',
      uid: process.getuid?.(),
      addresses: [{ iface: 'eth0', address: '192.168.178.123/24', source: 'dhcp' }],
      update: { state: 'idle' },
      problems: [],
    })
    expect(facts.capEff).toMatch(/^[0-9a-f]{16}$/)
    expect(facts.mounts.map(({ mount }) => mount)).toContain('/')
    expect(facts.memory.totalBytes).toBeGreaterThan(facts.memory.ownBytes)
  })
  test('have the problems of every source, and how many the data directory has', async () => {
    const checked = { ...NO_PROBLEMS, problems: [toProblem('error', 'yaml', 'x', {}, 'no')], errors: 1 }
    const files = {
      ...RUN_FILES,
      'problems/network': 'eth0: no link\neth1: no link\n',
      'problems/data': 'full\n',
      'problems/data.part': 'half',
    }
    const { box } = await openBox(files, { problems: { current: () => checked } })
    expect(box.facts().problems).toEqual([
      'full',
      'eth0: no link',
      'eth1: no link',
      '1 error in the data directory: the page names each',
    ])
  })
})

describe('an update', () => {
  test('is staged on the data partition, and asked for once it is whole', async () => {
    const { box, runPath, dataPath, log } = await openBox()
    expect(await box.receive(bundle())).toMatchObject({ received: true, bytes: 6 })
    const staged = join(dataPath, 'updates/upload.bootcfg-update')
    expect(readFileSync(staged, 'utf8')).toBe('bundle')
    expect(readFileSync(join(runPath, 'app/request/update'), 'utf8')).toBe(`${staged}\n`)
    expect(log.lines).toMatchObject([{ event: 'appliance.update-received', file: staged, bytes: 6 }])
    await box.receive({ ...bundle(), isForced: true })
    expect(readFileSync(join(runPath, 'app/request/update'), 'utf8')).toBe(`${staged} force\n`)
  })
  test('that broke off is not asked for', async () => {
    const { box, runPath } = await openBox()
    expect(await box.receive({ ...bundle(), length: 7 })).toMatchObject({ received: false, why: 'broken-off' })
    expect(existsSync(join(runPath, 'app/request'))).toBe(false)
  })
  test('waits for the one before it, from its first byte until it is written', async () => {
    const { box, runPath } = await openBox()
    const slow = new Readable({ read() {} })
    const first = box.receive({ body: slow, length: undefined, isForced: false })
    expect(await box.receive(bundle())).toMatchObject({ why: 'busy' })
    slow.push(Buffer.from('x'))
    slow.push(null)
    expect(await first).toMatchObject({ received: true })
    for (const state of ['checking', 'writing', 'verifying']) {
      writeFiles(runPath, { update: JSON.stringify({ state }) })
      expect(await box.receive(bundle())).toMatchObject({ why: 'busy' })
    }
    writeFiles(runPath, { update: JSON.stringify({ state: 'refused', reason: 'older' }) })
    expect(await box.receive(bundle())).toMatchObject({ received: true })
  })
})

test('a restart is a file for root, with nothing beside it that is none', async () => {
  const { box, runPath } = await openBox()
  await box.ask('reboot')
  await box.ask('poweroff')
  expect(readdirSync(join(runPath, 'app/request'))).toEqual(['poweroff', 'reboot'])
})

test('the token is read anew each time, and a wrong one is in the log with its sender', async () => {
  const { box, runPath, log } = await openBox({ ...RUN_FILES, token: '' })
  expect(box.admit('', '10.9.0.7')).toBe('wrong')
  writeFiles(runPath, { token: `${TOKEN}\n` })
  expect(box.admit(TOKEN, '10.9.0.7')).toBe('admitted')
  expect(box.admit('nonsense', '10.9.0.8')).toBe('wrong')
  expect(log.lines.at(-1)).toMatchObject({ event: 'appliance.token-wrong', peer: '10.9.0.8' })
  expect(JSON.stringify(log.lines)).not.toContain(TOKEN)
})
