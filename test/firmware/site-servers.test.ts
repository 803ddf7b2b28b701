/**
 * Networks that make it harder: a DHCP server that says more than addresses, and a bin/bootcfg that answers late. Real
 * firmware comes to its script all the same, and the record says by which way.
 */
import { expect, test, type TestContext } from 'vitest'

import {
  APP_ADDRESS,
  type BootNetwork,
  type NetworkOptions,
  networkRequirements,
  openBootNetwork,
} from '../support/boot-network.ts'
import { stepsOf } from '../support/boot-record.ts'
import { done } from '../support/boot.ts'
import { FirmwareUnavailable } from '../support/firmware.ts'
import { requireLab } from '../support/lab.ts'
import { MachineUnavailable } from '../support/machine.ts'
import type { MachineFirmware } from '../support/qemu.ts'
import { requireRomOf2019, skip } from '../support/requirements.ts'

/** Software emulation, beside other tests: about 12 s each on an idle machine. */
const TIMEOUT = 300_000

/** From the first file of ours to the script, as recorded. */
const BY_UNDIONLY = [
  'read undionly.kpxe',
  'discover DISCOVER by iPXE',
  `offer http://${APP_ADDRESS}:8080/boot.ipxe`,
  'script /boot.ipxe',
  'ipxe /ipxe',
]
const BY_SNPONLY = [
  'read snponly.efi (probe)',
  'read snponly.efi',
  'autoexec autoexec.ipxe',
  'script /boot.ipxe',
  'ipxe /ipxe',
]

async function open(context: TestContext, firmware: MachineFirmware, options?: NetworkOptions): Promise<BootNetwork> {
  requireLab(context, networkRequirements(firmware))
  if (firmware === 'bios') requireRomOf2019(context)
  return openBootNetwork(options).catch((error: unknown) => {
    if (error instanceof FirmwareUnavailable || error instanceof MachineUnavailable) skip(context, error.message)
    throw error
  })
}

/** @returns the steps that were recorded until it had its script; it is off then */
async function bootToScript(network: BootNetwork, firmware: MachineFirmware): Promise<string[]> {
  const { server } = network
  const machine = network.start(firmware)
  await done(
    machine,
    server,
    server.waitFor('http.request', ({ path }) => path === '/ipxe'),
  )
  await machine.stop()
  const attempts = await network.attempts()
  expect(attempts).toHaveLength(1)
  const steps = stepsOf(attempts[0]!)
  return steps.slice(0, steps.indexOf(BY_SNPONLY.at(-1)!) + 1)
}

const machines: readonly [machine: string, firmware: MachineFirmware, steps: readonly string[]][] = [
  ['an iPXE ROM', 'bios', ['discover DISCOVER by iPXE', 'offer undionly.kpxe', ...BY_UNDIONLY]],
  ['UEFI firmware', 'uefi', ['discover DISCOVER', 'offer snponly.efi', ...BY_SNPONLY]],
]
for (const [machine, firmware, steps] of machines) {
  const rule = `${machine} boots what we offer, and not the file that the DHCP server of the network names`
  test(rule, { timeout: TIMEOUT }, async (context) => {
    await using network = await open(context, firmware, { dhcpFlags: ['--dhcp-boot=pxelinux.0'] })
    const recorded = await bootToScript(network, firmware)
    const note = 'note 10.9.0.1 offered pxelinux.0'
    expect(recorded).toContain(note)
    expect(recorded.filter((step) => step !== note)).toEqual(steps)
    expect(network.server.log.filter(({ event }) => event === 'dhcp.rival')).toMatchObject([{ file: 'pxelinux.0' }])
  })
}

test(
  'UEFI firmware whose DHCP server, on our host, calls itself a PXE server asks on port 4011, and boots',
  { timeout: TIMEOUT },
  async (context) => {
    // Its class makes the firmware take it for the boot server as well, at its address, and leave our offer aside.
    const dhcpFlags = ['--dhcp-option-force=60,PXEClient']
    await using network = await open(context, 'uefi', { isDhcpHere: true, dhcpFlags })
    const asked = ['discover DISCOVER', 'offer snponly.efi', 'ask-4011 REQUEST to port 4011', 'offer snponly.efi']
    expect(await bootToScript(network, 'uefi')).toEqual([...asked, ...BY_SNPONLY])
  },
)

test(
  'UEFI firmware boots by an offer that comes after it has asked for the second time',
  { timeout: TIMEOUT },
  async (context) => {
    await using network = await open(context, 'uefi')
    const { server, dhcp } = network
    const discovers = (): number => dhcp.output().match(/DHCPDISCOVER/g)?.length ?? 0
    server.process.kill('SIGSTOP')
    try {
      const booted = bootToScript(network, 'uefi')
      await expect.poll(discovers, { timeout: TIMEOUT }).toBeGreaterThan(1) // four seconds after the first
      server.process.kill('SIGCONT')
      expect(await booted).toEqual(['discover DISCOVER', 'offer snponly.efi', ...BY_SNPONLY])
    } finally {
      server.process.kill('SIGCONT') // stopped, it could not end
    }
  },
)
