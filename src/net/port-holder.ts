/**
 * Who listens on a port of this machine, as far as /proc tells.
 */
import { readdir, readFile, readlink } from 'node:fs/promises'
import { isIPv4 } from 'node:net'

import { errorCode, reasonOf } from '../core/errors.ts'

type Protocol = 'udp' | 'tcp'

/** A socket that is bound to a port and takes what anybody sends there. */
export interface Listening {
  /** Dotted, or `::` and the like in hexadecimal words. */
  readonly address: string
  /** The kernel's number for the socket. */
  readonly inode: string
}

/** How /proc/net writes "takes what anybody sends". */
const OPEN_STATE = { udp: '07', tcp: '0A' } as const

/**
 * All sockets of this network namespace that listen on a port, ours among them.
 *
 * @returns none as well when /proc cannot be read
 */
export async function listeningOn(protocol: Protocol, port: number): Promise<Listening[]> {
  const tables = await Promise.all([protocol, `${protocol}6`].map((name) => readText(`/proc/net/${name}`)))
  return tables.flatMap((table) => parseTable(table, OPEN_STATE[protocol], port))
}

/** A table of sockets: `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode`. */
export function parseTable(table: string, state: string, port: number): Listening[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const found: Listening[] = []
  for (const line of table.split('\n').slice(1)) {
    const [, local = '', , is, , , , , , inode = ''] = line.trim().split(/\s+/)
    if (is === state && local.endsWith(suffix)) found.push({ address: readAddress(local.slice(0, -5)), inode })
  }
  return found
}

/** Hexadecimal, each four bytes in the processor's order, which is the reverse of the network's. */
function readAddress(hex: string): string {
  if (/^0*$/.test(hex)) return hex.length === 8 ? '0.0.0.0' : '::'
  const words = hex.match(/.{8}/g)?.map((word) => Buffer.from(word, 'hex').toReversed()) ?? []
  return words.length === 1 ? words[0]!.join('.') : words.map((word) => Buffer.from(word).toString('hex')).join(':')
}

/**
 * `dnsmasq (pid 123)` of another process that listens on a port, and takes what is sent to an address of this machine.
 *
 * @param address - anything but a single IPv4 address means all
 * @returns undefined when /proc does not tell
 */
export async function holderOf(protocol: Protocol, address: string, port: number): Promise<string | undefined> {
  const listening = (await listeningOn(protocol, port)).filter(({ address: theirs }) => overlaps(theirs, address))
  const links = new Set(listening.map(({ inode }) => `socket:[${inode}]`))
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  for (const pid of pids.filter((name) => Number(name) !== process.pid)) {
    if (await hasOpen(pid, links)) return `${(await readText(`/proc/${pid}/comm`)).trim()} (pid ${pid})`
  }
  return undefined
}

/** An IPv6 socket may take IPv4 as well. */
function overlaps(theirs: string, ours: string): boolean {
  const areSingle = [theirs, ours].every((address) => isIPv4(address) && address !== '0.0.0.0')
  return !areSingle || theirs === ours
}

/** Of other users' processes only root sees it. */
async function hasOpen(pid: string, links: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  for (const fd of await readdir(folder).catch(() => [])) {
    if (links.has(await readlink(`${folder}/${fd}`).catch(() => ''))) return true
  }
  return false
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}

/** A port that was not to be had, and what an operator can do about it. */
export interface Wanted {
  readonly protocol: Protocol
  readonly address: string
  readonly port: number
  /** `TFTP`, `proxyDHCP` … */
  readonly purpose: string
  /** What to do when another program holds it; an imperative clause. */
  readonly advice: string
}

/** One line for people: `cannot listen on 10.9.0.2:69 (TFTP): in.tftpd (pid 123) holds the port: stop it, or …` */
export async function listenProblem(wanted: Wanted, error: unknown): Promise<string> {
  const { protocol, address, port, purpose } = wanted
  return `cannot listen on ${address}:${port} (${purpose}): ${await cause()}`

  async function cause(): Promise<string> {
    switch (errorCode(error)) {
      case 'EADDRINUSE':
        return `${(await holderOf(protocol, address, port)) ?? 'another program'} holds the port: ${wanted.advice}`
      case 'EACCES':
        return 'ports below 1024 need root or CAP_NET_BIND_SERVICE: grant it'
      case 'EPERM':
        return 'tying a socket to an interface needs root or CAP_NET_RAW: grant it'
      case 'EADDRNOTAVAIL':
        return 'no interface has that address'
      default:
        return reasonOf(error)
    }
  }
}
