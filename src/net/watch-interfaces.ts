/**
 * Follows the interfaces that `-net` names: looks at each once a second, and tells who listens when one comes, goes or
 * changes its address.
 *
 * A look costs microseconds, and works in every container; netlink would need a library of its own.
 */
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { basename } from 'node:path'

import type { Log } from '../core/log.ts'
import type { Running } from '../core/module.ts'
import type { Interfaces, NetInterface } from './interfaces.ts'

/** What one look at an interface finds. */
export type Sight =
  | { readonly at: 'usable'; readonly use: NetInterface }
  /** Nothing is plugged in: the kernel hides the addresses. What was known of them holds on. */
  | { readonly at: 'no-link'; readonly reason: string }
  | { readonly at: 'unusable'; readonly reason: string }

type Listener = Parameters<Interfaces['listen']>[0]

const LOOK_MS = 1000

/**
 * Looks once before it returns.
 *
 * @param look - for tests
 */
export function watchInterfaces(
  names: readonly string[],
  log: Log,
  look: (name: string) => Sight = lookAt,
  lookMs = LOOK_MS,
): Interfaces & Running {
  const current = new Map<string, NetInterface>()
  /** Why each that cannot be used cannot: another reason is news. */
  const reasons = new Map<string, string>()
  const listeners = new Set<Listener>()
  const tell: Listener = (change) => {
    for (const listener of listeners) listener(change)
  }

  function leave(was: NetInterface): void {
    current.delete(was.name)
    tell({ went: was })
  }
  function take(name: string, sight: Sight): void {
    const was = current.get(name)
    if (sight.at === 'usable') {
      if (was !== undefined && isSame(was, sight.use)) return
      if (was !== undefined) leave(was)
      reasons.delete(name)
      current.set(name, sight.use)
      log('net.usable', { iface: name, address: sight.use.address })
      tell({ came: sight.use })
      return
    }
    if (was !== undefined && sight.at === 'no-link') return
    if (was !== undefined) leave(was)
    if (reasons.get(name) !== sight.reason) log('net.waiting', { iface: name, reason: sight.reason })
    reasons.set(name, sight.reason)
  }
  const lookAtAll = (): void => {
    for (const name of names) take(name, look(name))
  }

  lookAtAll()
  const timer = setInterval(lookAtAll, lookMs)
  return {
    name: 'interfaces',
    failed: new Promise<never>(() => {}),
    current,
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    stop: async () => clearInterval(timer),
  }
}

/** Made anew under the same name, it has another index, and sockets that are tied to the old one are dead. */
function isSame(a: NetInterface, b: NetInterface): boolean {
  return a.index === b.index && a.address === b.address && a.netmask === b.netmask && a.mac === b.mac
}

const IFF_UP = 1

/** Sees one interface through the kernel's files and Node's list, which leaves out those without a link. */
function lookAt(name: string): Sight {
  const folder = `/sys/class/net/${name}`
  if (!existsSync(folder)) return unusable('there is no interface of that name')
  if ((Number(readIn(folder, 'flags')) & IFF_UP) === 0) return unusable(`it is down: ip link set ${name} up`)
  const info = networkInterfaces()[name]?.find(({ family }) => family === 'IPv4')
  if (info !== undefined) {
    const { address, netmask, mac } = info
    return { at: 'usable', use: { name, index: Number(readIn(folder, 'ifindex')), address, netmask, mac } }
  }
  const bridge = linkIn(folder, 'master')
  if (bridge !== undefined)
    return unusable(`it has no IPv4 address, being a part of ${bridge}: -net ${bridge} is meant`)
  if (readIn(folder, 'carrier') === '0') {
    return { at: 'no-link', reason: 'it has no link: nothing is plugged in, or no machine runs on it' }
  }
  return unusable(`it has no IPv4 address: ip address add ADDRESS/LENGTH dev ${name}`)
}

function unusable(reason: string): Sight {
  return { at: 'unusable', reason }
}

/** Empty when it cannot be read: an interface may go while it is looked at. */
function readIn(folder: string, file: string): string {
  try {
    return readFileSync(`${folder}/${file}`, 'utf8').trim()
  } catch {
    return ''
  }
}

function linkIn(folder: string, link: string): string | undefined {
  try {
    return basename(readlinkSync(`${folder}/${link}`))
  } catch {
    return undefined
  }
}
