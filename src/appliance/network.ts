/**
 * What a list of network interfaces must not say: addresses that cannot be, and ports that are wanted twice. Pure.
 */

/** As `appliance.yaml` has it; `schema.ts` has seen to each value. */
export interface InterfaceConfig {
  readonly port?: string | undefined
  /** Ports of the bridge; in place of `port`. */
  readonly bridge?: readonly string[] | undefined
  readonly vlan?: number | undefined
  /** `dhcp` or `192.168.1.2/24`. */
  readonly address: string
  readonly gateway?: string | undefined
  readonly boot: 'on' | 'off'
}

export interface Wrong {
  /** From the list, or from the interface, to what is wrong. */
  readonly path: (string | number)[]
  readonly message: string
}

interface Cidr {
  /** As an unsigned number of 32 bits, like all addresses here. */
  readonly address: number
  readonly first: number
  readonly last: number
}

/** Networks that are larger or smaller than a site has. */
const PREFIX_MIN = 8
const PREFIX_MAX = 30

/** @returns undefined for what is no address that a host in such a network can have */
export function cidrOf(text: string): Cidr | undefined {
  const [, host = '', length = ''] = /^([\d.]+)\/(\d{1,2})$/.exec(text) ?? []
  const address = addressOf(host)
  const prefix = Number(length)
  if (address === undefined || prefix < PREFIX_MIN || prefix > PREFIX_MAX) return undefined
  const size = 2 ** (32 - prefix)
  const first = Math.floor(address / size) * size
  const last = first + size - 1
  return isHost(address) && address > first && address < last ? { address, first, last } : undefined
}

/** Of one interface. */
export function wrongAddresses({ port, bridge, address, gateway }: InterfaceConfig): Wrong[] {
  const wrong: Wrong[] = []
  if ((port === undefined) === (bridge === undefined)) {
    wrong.push({ path: [], message: 'expected either port or bridge, to say which network this is' })
  }
  if (gateway === undefined) return wrong
  const own = cidrOf(address)
  const router = addressOf(gateway)
  if (address === 'dhcp') {
    wrong.push({
      path: ['gateway'],
      message: 'goes with an address that is written here: DHCP names the router itself',
    })
  } else if (own === undefined) {
    return wrong // of the address enough is said
  } else if (router === undefined || router <= own.first || router >= own.last || router === own.address) {
    wrong.push({ path: ['gateway'], message: `${gateway} is no other address in the network of ${address}` })
  }
  return wrong
}

/** Between the interfaces of a list. */
export function conflicts(interfaces: readonly InterfaceConfig[]): Wrong[] {
  const wrong: Wrong[] = []
  /** Which bridge each port is in; a port that stands for itself is a bridge of its own here. */
  const owners = new Map<string, string>()
  const seen = new Set<string>()
  const addresses = new Set<string>()
  let routers = 0
  for (const [at, { port, bridge, vlan, address, gateway }] of interfaces.entries()) {
    const ports = bridge ?? (port === undefined ? [] : [port])
    const where = bridge === undefined ? ['port'] : ['bridge']
    const owner = ports.join('+')
    for (const name of new Set(ports)) {
      const other = owners.get(name) ?? owner
      owners.set(name, other)
      if (other !== owner) wrong.push({ path: [at, ...where], message: `${name} is part of another interface` })
    }
    if (new Set(ports).size !== ports.length) wrong.push({ path: [at, ...where], message: 'a port is named twice' })
    const name = `${owner}.${vlan ?? ''}`
    if (seen.has(name)) wrong.push({ path: [at, ...where], message: 'this interface stands in the list twice' })
    seen.add(name)
    const own = address.replace(/\/.*/, '')
    if (address !== 'dhcp' && addresses.has(own)) {
      wrong.push({ path: [at, 'address'], message: `${own} is the address of two interfaces` })
    }
    addresses.add(own)
    routers += gateway === undefined ? 0 : 1
    if (gateway !== undefined && routers > 1) {
      wrong.push({ path: [at, 'gateway'], message: 'another interface has a gateway: there can be one' })
    }
  }
  return wrong
}

function addressOf(text: string): number | undefined {
  const bytes = text.split('.').map(Number)
  if (!/^(?:\d{1,3}\.){3}\d{1,3}$/.test(text) || bytes.some((byte) => byte > 255)) return undefined
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0)
}

/** Neither "this network" (0), loopback (127), nor multicast and above (RFC 6890). */
function isHost(address: number): boolean {
  const first = Math.floor(address / 2 ** 24)
  return first !== 0 && first !== 127 && first < 224
}
