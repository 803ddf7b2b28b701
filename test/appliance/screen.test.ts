/** What a person sees on the console of the box. The pictures are in screens/; vitest -u writes them anew. */
import { encode } from 'uqr'
import { describe, expect, test } from 'vitest'

import { qrLines } from '../../src/appliance/qr.ts'
import { screen, type View } from '../../src/appliance/screen.ts'
import type { AttemptSummary, Machine } from '../../src/core/boots/attempt.ts'
import { attemptOf, machineOf } from '../http/api/site.ts'
import { FACTS, TOKEN } from './box.ts'

const PROBLEM =
  'appliance.yaml is left out, and the defaults hold: correct it on the BOOTCFG partition and restart the box'

function machine(number: number, about: Partial<Machine> = {}, last: Partial<AttemptSummary> = {}): Machine {
  const mac = `52:54:00:00:00:${String(number).padStart(2, '0')}`
  return machineOf(mac, { hostname: `node${number}`, last: attemptOf(mac, `a${number}`, last), ...about })
}

function view(facts: Partial<View['facts']> = {}, about: Partial<Omit<View, 'facts'>> = {}): View {
  return { facts: { ...FACTS, ...facts }, httpPort: 80, token: TOKEN, machines: [], ...about }
}

const machines = [
  machine(1),
  machine(2, { hostname: null }, { state: 'booting', bytes: 42, totalBytes: 100 }),
  machine(3, { group: null, spec: null }, { state: 'failed' }),
  machine(4, { last: null }),
]

/** Everything that can be too much is. */
const FULL = view(
  {
    hostname: 'a'.repeat(63),
    slot: 'net',
    addresses: Array.from({ length: 16 }, (_, at) => ({
      iface: `eth${at}.4094`,
      address: '255.255.255.255/30',
      source: 'static',
    })),
    modules: [...FACTS.modules, ...FACTS.modules].map((module) => ({
      ...module,
      state: 'failed',
      detail: 'x'.repeat(300),
    })),
    problems: Array.from({ length: 40 }, (_, at) => `problem ${at}: ${'words of it '.repeat(30)}`),
    update: { state: 'failed', version: '9.9.9', reason: 'r'.repeat(300), percent: 99.9 },
  },
  { httpPort: 65_535, machines: Array.from({ length: 40 }, (_, at) => machine(at, { group: 'g'.repeat(200) })) },
)

const HOSTILE = '\u001b[2J\u0007\n\r\u009b31m\u202Eevil\uFEFF'

const views: Readonly<Record<string, View>> = {
  'first-boot': view(),
  machines: view({}, { machines }),
  problems: view({ problems: [PROBLEM, '2 errors in the data directory: the page names each'] }, { machines }),
  update: view(
    { update: { state: 'writing', version: '1.3.0', reason: null, percent: 42.7 } },
    { machines, httpPort: 8080 },
  ),
  'no-network': view(
    { addresses: [], modules: [{ name: 'http', state: 'starting', detail: '' }], slot: '' },
    { token: '' },
  ),
  full: FULL,
}

describe.each(Object.entries(views))('%s', (name, shown) => {
  test('is as the picture of it', async () => {
    await expect(screen(shown)).toMatchFileSnapshot(`screens/${name}.txt`)
  })
  test('fits 80 by 25 without scrolling', () => {
    const lines = screen(shown).split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.length).toBeLessThanOrEqual(24)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(79)
  })
  test('has only what every console can show', () => {
    expect(screen(shown)).toMatch(/^[\n\x20-\x7e─▀▄█]*$/)
  })
})

test('no text from elsewhere moves the cursor, clears or scrolls', () => {
  const text = screen(
    view(
      {
        hostname: HOSTILE,
        version: HOSTILE,
        arch: HOSTILE,
        slot: HOSTILE,
        problems: [HOSTILE],
        addresses: [{ iface: HOSTILE, address: HOSTILE, source: HOSTILE }],
        modules: [{ name: HOSTILE, state: 'failed', detail: HOSTILE }],
        update: { state: 'failed', version: HOSTILE, reason: HOSTILE, percent: 1 },
      },
      { token: HOSTILE, machines: [machine(1, { hostname: HOSTILE, group: HOSTILE, mac: HOSTILE })] },
    ),
  )
  expect(text).toMatch(/^[\n\x20-\x7e─▀▄█]*$/)
  expect(text.split('\n').length).toBeLessThanOrEqual(25)
})

test('the address is in the code as in the text, with the port only where one must be typed', () => {
  const codes: [number, string][] = [
    [80, 'HTTP://192.168.178.123'],
    [8080, 'HTTP://192.168.178.123:8080'],
  ]
  for (const [httpPort, url] of codes) {
    const text = screen(view({}, { httpPort }))
    expect(text).toContain(`Open  ${url.toLowerCase()}`)
    for (const line of qrLines(url)) expect(text).toContain(line.trimEnd())
  }
})

test('a phone sees the modules of the code: what is light is drawn, and there is light all around', () => {
  const url = 'HTTP://10.9.0.1'
  const pixels = qrLines(url).flatMap((line) => {
    const characters = Array.from(line)
    return [characters.map((c) => c === '█' || c === '▀'), characters.map((c) => c === '█' || c === '▄')]
  })
  const { data, size } = encode(url, { border: 2, ecc: 'L' })
  expect(size).toBe(25)
  expect(pixels.slice(0, size)).toEqual(data.map((row) => row.map((isDark) => !isDark)))
  // The middle of the three corners by which a phone finds it is dark.
  for (const [row, column] of [
    [5, 5],
    [5, 19],
    [19, 5],
  ] as const)
    expect(pixels[row]![column]).toBe(false)
  expect(pixels[0]!.every(Boolean) && pixels.slice(0, size).every((row) => row[0])).toBe(true)
})
