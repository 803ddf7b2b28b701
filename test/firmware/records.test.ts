/**
 * Boots of real firmware that go wrong: the record has each step that there was, and its diagnosis is right.
 *
 * All at once: what takes long is a machine that is silent, before it is given up.
 */
import { join } from 'node:path'

import { expect, test, type TestContext } from 'vitest'

import {
  APP_ADDRESS,
  type BootNetwork,
  BOOTER,
  type NetworkOptions,
  networkRequirements,
  openBootNetwork,
} from '../support/boot-network.ts'
import { stepsOf } from '../support/boot-record.ts'
import { fetchFirmware, FirmwareUnavailable } from '../support/firmware.ts'
import { requireLab, startSiteDhcp } from '../support/lab.ts'
import { MachineUnavailable } from '../support/machine.ts'
import type { MachineFirmware } from '../support/qemu.ts'
import { skip } from '../support/requirements.ts'
import { temporaryFolder } from '../support/site.ts'

/** A minute and a half of silence, and software emulation of all these machines on two processors. */
const TIMEOUT = 300_000

const SCRIPT = `http://${APP_ADDRESS}:8080/boot.ipxe`
const IPXE_TO_SCRIPT = ['discover DISCOVER by iPXE', `offer ${SCRIPT}`, 'script /boot.ipxe']

/** An iPXE that has all it needs: in two seconds it has its script. */
async function wholeIpxe(): Promise<MachineFirmware> {
  return { lkrn: join(await fetchFirmware(), 'ipxe.lkrn') }
}

function open(context: TestContext, options?: NetworkOptions): Promise<BootNetwork> {
  return openBootNetwork(options).catch((error: unknown) => {
    if (error instanceof FirmwareUnavailable || error instanceof MachineUnavailable) skip(context, error.message)
    throw error
  })
}

test.concurrent('an empty firmware folder: no-firmware', { timeout: TIMEOUT }, async (context) => {
  requireLab(context, networkRequirements('uefi'))
  using empty = temporaryFolder()
  await using network = await open(context, { flags: ['-firmware-path', empty.path] })
  network.start('uefi')
  const attempt = await network.judged()
  expect(stepsOf(attempt)).toEqual(['discover DISCOVER', 'offer nothing (failed)'])
  expect(attempt).toMatchObject({ state: 'failed', stage: 'dhcp', architecture: 'x64-uefi' })
  expect(attempt.diagnosis).toMatchObject({
    code: 'no-firmware',
    text: expect.stringMatching(/no file for x64-uefi .*, such as snponly\.efi/) as string,
  })
})

test.concurrent('an HTTP port that machines cannot reach: no-http', { timeout: TIMEOUT }, async (context) => {
  requireLab(context, networkRequirements('uefi'))
  await using network = await open(context, { flags: ['-address', '127.0.0.1:8080'] })
  network.start('uefi')
  // Its iPXE gives up at once, and the firmware goes on to HTTP boot: that is another attempt.
  await expect.poll(async () => (await network.attempts()).length, { timeout: TIMEOUT, interval: 500 }).toBe(2)
  const [next, attempt] = await network.attempts()
  expect(stepsOf(attempt!)).toEqual([
    'discover DISCOVER',
    'offer snponly.efi',
    'read snponly.efi (probe)',
    'read snponly.efi',
    'autoexec autoexec.ipxe',
  ])
  expect(attempt).toMatchObject({ state: 'failed', stage: 'firmware', architecture: 'x64-uefi' })
  expect(attempt!.diagnosis.code).toBe('no-http')
  expect(next).toMatchObject({ state: 'booting', stage: 'dhcp', architecture: 'x64-uefi-http' })
})

test.concurrent('no group that matches: no-group, with the nearest one', { timeout: TIMEOUT }, async (context) => {
  requireLab(context, networkRequirements('bios'))
  const groups = ['{name: rack 1, spec: machine, require: {serial: rack1-u7}}', '{spec: other, require: {os: other}}']
  const config = `api_version: v1alpha1\ngroups: [${groups.join(', ')}]\n`
  await using network = await open(context, { files: { 'config.yaml': config } })
  network.start(await wholeIpxe())
  const attempt = await network.judged()
  expect(stepsOf(attempt)).toEqual([...IPXE_TO_SCRIPT, 'ipxe /ipxe (failed)'])
  expect(attempt).toMatchObject({ state: 'failed', stage: 'script', group: null, spec: null })
  expect(attempt.labels).toEqual({ mac: BOOTER.mac, uuid: BOOTER.uuid, serial: BOOTER.serial })
  expect(attempt.diagnosis).toMatchObject({
    code: 'no-group',
    text: 'No group matches it. Nearest: group "rack 1" wants serial=rack1-u7, not RACK1-U7 (differs only in case).',
  })
})

test.concurrent('a template with an error: template-failed, with its place', { timeout: TIMEOUT }, async (context) => {
  requireLab(context, networkRequirements('bios'))
  const template = '{"ignition": {"version": "3.4.0"},\n "rack": "{{.rack.number}}"}'
  await using network = await open(context, { files: { 'ignition/machine.json': template } })
  network.start(await wholeIpxe())
  const attempt = await network.judged()
  expect(stepsOf(attempt)).toEqual([
    ...IPXE_TO_SCRIPT,
    'ipxe /ipxe',
    'download machine/vmlinuz',
    'download machine/initrd.gz',
    'ignition /ignition (failed)',
  ])
  expect(attempt).toMatchObject({ state: 'failed', stage: 'config', group: 'this machine', spec: 'machine' })
  expect(attempt.bytes).toBe(attempt.totalBytes)
  expect(attempt.diagnosis).toMatchObject({
    code: 'template-failed',
    text: expect.stringMatching(/ignition\/machine\.json:2:\d+: .*\.rack\.number/) as string,
  })
})

// Whom an iPXE believes is a race of two servers: on a busy computer the other one may come too late.
test.concurrent('another boot server, which is believed: rival', { timeout: TIMEOUT, retry: 2 }, async (context) => {
  requireLab(context, networkRequirements('bios'))
  using empty = temporaryFolder()
  await using network = await open(context)
  const other = await network.lab.host('rival', '10.9.0.3/24')
  const menu = ['--dhcp-boot=pxelinux.0', '--pxe-service=x86PC,boot,pxelinux'] // an iPXE prefers a menu to a file
  await startSiteDhcp(other, '10.9.0.0,proxy', ...menu, '--enable-tftp', `--tftp-root=${empty.path}`)
  network.start('bios')
  const attempt = await network.judged()
  expect(stepsOf(attempt).toSorted()).toEqual([
    'discover DISCOVER by iPXE',
    'note 10.9.0.3 offered pxelinux.0',
    'offer undionly.kpxe',
  ])
  expect(attempt).toMatchObject({ state: 'failed', stage: 'dhcp' })
  expect(attempt.diagnosis).toMatchObject({
    code: 'rival',
    text: expect.stringContaining('10.9.0.3 offered pxelinux.0') as string,
  })
})
