/**
 * One machine that boots from bin/bootcfg over the wire of a lab, from power-on to the kernel, with a capture of it.
 *
 *   dhcp (dnsmasq: addresses, nothing else) --+
 *                                             +-- br0 -- tap -- the machine
 *   app (bin/bootcfg -net eth0) --------------+
 *    +-- eth1, with the default route, elsewhere
 *
 * Or with both servers on `app`, on the same interface.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { CAPTURE_REQUIREMENTS, type Packet, startCapture } from './capture.ts'
import { fetchFirmware } from './firmware.ts'
import { createLab, LAB_REQUIREMENTS, type Lab, startSiteDhcp } from './lab.ts'
import { installMachine } from './machine.ts'
import { type Machine, type MachineFirmware, machineRequirements, startMachine } from './qemu.ts'
import type { Requirement } from './requirements.ts'
import { type LogLine, type Server, startServer } from './server.ts'
import { writeFiles } from './site.ts'

/** Software emulation on a machine that does other things as well. */
const BOOT_MAX_MS = 240_000

export const BOOTER = {
  mac: '52:54:00:b0:07:01',
  uuid: '16e7d8a7-bfa9-428b-9117-363341bb330b',
  serial: 'RACK1-U7',
  address: '10.9.0.100',
} as const

export const APP_ADDRESS = '10.9.0.2'
export const KERNEL_PATH = '/assets/machine/vmlinuz'

export interface BootOptions {
  readonly firmware: MachineFirmware
  readonly hasRandom?: boolean
  /** The site's DHCP server runs on the project's own host and interface. */
  readonly isDhcpHere?: boolean
  /** Switched off as soon as the kernel was asked for, for a machine that could not run it. */
  readonly untilKernelOnly?: boolean
  /** More flags for bin/bootcfg. */
  readonly flags?: readonly string[]
}

export interface Boot {
  /** All packets on the machine's cable, from power-on. */
  readonly packets: readonly Packet[]
  readonly console: string
  /** What bin/bootcfg logged. */
  readonly log: readonly LogLine[]
  /** What the site's DHCP server logged. */
  readonly dhcpLog: string
}

export function bootRequirements(firmware: MachineFirmware): readonly Requirement[] {
  return [...LAB_REQUIREMENTS, ...CAPTURE_REQUIREMENTS, ...machineRequirements(firmware)]
}

/**
 * Boot, and end everything.
 *
 * @throws {FirmwareUnavailable} {MachineUnavailable} when something cannot be fetched, Error when the boot did not succeed
 */
export async function boot(options: BootOptions): Promise<Boot> {
  const { firmware, hasRandom = true, isDhcpHere, untilKernelOnly, flags = [] } = options
  const firmwarePath = await fetchFirmware()
  await using lab = await createLab()
  const assets = join(lab.folder, 'assets')
  await installMachine(assets)
  const app = await lab.host('app', `${APP_ADDRESS}/24`, { uplink: true })
  const site = isDhcpHere ? app : await lab.host('dhcp', '10.9.0.1/24')
  const dhcp = await startSiteDhcp(site, undefined, `--dhcp-host=${BOOTER.mac},${BOOTER.address}`)
  const tap = await lab.tap()
  const capture = await startCapture(lab, lab.wire, tap, 'udp or icmp6 or tcp dst port 8080')
  await using server = await startServer(
    ['-net', 'eth0', '-address', '0.0.0.0:8080', '-firmware-path', firmwarePath, ...siteIn(lab, assets), ...flags],
    {},
    app.wrapper,
  )
  const machine = startMachine({ wire: { tap, wrapper: lab.wire.wrapper }, firmware, hasRandom, ...BOOTER })
  try {
    await done(machine, server, untilKernelOnly ? askedForKernel(server) : machine.off)
  } finally {
    await machine.stop()
  }
  return { packets: await capture.stop(), console: machine.console(), log: server.log, dhcpLog: dhcp.output() }
}

/** Words that the kernel's command line has, as iPXE completes those of the spec. */
export const CMDLINE: readonly string[] = [
  'console=ttyS0',
  `bootcfg.url=http://${APP_ADDRESS}:8080/`,
  `bootcfg.query=uuid=${BOOTER.uuid}&mac=${BOOTER.mac.replaceAll(':', '-')}`,
]

/** What `/ignition` answers to the machine, and to no other. */
export const IGNITION =
  '{"ignition":{"version":"3.4.0"},"storage":{"files":[{"path":"/etc/rack","contents":{"source":"data:,seven"}}]}}'

function siteIn(lab: Lab, assets: string): string[] {
  const folder = join(lab.folder, 'site')
  writeFiles(folder, {
    'config.yaml': `api_version: v1alpha1
groups:
  - {name: every other machine, spec: other}
  - {name: this machine, spec: machine, require: {mac: "${BOOTER.mac}", uuid: ${BOOTER.uuid}}, metadata: {rack: seven}}
`,
    'specs/other/spec.json': JSON.stringify({ id: 'other' }),
    'specs/machine/spec.json': JSON.stringify({
      id: 'machine',
      ignition_id: 'machine.json',
      boot: {
        kernel: KERNEL_PATH,
        initrd: ['/assets/machine/initrd.gz'],
        cmdline: {
          console: 'ttyS0',
          quiet: '',
          'bootcfg.url': '${cwduri}',
          'bootcfg.query': 'uuid=${uuid}&mac=${net0/mac:hexhyp}',
          'bootcfg.fetch': '/proc/cmdline,ignition',
          'bootcfg.report': 'base64',
        },
      },
    }),
    'ignition/machine.json': IGNITION.replace('seven', '{{.rack}}'),
  })
  return ['-config', join(folder, 'config.yaml'), '-data-path', folder, '-assets-path', assets]
}

async function askedForKernel(server: Server): Promise<void> {
  await server.waitFor('http.request', (line) => line['path'] === KERNEL_PATH)
}

async function done(machine: Machine, server: Server, end: Promise<void>): Promise<void> {
  const why = await Promise.race([
    end.then(() => undefined),
    machine.says(/UEFI Interactive Shell/).then(() => 'the firmware found nothing to boot'),
    server.exited.then((status) => `bootcfg ended with status ${status}`),
    sleep(BOOT_MAX_MS, `not booted after ${BOOT_MAX_MS} ms`, { ref: false }),
  ])
  if (why !== undefined) throw new Error(`${why}:\n${machine.console()}\n${JSON.stringify(server.log, null, 1)}`)
}
