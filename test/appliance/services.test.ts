/**
 * What runs in a box beside the server: its log and its clock by other hosts of the wire, who starts a server again that has
 * ended, and what the console says of it.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { ApplianceFacts } from '../../src/core/appliance.ts'
import { kernelArguments, startAppliance } from '../support/appliance.ts'
import { drive, putOnData } from '../support/box-disk.ts'
import { BOOT_MAX_MS, ownDisk, useImage } from '../support/built.ts'
import { runTool } from '../support/data-disk.ts'
import { createLab, type Host, requireLab, startSiteDhcp } from '../support/lab.ts'
import { temporaryFolder } from '../support/site.ts'
import { startTimeServer } from '../support/sntp.ts'
import { openProbe } from '../support/udp-probe.ts'

const BOX = { mac: '52:54:00:b0:0c:01', address: '10.9.0.60' } as const
const SITE = '10.9.0.1'
/** The group of this machine is on the data partition as it is shipped. */
const MACHINE = '52:54:00:00:00:01'
/** Of a box without a battery. */
const WRONG_YEAR = 2001

/** What takes a minute in a box that has nothing else to do. */
const POLL = { timeout: BOOT_MAX_MS, interval: 1000 } as const

const image = useImage()

test('log, time of day, and a server that is killed', { timeout: 2 * BOOT_MAX_MS }, async (context) => {
  requireLab(context, [['curl', 'curl']])
  const built = image(context)
  using disk = ownDisk(built)
  await using lab = await createLab()
  const data = join(lab.folder, 'data')
  mkdirSync(data)
  writeFileSync(join(data, 'appliance.yaml'), `hostname: boot1\nlog:\n  syslog: ${SITE}\n`)
  putOnData(disk.path, data)
  const site = await lab.host('site', `${SITE}/24`)
  await startSiteDhcp(
    site,
    undefined,
    `--dhcp-host=${BOX.mac},${BOX.address}`,
    `--dhcp-option=option:ntp-server,${SITE}`,
  )
  const syslog = await openProbe(site, { address: SITE, port: 514 })
  const wire = { tap: await lab.tap(), wrapper: lab.wire.wrapper, mac: BOX.mac }
  const kernel = kernelArguments(built.slot, lab.folder, 'bootcfg.slot=a sysrq_always_enabled')
  const more = [...kernel, '-rtc', `base=${WRONG_YEAR}-01-01`]
  await using box = await startAppliance({ disk: disk.path, keepsDisk: true, wire, more })
  const { get, facts } = askFrom(site)

  // Nobody knows the time yet; a machine begins to boot.
  await expect
    .poll(async () => (await facts())?.problems, POLL)
    .toEqual([expect.stringContaining(`No time server answers (${SITE})`)])
  await get(`/ipxe?mac=${MACHINE.replaceAll(':', '-')}`)
  await using server = await startTimeServer(site)
  await expect.poll(async () => (await facts())?.problems, POLL).toEqual([])
  expect(server.asked()).toBeGreaterThan(0)
  const [, at = ''] = /^date: (.*)$/im.exec(await get('/readyz', '--include')) ?? []
  expect(Math.abs(Date.now() - Date.parse(at))).toBeLessThan(60_000)
  const yearsOfBoots = async (): Promise<string[]> => {
    const { attempts } = JSON.parse(await get('/api/attempts')) as { attempts: { startedAt: string }[] }
    return attempts.map(({ startedAt }) => startedAt.slice(0, 4))
  }
  await expect.poll(yearsOfBoots, POLL).toEqual([String(new Date().getFullYear())]) // within a second or so

  // Everything that was said, from the kernel's first line on.
  const said = (): string[] => syslog.heard().map(({ bytes }) => bytes.toString('latin1'))
  const time = '\\w{3} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d'
  await expect
    .poll(said, POLL)
    .toContainEqual(expect.stringMatching(new RegExp(`^<\\d+>${time} kernel: \\[ +0\\.0+\\] Linux version`)))
  expect(said()).toContainEqual(
    expect.stringMatching(new RegExp(`^<\\d+>${time} kernel: .* box: No time server answers`)),
  )
  for (const event of ['net.usable', 'ready', 'http.request'])
    expect(said()).toContainEqual(
      expect.stringMatching(new RegExp(`^<\\d+>${time} boot1 bootcfg: \\{.*"event":"${event}".*\\}\n$`)),
    )

  // The kernel kills who has most memory: that is the server.
  await box.sysRq('f')
  await expect
    .poll(async () => (await facts())?.problems, POLL)
    .toEqual([expect.stringContaining('number 1 since this box started: it needed more memory')])
  const count = (text: string): number => said().filter((line) => line.includes(text)).length
  await expect.poll(() => count('"event":"ready"'), POLL).toBe(2)
  expect(count('box: The server ended by itself')).toBe(1)
  expect(count('Linux version')).toBe(1)

  // What happens last is kept when the power button is pressed.
  await get(`/metadata?mac=${MACHINE.replaceAll(':', '-')}&serial=LAST`)
  await box.monitor('system_powerdown')
  await box.off
  expect(runTool('mtype', ['-i', drive(disk.path, 'BOOTCFG'), '::state/boots.jsonl']).toString()).toContain('LAST')
})

test('too little memory: the console says so, and who ended for it', { timeout: BOOT_MAX_MS }, async (context) => {
  const built = image(context)
  using disk = ownDisk(built)
  using folder = temporaryFolder()
  const data = join(folder.path, 'data')
  mkdirSync(data)
  writeFileSync(join(data, 'config.yaml'), hugeGroupsFile())
  writeFileSync(join(data, 'appliance.yaml'), 'network:\n  - port: eth0\n    address: 10.0.2.20/24\n')
  putOnData(disk.path, data)
  const more = kernelArguments(built.slot, folder.path, 'bootcfg.slot=a')
  await using box = await startAppliance({ disk: disk.path, memoryMib: 256, more })
  const problem = /number 2 since this box started: it needed more memory than the \d+ MiB/
  await expect.poll(() => onOneLine(box.console()), POLL).toMatch(problem)
  expect(onOneLine(box.console())).toMatch(/This box has \d+ MiB of memory, and 512 are needed/)
  expect(box.console()).toContain('eth0 10.0.2.20/24 static') // who reads the box's own file, reads it first
})

/** As large as one may be. The one character that is none of Latin 1 makes its text take twice as much memory. */
function hugeGroupsFile(): string {
  const line = `# ${'x'.repeat(1021)}\n`
  return `# …\n${line.repeat(63 * 1024)}api_version: v1alpha1\ngroups: []\n`
}

/** The console breaks long sentences. */
function onOneLine(console: string): string {
  return console.replaceAll(/\s+/g, ' ')
}

/** By a host of its wire. What is not answered is undefined, or rejects. */
function askFrom(site: Host) {
  const get = async (path: string, ...more: readonly string[]): Promise<string> => {
    const url = `http://${BOX.address}:8080${path}`
    const { stdout } = await site.run('curl', ...'--silent --show-error --max-time 30'.split(' '), ...more, url)
    return stdout
  }
  const facts = async (): Promise<ApplianceFacts | undefined> => {
    const text = await get('/api/appliance').catch(() => undefined)
    return text === undefined ? undefined : (JSON.parse(text) as ApplianceFacts)
  }
  return { get, facts }
}
