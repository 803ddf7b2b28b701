/**
 * Metrics as Prometheus reads them, and the dashboard that shows them.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import type { Snapshot } from '../../src/core/store/snapshot.ts'
import { Counts } from '../../src/http/tally.ts'
import { snapshotOf } from '../support/site.ts'
import { apiOn, attemptOf, machineOf } from './api/site.ts'

const ROOT = join(import.meta.dirname, '../..')
const MAC = '52:54:00:89:d8:10'

let snapshot: Snapshot
let site: ReturnType<typeof apiOn>
beforeAll(async () => {
  snapshot = await snapshotOf(join(import.meta.dirname, '../fixtures/bootcfg/data'))
})
beforeEach(() => {
  site = apiOn(snapshot)
})
afterAll(() => site.app.close())

async function metrics(): Promise<string> {
  const answer = await site.app.inject('/metrics')
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
  return answer.body
}

/** `name{labels} value` lines of one metric. */
async function linesOf(name: string): Promise<string[]> {
  return (await metrics()).split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
}

test('the library is loaded when somebody asks, and not before', async () => {
  const loaded = (): boolean =>
    Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('prom-client'))
  await site.app.inject('/boot.ipxe')
  expect(loaded()).toBe(false)
  await metrics()
  expect(loaded()).toBe(true)
})

test('the first answer has the delay of the event loop already, and no start-up in it', async () => {
  const lines = (await metrics()).matchAll(/^nodejs_eventloop_lag_(min|mean|p50|p99|max)_seconds (.*)$/gm)
  const seconds = Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]))
  expect(Object.keys(seconds).toSorted()).toEqual(['max', 'mean', 'min', 'p50', 'p99'])
  const { min, mean, p50, p99, max } = seconds
  expect(min).toBeGreaterThan(0.001)
  expect(mean).toBeGreaterThanOrEqual(min)
  expect(p50).toBeGreaterThanOrEqual(min)
  expect(max).toBeGreaterThanOrEqual(mean)
  expect(p99).toBeLessThan(60)
})

describe('what happens is counted', () => {
  test('requests by route and status, with their bytes', async () => {
    const { body } = await site.app.inject('/boot.ipxe')
    await site.app.inject('/boot.ipxe')
    await site.app.inject({ method: 'HEAD', url: '/boot.ipxe' })
    await site.app.inject('/ipxe?hostname=gone')
    await site.app.inject('/nowhere')
    expect(await linesOf('bootcfg_http_requests_total')).toEqual(
      expect.arrayContaining([
        'bootcfg_http_requests_total{route="/boot.ipxe",status="200"} 3',
        'bootcfg_http_requests_total{route="/ipxe",status="404"} 1',
        'bootcfg_http_requests_total{route="others",status="404"} 1',
      ]),
    )
    expect(await linesOf('bootcfg_http_response_bytes_total')).toContain(
      `bootcfg_http_response_bytes_total{route="/boot.ipxe"} ${2 * body.length}`,
    )
  })
  test('configs that were made, and those that could not be', async () => {
    await site.app.inject('/metadata?mac=52-54-00-a1-9c-ae')
    await site.app.inject('/metadata?mac=52-54-00-a1-9c-ae')
    expect(await linesOf('bootcfg_renders_total')).toEqual(['bootcfg_renders_total{config="metadata",outcome="ok"} 2'])
  })
  test('offers by architecture, client and file', async () => {
    const asked = { type: 'asked', mac: MAC, uuid: undefined, iface: 'br0', port: 67, reason: undefined } as const
    const { report } = site.journal
    report({ ...asked, architecture: 7, ipxe: undefined, boot: 'snponly.efi', answer: 'told' })
    report({
      ...asked,
      architecture: 7,
      ipxe: { http: true, able: true },
      boot: 'http://10.9.0.1:8080/boot.ipxe',
      answer: 'told',
    })
    report({ ...asked, architecture: 2, ipxe: undefined, boot: undefined, answer: 'nothing-fits' })
    expect(await linesOf('bootcfg_dhcp_offers_total')).toEqual([
      'bootcfg_dhcp_offers_total{architecture="x64-uefi",client="firmware",file="snponly.efi"} 1',
      'bootcfg_dhcp_offers_total{architecture="x64-uefi",client="ipxe",file="boot.ipxe"} 1',
    ])
    expect(await linesOf('bootcfg_dhcp_requests_total')).toEqual([
      'bootcfg_dhcp_requests_total{answer="told"} 2',
      'bootcfg_dhcp_requests_total{answer="nothing-fits"} 1',
    ])
  })
  test('transfers by their ends, bytes and blocks sent again', async () => {
    const { report } = site.journal
    const began = {
      type: 'began',
      via: 'tftp',
      address: '10.9.0.7',
      from: 'firmware',
      file: 'a',
      totalBytes: 1000,
    } as const
    for (const id of [1, 2, 3]) report({ ...began, id })
    report({ type: 'ended', via: 'tftp', id: 1, bytes: 1000, outcome: 'whole', resent: 3 })
    report({ type: 'ended', via: 'tftp', id: 2, bytes: 0, outcome: 'probe', resent: 0 })
    report({ type: 'refused', via: 'tftp', address: '10.9.0.7', from: 'firmware', file: 'b', reason: 'not there' })
    expect(await linesOf('bootcfg_transfers')).toEqual(['bootcfg_transfers{via="tftp"} 1'])
    expect(await linesOf('bootcfg_transfers_total')).toEqual([
      'bootcfg_transfers_total{via="tftp",outcome="whole"} 1',
      'bootcfg_transfers_total{via="tftp",outcome="probe"} 1',
      'bootcfg_transfers_total{via="tftp",outcome="refused"} 1',
    ])
    expect(await linesOf('bootcfg_transfer_bytes_total')).toEqual(['bootcfg_transfer_bytes_total{via="tftp"} 1000'])
    expect(await linesOf('bootcfg_tftp_resent_blocks_total')).toEqual(['bootcfg_tftp_resent_blocks_total 3'])
  })
  test('boots by outcome and how long they took, also those before anybody asked', async () => {
    site.boots.end(attemptOf(MAC, 'a'))
    site.boots.end(
      attemptOf(MAC, 'b', {
        state: 'failed',
        durationMs: 700_000,
        diagnosis: { code: 'no-group', text: '', advice: '' },
      }),
    )
    expect(await linesOf('bootcfg_attempts_total')).toEqual([
      'bootcfg_attempts_total{state="booted",diagnosis="booted"} 1',
      'bootcfg_attempts_total{state="failed",diagnosis="no-group"} 1',
    ])
    for (let times = 0; times < 2; times++) {
      const buckets = await linesOf('bootcfg_boot_duration_seconds_bucket')
      expect(buckets).toContain('bootcfg_boot_duration_seconds_bucket{le="20",state="booted"} 0')
      expect(buckets).toContain('bootcfg_boot_duration_seconds_bucket{le="30",state="booted"} 1')
      expect(buckets).toContain('bootcfg_boot_duration_seconds_bucket{le="600",state="failed"} 0')
    }
  })
  test('how things are now: machines, loads, problems, modules', async () => {
    const { boots, store, problems, modules } = site
    boots.set(machineOf(MAC))
    store.become({ ...store.state(), behind: 'refused', loads: { loaded: 3, refused: 1, failed: 0 } })
    problems.become({ ...problems.current(), errors: 4 })
    modules.push({ name: 'tftp', state: 'failed', detail: '' }, { name: 'dhcp', state: 'off', detail: '' })
    const text = await metrics()
    for (const line of [
      'bootcfg_info{version="1.2.3"} 1',
      'bootcfg_machines{state="seen"} 1',
      'bootcfg_reloads_total{result="loaded"} 3',
      'bootcfg_reloads_total{result="refused"} 1',
      'bootcfg_data_behind 1',
      'bootcfg_groups 8',
      'bootcfg_problems{severity="error"} 4',
      'bootcfg_module_up{module="http"} 1',
      'bootcfg_module_up{module="tftp"} 0',
    ]) {
      expect(text).toContain(`\n${line}\n`)
    }
    expect(text).not.toContain('module="dhcp"')
  })
})

describe('counts', () => {
  test('nobody makes them grow without end by what they send', () => {
    const counts = new Counts()
    for (let number = 0; number < 2000; number++) counts.add(['a', `file${number}`])
    const all = [...counts.all()]
    expect(all).toHaveLength(501)
    expect(all.at(-1)).toEqual({ values: ['others', 'others'], number: 1500 })
  })
})

const DASHBOARD = readFileSync(join(ROOT, 'contrib/grafana/bootcfg.json'), 'utf8')
const MONITORING = readFileSync(join(ROOT, 'docs/monitoring.md'), 'utf8')

describe('the dashboard', () => {
  interface Panel {
    readonly type: string
    readonly targets?: { expr: string }[]
  }
  const { panels } = JSON.parse(DASHBOARD) as { panels: Panel[] }
  const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

  test('names only metrics that exist', async () => {
    site.boots.end(attemptOf(MAC, 'a')) // a histogram without a number has no lines
    const text = await metrics()
    const named = expressions.flatMap((expr) => expr.match(/\b(?:bootcfg|nodejs|process)_\w+/g) ?? [])
    expect(named.length).toBeGreaterThan(20)
    const missing = named.filter((name) => !new RegExp(`^(?:# TYPE )?${name}[ {]`, 'm').test(text))
    expect(missing).toEqual([])
  })
  test('every panel with numbers has a query', () => {
    const empty = panels.filter(({ type, targets = [] }) => type !== 'row' && targets.length === 0)
    expect(empty).toEqual([])
  })
})

test('monitoring.md lists every metric of bootcfg with its labels, and no other', async () => {
  const text = await metrics()
  const existing = [...text.matchAll(/^# TYPE (bootcfg_\w+) /gm)].map((match) => match[1]!)
  expect(existing.length).toBeGreaterThan(15)
  const listed = [...MONITORING.matchAll(/^\| `(bootcfg_\w+)` \|/gm)].map((match) => match[1]!)
  expect(listed.toSorted()).toEqual(existing.toSorted())
})
