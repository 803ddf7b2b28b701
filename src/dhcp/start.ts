/**
 * The door of the DHCP room: a proxyDHCP service on every interface that is in use.
 *
 * Performs what `proxy.ts` decides, in its order, and decides nothing itself.
 */
import type { Firmware } from '../core/firmware.ts'
import type { Journal, Rival } from '../core/journal.ts'
import type { Log } from '../core/log.ts'
import type { Start } from '../core/module.ts'
import { quietLog } from '../core/quiet-log.ts'
import type { Interfaces } from '../net/interfaces.ts'
import { nativeLibc } from '../net/libc.ts'
import { openPerInterface, type PerInterface } from '../net/per-interface.ts'
import { type Arrival, createProxy, type Effect } from './proxy.ts'
import { listenForRivals, Rivals } from './rivals.ts'
import { openRouterAdvertiser, type RouterAdvertiser } from './router-advertisement.ts'
import { openPorts, type SendBack } from './socket.ts'

export interface DhcpConfig {
  /** `known`: silent to machines that no group could be meant for. */
  readonly answer: 'all' | 'known'
  readonly routerAdvertisements: boolean
  /** Host name or address in URLs, instead of the interface's own address. */
  readonly advertise: string | undefined
  /** That the HTTP room listens on. */
  readonly httpPort: number
}

export interface DhcpDeps {
  readonly interfaces: Interfaces
  readonly firmware: Firmware
  readonly isKnown: (machine: { mac: string; uuid: string | undefined }) => boolean
  readonly journal: Journal
  readonly log: Log
  /** Opened before, while the right to it was there. Absent: opened when the room starts. */
  readonly advertiser?: RouterAdvertiser | undefined
}

/** What needs a right (CAP_NET_RAW) that the process may give up before it starts the room. */
export function openPrivileged(
  config: Pick<DhcpConfig, 'routerAdvertisements'>,
  log: Log,
): RouterAdvertiser | undefined {
  return config.routerAdvertisements ? openRouterAdvertiser(log) : undefined
}

/** @throws Error with one line for people when a port cannot be had on an interface that is in use */
export const startDhcp: Start<DhcpConfig, DhcpDeps> = async (config, deps) => {
  const { interfaces, firmware, isKnown, journal, log } = deps
  const say = quietLog(log)
  const { promise: failed, reject } = Promise.withResolvers<never>()
  failed.catch(() => {}) // whoever supervises sees it; nobody has to
  if (nativeLibc() === undefined) {
    log('net.native-missing', { reason: 'broadcasts of other networks are heard, and answered on those of -net' })
  }
  const advertiser = deps.advertiser ?? openPrivileged(config, log)
  const proxy = createProxy({ ...config, routerAdvertisements: advertiser !== undefined, firmware, isKnown })

  function perform(effect: Effect, answer?: SendBack): void {
    switch (effect.do) {
      case 'send':
        answer?.(effect.bytes, effect.to)
        break
      case 'log':
        say(effect.event, effect.fields)
        break
      case 'report':
        journal.report(effect.event)
        break
      case 'advertise-router': {
        const iface = interfaces.current.get(effect.iface)
        if (iface !== undefined) advertiser?.advertise(iface, effect.mac)
        break
      }
    }
  }
  /** A fault of ours ends the room, and is not taken for something that the network did. */
  function performAll(decide: () => readonly Effect[], answer?: SendBack): void {
    try {
      for (const effect of decide()) perform(effect, answer)
    } catch (error) {
      reject(error)
    }
  }
  const take = (datagram: Uint8Array, arrival: Arrival, answer: SendBack): void =>
    performAll(() => proxy.onDatagram(datagram, arrival, performance.now()), answer)

  const rivals = new Rivals()
  function onRival(rival: Rival): void {
    journal.report(rival)
    const { mac, server: peer, file, iface } = rival
    if (rivals.isNews(peer, performance.now())) say('dhcp.rival', { peer, mac, file, iface })
  }

  const stopListening = journal.listen((event) => performAll(() => proxy.onBootEvent(event, performance.now())))
  let ports: PerInterface
  try {
    ports = await openPerInterface(interfaces, (iface, died) => openPorts(iface, take, died, log), log)
  } catch (error) {
    stopListening()
    advertiser?.stop()
    throw error
  }
  const ears = await openPerInterface(interfaces, (iface, died) => listenForRivals(iface, onRival, died, log), log)
  let stopped: Promise<void> | undefined
  async function stop(): Promise<void> {
    stopListening()
    await ears.stop()
    await ports.stop()
    advertiser?.stop()
  }
  return { name: 'dhcp', failed, troubles: () => ports.troubles(), stop: () => (stopped ??= stop()) }
}
