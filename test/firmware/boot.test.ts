/**
 * The proof: real firmware boots from bin/bootcfg over a wire, beside a DHCP server that knows nothing of booting, to a
 * Linux that shows its command line.
 *
 * What each machine said and was told is held in test/fixtures/boots/ (UPDATE_GOLDEN=1 writes it anew). What bin/bootcfg
 * recorded of it must be the same story, and what `bootcfg explain` said of it before must be what it got.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test, type TestContext } from 'vitest'

import { APP_ADDRESS, BOOTER, CMDLINE, IGNITION, KERNEL_PATH } from '../support/boot-network.ts'
import { stepsOf } from '../support/boot-record.ts'
import { tellBoot } from '../support/boot-story.ts'
import { type Boot, boot, bootRequirements, type BootOptions } from '../support/boot.ts'
import { fetchFirmware, FirmwareUnavailable, ipxeVersion } from '../support/firmware.ts'
import { requireLab } from '../support/lab.ts'
import { MachineUnavailable, reportedFiles } from '../support/machine.ts'
import { debianVersion, requireRomOf2019, skip } from '../support/requirements.ts'

const BOOTS = join(import.meta.dirname, '../fixtures/boots')

/** Software emulation, beside other tests: about 15 s each on an idle machine. */
const TIMEOUT = 300_000

interface Case {
  /** Of the golden file. */
  readonly name: string
  readonly machine: string
  readonly options: BootOptions
  /** What it is offered, in this order. */
  readonly offered: readonly string[]
  /** What it does until it asks for its script, as recorded. */
  readonly record: readonly string[]
  /** Debian package whose version the golden file depends on. */
  readonly debianPackage: string
}

const SCRIPT = `http://${APP_ADDRESS}:8080/boot.ipxe`

/** What every machine does from there on, as recorded. */
const FROM_SCRIPT = [
  'script /boot.ipxe',
  'ipxe /ipxe',
  'download machine/vmlinuz',
  'download machine/initrd.gz',
  'ignition /ignition',
]
const UNTIL_KERNEL = FROM_SCRIPT.slice(0, 3)

const cases: readonly Case[] = [
  {
    name: 'bios-rom-of-2019',
    machine: 'SeaBIOS with an iPXE ROM of 2019 is given undionly.kpxe, comes back with it and boots',
    options: { firmware: 'bios' },
    offered: ['undionly.kpxe', SCRIPT],
    record: [
      'discover DISCOVER by iPXE',
      'offer undionly.kpxe',
      'read undionly.kpxe',
      'discover DISCOVER by iPXE',
      `offer ${SCRIPT}`,
    ],
    debianPackage: 'ipxe-qemu',
  },
  {
    name: 'uefi-pxe',
    machine: 'UEFI on x86-64 boots by its own PXE and snponly.efi',
    options: { firmware: 'uefi' },
    offered: ['snponly.efi'],
    record: [
      'discover DISCOVER',
      'offer snponly.efi',
      'read snponly.efi (probe)',
      'read snponly.efi',
      'autoexec autoexec.ipxe',
    ],
    debianPackage: 'ovmf',
  },
  {
    name: 'uefi-http',
    machine: 'UEFI on x86-64 boots by its own HTTP boot and ipxe-amd64.efi',
    options: { firmware: 'uefi-http' },
    offered: ['ipxe-amd64.efi'],
    record: [
      'discover DISCOVER',
      `offer http://${APP_ADDRESS}:8080/firmware/ipxe-amd64.efi`,
      'read ipxe-amd64.efi',
      'autoexec autoexec.ipxe',
    ],
    debianPackage: 'ovmf',
  },
  {
    name: 'uefi-pxe-arm64',
    machine: 'UEFI on arm64 boots by its own PXE and ipxe-arm64.efi, to the kernel being fetched',
    options: { firmware: 'uefi-arm64', untilKernelOnly: true },
    offered: ['ipxe-arm64.efi'],
    record: [
      'discover DISCOVER',
      'offer ipxe-arm64.efi',
      'read ipxe-arm64.efi (probe)',
      'read ipxe-arm64.efi',
      'autoexec autoexec.ipxe',
    ],
    debianPackage: 'qemu-efi-aarch64',
  },
]

for (const isDhcpHere of [false, true]) {
  const where = isDhcpHere ? "DHCP on bootcfg's own host and interface" : 'DHCP on another host'
  for (const { name, machine, options, offered, record, debianPackage } of cases) {
    test(`${machine} (${where})`, { timeout: TIMEOUT }, async (context) => {
      requireLab(context, bootRequirements(options.firmware))
      if (options.firmware === 'bios') requireRomOf2019(context)
      const booted = await boot({ ...options, isDhcpHere }).catch((error: unknown) => skipIfUnavailable(context, error))
      expectBooted(booted, options)
      expect(offers(booted)).toEqual(offered)
      expectRecord(booted, options, record)
      expectExplained(booted)
      expectGolden(name, debianPackage, booted)
    })
  }
}

test('an iPXE that has all it needs gets the script at once', { timeout: TIMEOUT }, async (context) => {
  requireLab(context, bootRequirements('bios'))
  const folder = await fetchFirmware().catch((error: unknown) => skipIfUnavailable(context, error))
  const options = { firmware: { lkrn: join(folder, 'ipxe.lkrn') } }
  const booted = await boot(options).catch((error: unknown) => skipIfUnavailable(context, error))
  expectBooted(booted, options)
  expect(offers(booted)).toEqual([SCRIPT])
  expectRecord(booted, options, ['discover DISCOVER by iPXE', `offer ${SCRIPT}`])
  expectExplained(booted)
  expectGolden('ipxe', 'qemu-system-x86', booted)
})

function expectBooted({ console, dhcpLog, log }: Boot, { untilKernelOnly }: BootOptions): void {
  expect(dhcpLog).toContain(`DHCPACK(eth0) ${BOOTER.address} ${BOOTER.mac}`)
  expect(log.filter(({ level }) => level === 'warning' || level === 'error')).toEqual([])
  if (untilKernelOnly) return
  const reported = reportedFiles(console)
  const cmdline = reported.get('/proc/cmdline')?.toString() ?? ''
  // iPXE puts the kernel's name before it under UEFI.
  expect(cmdline.trim().split(' '), console).toEqual(expect.arrayContaining([...CMDLINE]))
  expect(reported.get('ignition')?.toString()).toBe(IGNITION)
}

/** Files and URLs that it was offered, repetitions left out. */
function offers({ log }: Boot): unknown[] {
  return [...new Set(log.filter(({ event }) => event === 'dhcp.offer').map(({ file, url }) => file ?? url))]
}

function expectRecord(
  { attempts, machineBytes }: Boot,
  { untilKernelOnly }: BootOptions,
  record: readonly string[],
): void {
  expect(attempts).toHaveLength(1)
  const attempt = attempts[0]!
  const { mac, uuid, serial, address } = BOOTER
  expect(attempt).toMatchObject({ mac, uuid, address, group: 'this machine', spec: 'machine', truncated: false })
  expect(attempt.labels).toEqual({ mac, uuid, serial })
  const starts = attempt.entries.map(({ startMs }) => startMs)
  expect(starts).toEqual(starts.toSorted((a, b) => a - b))
  if (untilKernelOnly) {
    const steps = [...record, ...UNTIL_KERNEL]
    expect(stepsOf(attempt).slice(0, steps.length)).toEqual(steps)
    return expect(attempt).toMatchObject({ state: 'booting', stage: 'kernel' })
  }
  expect(stepsOf(attempt)).toEqual([...record, ...FROM_SCRIPT])
  expect(attempt).toMatchObject({ state: 'booted', stage: 'done', bytes: machineBytes, totalBytes: machineBytes })
  expect(attempt.diagnosis.code).toBe('booted')
}

/** What it was sent is what `bootcfg explain` said, byte for byte as far as the machine tells. */
function expectExplained({ attempts, explanation }: Boot): void {
  const { group, dhcp, files, http, assets, problems } = explanation
  expect(problems).toEqual([])
  const { entries, ...attempt } = attempts[0]!
  expect([group?.name, group?.spec]).toEqual([attempt.group, attempt.spec])
  const named = dhcp?.map(({ reply }) => reply?.file)
  for (const { kind, file } of entries) if (kind === 'offer') expect(named).toContain(file)
  const explained = new Map([
    ...files!.map(({ name, content }) => [name.slice(name.lastIndexOf('/') + 1), content?.bytes] as const),
    ...http.map(({ target, content }) => [target.split('?')[0], content.bytes] as const),
    ...assets!.map(({ target, bytes }) => [target, bytes] as const),
  ])
  const sums = new Map(http.map(({ target, content }) => [target.split('?')[0], content.sha256]))
  for (const { title, body = 'none' } of entries) {
    if (sums.has(title)) expect([title, sums.get(title)]).toEqual([title, expect.stringMatching(`^${body}`)])
  }
  for (const { kind, title, file, outcome, bytes } of entries) {
    const name = kind === 'download' ? file : title
    if (outcome === 'ok' && bytes !== undefined) expect([name, bytes]).toEqual([name, explained.get(name)])
  }
  expect(http.find(({ target }) => target.startsWith('/ignition?'))?.content.text).toBe(IGNITION)
}

/**
 * The story of the boot is the one in the golden file. Where another version of the firmware is installed than the file
 * was made with, its requests may differ: then only the order of the steps counts.
 */
function expectGolden(name: string, debianPackage: string, { packets }: Boot): void {
  const path = join(BOOTS, `${name}.txt`)
  const told = tellBoot(packets, { machine: BOOTER.address, app: APP_ADDRESS, until: KERNEL_PATH })
  const madeWith = `# ${debianVersion(debianPackage)}, ${ipxeVersion()}\n`
  if (process.env['UPDATE_GOLDEN']) writeFileSync(path, `${madeWith}\n${told}`)
  const golden = readFileSync(path, 'utf8')
  if (golden.startsWith(madeWith)) return expect(told).toBe(golden.slice(madeWith.length + 1))
  expect(steps(told)).toEqual(steps(golden))
}

/** `> TFTP read`, `< 10.9.0.2:67 -> 255.255.255.255:68 reply offer` */
function steps(story: string): string[] {
  return [...story.matchAll(/^[<>] (?:TFTP \w+|HTTP \w+ [^\s?]+|\S+ -> .*)/gm)].map(([step]) => step)
}

function skipIfUnavailable(context: TestContext, error: unknown): never {
  if (error instanceof FirmwareUnavailable || error instanceof MachineUnavailable) skip(context, error.message)
  throw error
}
