/**
 * The firmware folder over HTTP, as UEFI HTTP boot and an iPXE that came by it ask for it.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'

import { openFirmware } from '../../src/core/firmware.ts'
import type { BootEvent } from '../../src/core/journal.ts'
import type { Running } from '../../src/core/module.ts'
import { startHttp } from '../../src/http/start.ts'
import { memoryLog, snapshotOf, writeFiles } from '../support/site.ts'

const IMAGE = Buffer.from('MZ an image')
const CONFIG = { addresses: ['127.0.0.1:0'], assetsPath: '', headerBytesMax: 16_384, connectionsMax: 10 }

/** What breaks loops and tells who is where; the rest is for the flight recorder. */
const HEARD_BY_DHCP = new Set(['firmware', 'autoexec', 'requested'])

let folder = ''
let rooms: Running[] = []
let url = ''
let events: BootEvent[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bootcfg-http-firmware-'))
  const path = join(folder, 'firmware')
  writeFiles(folder, { 'config.yaml': 'api_version: v1alpha1\ngroups: []\n' })
  const snapshot = await snapshotOf(folder)
  const log = memoryLog()
  const firmware = await openFirmware(path, log, 20)
  const http = await startHttp(CONFIG, {
    snapshot: () => snapshot,
    firmware,
    report: (event) => {
      if (HEARD_BY_DHCP.has(event.type)) events.push(event)
    },
    log,
  })
  rooms = [firmware, http]
  url = http.url!
  mkdirSync(join(path, 'own'), { recursive: true }) // after the start: the folder may come later
  writeFileSync(join(path, 'ipxe-amd64.efi'), IMAGE)
  writeFileSync(join(path, 'own/autoexec.ipxe'), '#!ipxe\nshell\n')
  await vi.waitFor(() => expect(firmware.files().size).toBe(2))
})
afterAll(async () => {
  for (const room of rooms) await room.stop()
  rmSync(folder, { recursive: true })
})
beforeEach(() => void (events = []))

test('a UEFI image comes with its length and the type that UEFI wants, also when only asked about', async () => {
  for (const method of ['HEAD', 'GET']) {
    const response = await fetch(`${url}/firmware/ipxe-amd64.efi`, { method })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/efi')
    expect(response.headers.get('content-length')).toBe(String(IMAGE.length))
    expect(Buffer.from(await response.arrayBuffer())).toEqual(method === 'GET' ? IMAGE : Buffer.alloc(0))
  }
  await expect.poll(() => events).toEqual([{ type: 'firmware', address: '127.0.0.1', file: 'ipxe-amd64.efi' }])
})

test('what is not there is 404, and nothing outside the folder can be had', async () => {
  for (const path of ['none.efi', '..%2fconfig.yaml', 'own']) {
    expect((await fetch(`${url}/firmware/${path}`)).status, path).toBe(404)
  }
  expect(events).toEqual([])
})

test('an iPXE is led on by a script beside it, at any depth, where the operator has put no own one', async () => {
  for (const path of ['autoexec.ipxe', 'efi/autoexec.ipxe']) {
    const response = await fetch(`${url}/firmware/${path}`)
    expect(await response.text()).toMatch(/^#!ipxe\n[^]*chain \/boot\.ipxe\n$/)
  }
  expect(await (await fetch(`${url}/firmware/own/autoexec.ipxe`)).text()).toBe('#!ipxe\nshell\n')
  expect(events.filter((event) => event.type === 'autoexec')).toHaveLength(3)
})

test('who asks for a boot script is told of, with the mac if the request says it', async () => {
  await fetch(`${url}/boot.ipxe`)
  await fetch(`${url}/ipxe?mac=52-54-00-00-00-0A`)
  await fetch(`${url}/metadata?mac=52-54-00-00-00-0A`)
  const asked = events.flatMap((event) => (event.type === 'requested' ? [event] : []))
  expect(asked.map(({ purpose, address, labels }) => [purpose, address, labels.get('mac')])).toEqual([
    ['script', '127.0.0.1', undefined],
    ['ipxe', '127.0.0.1', '52:54:00:00:00:0a'],
    ['metadata', '127.0.0.1', '52:54:00:00:00:0a'],
  ])
})
