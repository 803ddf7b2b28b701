/**
 * The process that measures the host for `host.ts`: answers each message with what it finds.
 *
 * systeminformation starts small programs and waits for them, tens of milliseconds each, in which it does nothing else.
 */
import { availableParallelism, hostname, loadavg, networkInterfaces, uptime } from 'node:os'

import system from 'systeminformation'

import { reasonOf } from '../../core/errors.ts'
import type { Measured, NetworkFacts, Told } from './host.ts'

process.on('message', () => {
  void measure()
    .catch((error: unknown) => ({ problem: reasonOf(error) }))
    .then((told: Told) => process.send?.(told))
})

async function measure(): Promise<Measured> {
  const { distro, release, kernel, arch } = await system.osInfo()
  const { currentLoad } = await system.currentLoad()
  const memory = await system.mem()
  const disks = await system.fsSize()
  return {
    hostname: hostname(),
    os: `${distro} ${release}`,
    kernel,
    architecture: arch,
    uptimeMs: Math.round(uptime() * 1000),
    at: new Date().toISOString(),
    processors: availableParallelism(),
    load: { averages: loadavg().map(round), percent: round(currentLoad) },
    memory: { totalBytes: memory.total, availableBytes: memory.available },
    disks: disks.map(({ mount, type, size, used }) => ({ mount, type, totalBytes: size, usedBytes: used })),
    interfaces: await measureInterfaces(),
  }
}

async function measureInterfaces(): Promise<NetworkFacts[]> {
  const all = await system.networkInterfaces()
  const found = (Array.isArray(all) ? all : [all]).filter(({ internal }) => !internal)
  const known = networkInterfaces()
  return Promise.all(
    found.map(async ({ iface, operstate, mac, speed }) => {
      const [traffic] = await system.networkStats(iface)
      return {
        name: iface,
        state: operstate,
        mac,
        addresses: (known[iface] ?? []).map(({ cidr, address }) => cidr ?? address),
        megabitPerSecond: speed !== null && speed > 0 ? speed : null,
        received: traffic?.rx_bytes ?? 0,
        sent: traffic?.tx_bytes ?? 0,
      }
    }),
  )
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
