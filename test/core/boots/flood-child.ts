/**
 * Floods the recorder by the journal, as the rooms would, once within a limit and once without it, and prints the bytes that
 * are held afterwards: `{"machines": [within, without], …}`. Run by flood.test.ts with `--expose-gc`.
 */
import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'

import { type Boots, openBoots } from '../../../src/core/boots/boots.ts'
import { LIMITS, type RecorderLimits } from '../../../src/core/boots/recorder-options.ts'
import { type BootEvent, createJournal, type Journal } from '../../../src/core/journal.ts'
import { memoryLog } from '../../support/site.ts'
import { GROUP, SPEC } from './story.ts'

const SITE = { spec: () => SPEC, nearest: () => undefined, isKnown: () => false }

/** Fewer than may wait to be looked at: nothing is left out. */
const TOGETHER = 1000

type Report = Journal['report']

const macOf = (number: number): string =>
  `52:54:${number
    .toString(16)
    .padStart(8, '0')
    .replaceAll(/..(?!$)/g, '$&:')}`
const addressOf = (number: number): string => `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`
/** Does not get shorter when it is packed. */
const noise = (length: number): string => randomBytes(length).toString('base64url').slice(0, length)

function discover(report: Report, number: number, boot = 'snponly.efi'): void {
  const mac = macOf(number)
  const about = { iface: 'br0', port: 67, architecture: 7, ipxe: undefined, reason: undefined } as const
  report({ type: 'asked', mac, uuid: undefined, boot, answer: 'told', ...about })
  report({ type: 'address', mac, address: addressOf(number) })
}

function ask(
  report: Report,
  number: number,
  labels: ReadonlyMap<string, string>,
  reason?: string,
  body?: string,
): void {
  const query = new URLSearchParams([...labels]).toString()
  const about = { path: '/ipxe', status: 200, bytes: 100, ms: 1, group: GROUP, unconfigured: false } as const
  report({ type: 'requested', purpose: 'ipxe', query, labels, address: addressOf(number), reason, body, ...about })
}

/** Is over as soon as the next one of the machine begins. */
function boot(report: Report, number: number): void {
  discover(report, number)
  for (let times = 0; times < 10; times++) ask(report, number, new Map(), noise(200))
}

/** Each is far more than its limit allows. */
const FLOODS: Readonly<Record<string, { limit: Partial<RecorderLimits>; flood: (report: Report) => void }>> = {
  'machines by their MAC': {
    limit: { machinesMax: 100 },
    flood(report) {
      for (let number = 0; number < 4000; number++) {
        discover(report, number)
        ask(report, number, new Map(Object.entries({ mac: macOf(number), hostname: noise(200) })))
      }
    },
  },
  'machines by their address': {
    limit: { machinesMax: 100 },
    flood(report) {
      for (let number = 0; number < 4000; number++) ask(report, number, new Map([['hostname', noise(200)]]))
    },
  },
  'boots of all machines': {
    limit: { historyBytesMax: 1 << 20 },
    flood(report) {
      for (let number = 0; number < 2500; number++) boot(report, number % 50)
    },
  },
  'boots of one machine': {
    limit: { attemptsPerMachineMax: 20 },
    flood(report) {
      for (let number = 0; number < 2500; number++) boot(report, 1)
    },
  },
  'what machines were sent': {
    limit: { sentBytesMax: 1 << 20 },
    flood(report) {
      for (let number = 0; number < 1000; number++) ask(report, 1, new Map(), undefined, noise(5000))
    },
  },
  'steps of one boot': {
    limit: { entriesPerAttemptMax: 200 },
    flood(report) {
      for (let number = 0; number < 20_000; number++) discover(report, 1, noise(200))
    },
  },
}

async function heldAfter(flood: (report: Report) => void, limits: RecorderLimits): Promise<number> {
  const journal = createJournal()
  const boots: Boots = await openBoots({ journal, site: SITE, log: memoryLog(), statePath: '', limits })
  const before = await bytesHeld()
  let waiting = 0
  flood((event: BootEvent) => {
    journal.report(event)
    waiting = (waiting + 1) % TOGETHER
    if (waiting === 0) boots.machineCount() // who asks has all that waits looked at
  })
  boots.machineCount()
  const held = (await bytesHeld()) - before
  await boots.stop()
  return held
}

async function bytesHeld(): Promise<number> {
  // Some garbage is found only when what held it was.
  for (let times = 0; times < 3; times++) {
    globalThis.gc!()
    await nextTurn()
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const UNLIMITED: RecorderLimits = {
  machinesMax: 1e9,
  attemptsPerMachineMax: 1e9,
  entriesPerAttemptMax: 1e9,
  historyBytesMax: 1e12,
  sentBytesMax: 1e12,
}

const held: Record<string, readonly [within: number, without: number]> = {}
for (const [name, { limit, flood }] of Object.entries(FLOODS)) {
  await heldAfter((report) => discover(report, 0), LIMITS) // what is made once
  held[name] = [await heldAfter(flood, { ...UNLIMITED, ...limit }), await heldAfter(flood, UNLIMITED)]
}
process.stdout.write(JSON.stringify(held))
