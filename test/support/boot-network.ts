/**
 * A lab in which one machine can boot from bin/bootcfg.
 *
 *   dhcp (dnsmasq: addresses, nothing else) --+
 *                                             +-- br0 -- tap -- the machine
 *   app (bin/bootcfg -net eth0) --------------+
 *    +-- eth1, with the default route, elsewhere
 *
 * Or with both servers on `app`, on the same interface.
 */
import { join } from 'node:path'

import type { ArchitectureName } from '../../src/core/architectures.ts'
import type { Attempt } from '../../src/core/boots/attempt.ts'
import type { Explanation } from '../../src/core/explanation.ts'
import { lastJudged, readAttempts, RECORD_REQUIREMENTS } from './boot-record.ts'
import { fetchFirmware } from './firmware.ts'
import { createLab, type Host, LAB_REQUIREMENTS, type Lab, type Program, startSiteDhcp } from './lab.ts'
import { installMachine } from './machine.ts'
import { type Machine, type MachineFirmware, machineRequirements, startMachine } from './qemu.ts'
import type { Requirement } from './requirements.ts'
import { BOOTCFG, type Server, startServer } from './server.ts'
import { writeFiles } from './site.ts'

export const BOOTER = {
  mac: '52:54:00:b0:07:01',
  uuid: '16e7d8a7-bfa9-428b-9117-363341bb330b',
  serial: 'RACK1-U7',
  address: '10.9.0.100',
} as const

export const APP_ADDRESS = '10.9.0.2'
export const KERNEL_PATH = '/assets/machine/vmlinuz'
const INITRD_PATH = '/assets/machine/initrd.gz'

export interface NetworkOptions {
  /** The site's DHCP server runs on the project's own host and interface. */
  readonly isDhcpHere?: boolean
  /** More options of dnsmasq for the site's DHCP server, of which it has none that is about booting. */
  readonly dhcpFlags?: readonly string[]
  /** Of the data directory, by path, in place of some that let the machine boot. */
  readonly files?: Readonly<Record<string, string>>
  /** More flags for bin/bootcfg. */
  readonly flags?: readonly string[]
}

export interface BootNetwork extends AsyncDisposable {
  readonly lab: Lab
  /** The site's DHCP server. */
  readonly dhcp: Program
  readonly server: Server
  /** Of the machine's cable. */
  readonly tap: string
  /** Where kernel and initrd are, below `machine/`. */
  readonly assets: string
  /** Switches the machine on; the network's end switches it off at the latest. */
  start(firmware: MachineFirmware, hasRandom?: boolean): Machine
  /** What bin/bootcfg has recorded of the machine, the latest boot first. */
  attempts(): Promise<Attempt[]>
  /** The machine's last boot, once it has ended. */
  judged(): Promise<Attempt>
  /** What `bootcfg explain` says of the machine. */
  explain(arch: ArchitectureName): Promise<Explanation>
}

export function networkRequirements(firmware: MachineFirmware): readonly Requirement[] {
  return [...LAB_REQUIREMENTS, ...RECORD_REQUIREMENTS, ...machineRequirements(firmware)]
}

/** @throws {FirmwareUnavailable} {MachineUnavailable} when something cannot be fetched */
export async function openBootNetwork(options: NetworkOptions = {}): Promise<BootNetwork> {
  const { isDhcpHere, dhcpFlags = [], files, flags = [] } = options
  const firmwarePath = await fetchFirmware()
  await using stack = new AsyncDisposableStack()
  const lab = stack.use(await createLab())
  const assets = join(lab.folder, 'assets')
  await installMachine(assets)
  const folder = join(lab.folder, 'site')
  writeFiles(folder, { ...SITE, ...files })
  const app = await lab.host('app', `${APP_ADDRESS}/24`, { uplink: true })
  const site = isDhcpHere ? app : await lab.host('dhcp', '10.9.0.1/24')
  const dhcp = await startSiteDhcp(site, undefined, `--dhcp-host=${BOOTER.mac},${BOOTER.address}`, ...dhcpFlags)
  const tap = await lab.tap()
  const data = ['-config', join(folder, 'config.yaml'), '-data-path', folder, '-assets-path', assets]
  const net = ['-net', 'eth0', '-address', '0.0.0.0:8080', '-firmware-path', firmwarePath]
  const allFlags = [...data, ...net, ...flags]
  const server = stack.use(await startServer(allFlags, {}, app.wrapper))
  const end = stack.move()
  return {
    lab,
    dhcp,
    server,
    tap,
    assets,
    start(firmware, hasRandom = true) {
      const machine = startMachine({ wire: { tap, wrapper: lab.wire.wrapper }, firmware, hasRandom, ...BOOTER })
      end.defer(machine.stop)
      return machine
    },
    attempts: () => readAttempts(app, BOOTER.mac),
    judged: () => lastJudged(app, BOOTER.mac),
    explain: (arch) => explain(app, arch, allFlags),
    [Symbol.asyncDispose]: () => end.disposeAsync(),
  }
}

async function explain(app: Host, arch: ArchitectureName, flags: readonly string[]): Promise<Explanation> {
  const { mac, uuid, serial } = BOOTER
  const machine = ['-mac', mac, '-uuid', uuid, '-label', `serial=${serial}`, '-arch', arch]
  const { stdout } = await app.run(BOOTCFG, 'explain', ...flags, ...machine, '-json')
  return JSON.parse(stdout) as Explanation
}

/** What `/ignition` answers to the machine, and to no other. */
export const IGNITION =
  '{"ignition":{"version":"3.4.0"},"storage":{"files":[{"path":"/etc/rack","contents":{"source":"data:,seven"}}]}}'

/** Words that the kernel's command line has, as iPXE completes those of the spec. */
export const CMDLINE: readonly string[] = [
  'console=ttyS0',
  `bootcfg.url=http://${APP_ADDRESS}:8080/`,
  `bootcfg.query=uuid=${BOOTER.uuid}&mac=${BOOTER.mac.replaceAll(':', '-')}`,
]

export const SITE: Readonly<Record<string, string>> = {
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
      initrd: [INITRD_PATH],
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
}
