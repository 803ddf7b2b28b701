/**
 * What the box's scripts and its server are told: from `appliance.yaml` and the kernel's command line to lines. Pure.
 *
 *   hostname NAME                           address IFACE dhcp
 *   bridge BRIDGE PORT…                     address IFACE static ADDRESS/LENGTH [GATEWAY]
 *   vlan NAME PARENT ID                     dns ADDRESS…, search DOMAIN…, ntp HOST…, syslog HOST PORT
 *
 * Words have letters, digits and `_.:/-` alone, which the schema sees to: a shell may split the lines at blanks.
 */
import type { InterfaceConfig } from './network.ts'
import { type ApplianceConfig, HTTP_PORT_ALWAYS } from './schema.ts'

/** Where things are in the running box. */
export interface Places {
  /** The data partition. */
  readonly data: string
  /** What root's scripts and the server tell each other. */
  readonly run: string
  /** Groups file that serves. */
  readonly groups: string
  /** Empty: there are none. */
  readonly assets: string
}

const FIRMWARE = '/app/firmware'
/** The server gives itself that user once its sockets are open. */
const USER = '900:900'

/** Ports that `network: auto` uses, those too that are plugged in later. */
const AUTO_PORTS = ['eth0', 'eth1', 'eth2', 'eth3']

interface Placed extends InterfaceConfig {
  readonly name: string
  /** What a VLAN is on; of others their own name. */
  readonly parent: string
}

export function planLines(config: ApplianceConfig): string[] {
  const interfaces = placed(config)
  const bridges = new Map(interfaces.flatMap(({ parent, bridge }) => (bridge === undefined ? [] : [[parent, bridge]])))
  return [
    `hostname ${config.hostname}`,
    ...[...bridges].map(([name, ports]) => `bridge ${name} ${ports.join(' ')}`),
    ...interfaces.flatMap(({ name, parent, vlan }) => (vlan === undefined ? [] : [`vlan ${name} ${parent} ${vlan}`])),
    ...interfaces.map(({ name, address, gateway }) => {
      if (address === 'dhcp') return `address ${name} dhcp`
      return `address ${name} static ${address}${gateway === undefined ? '' : ` ${gateway}`}`
    }),
    ...(['dns', 'search', 'ntp'] as const).flatMap((key) =>
      config[key].length === 0 ? [] : [`${key} ${config[key].join(' ')}`],
    ),
    ...(config.log.syslog === undefined ? [] : [`syslog ${config.log.syslog.host} ${config.log.syslog.port}`]),
  ]
}

/**
 * Flags of the server, each one argument.
 *
 * @param cmdline - of the kernel; `bootcfg.dhcp=off` is there in a copy that was booted over the network, since the box that
 *   it came from answers machines already
 */
export function serverFlags(config: ApplianceConfig, cmdline: string, places: Places): string[] {
  const { dhcp, tftp, http } = config.modules
  // Machines and people are told the first: firmware and eyes like an address without a port.
  const ports = [...new Set([http.port, HTTP_PORT_ALWAYS])]
  const net = placed(config).flatMap(({ name, boot }) => (boot === 'on' ? [name] : []))
  const isSilent = cmdline.split(/\s+/).includes('bootcfg.dhcp=off')
  return [
    `-address=${ports.map((port) => `0.0.0.0:${port}`).join(',')}`,
    `-config=${places.groups}`,
    `-data-path=${places.data}`,
    `-assets-path=${places.assets}`,
    `-firmware-path=${FIRMWARE}`,
    `-state-path=${places.data}/state`,
    `-net=${net.join(',')}`,
    `-dhcp=${isSilent ? 'off' : dhcp}`,
    `-tftp=${tftp}`,
    `-user=${USER}`,
    `-appliance=${places.run}`,
  ]
}

/** Interfaces with the names that they have in the box: `eth0`, `br0`, `br0.20`. */
function placed({ network }: ApplianceConfig): Placed[] {
  const interfaces: readonly InterfaceConfig[] =
    network.length > 0 ? network : AUTO_PORTS.map((port) => ({ port, address: 'dhcp', boot: 'on' }))
  const bridges: string[] = []
  return interfaces.map((iface) => {
    const { port, bridge, vlan } = iface
    const ports = bridge?.join('+')
    if (ports !== undefined && !bridges.includes(ports)) bridges.push(ports)
    const parent = ports === undefined ? port! : `br${bridges.indexOf(ports)}`
    return { ...iface, parent, name: vlan === undefined ? parent : `${parent}.${vlan}` }
  })
}
