/**
 * One machine that boots from bin/bootcfg over the wire of a lab, from power-on to the kernel, with a capture of it and what
 * bin/bootcfg tells of it.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { ArchitectureName } from '../../src/core/architectures.ts'
import type { Attempt } from '../../src/core/boots/attempt.ts'
import type { Explanation } from '../../src/core/explanation.ts'
import { KERNEL_PATH, type NetworkOptions, networkRequirements, openBootNetwork } from './boot-network.ts'
import { CAPTURE_REQUIREMENTS, type Packet, startCapture } from './capture.ts'
import type { Machine, MachineFirmware } from './qemu.ts'
import type { Requirement } from './requirements.ts'
import type { LogLine, Server } from './server.ts'

/** Software emulation on a machine that does other things as well. */
const BOOT_MAX_MS = 240_000

export interface BootOptions extends NetworkOptions {
  readonly firmware: MachineFirmware
  readonly hasRandom?: boolean
  /** Switched off as soon as the kernel was asked for, for a machine that could not run it. */
  readonly untilKernelOnly?: boolean
}

export interface Boot {
  /** All packets on the machine's cable, from power-on. */
  readonly packets: readonly Packet[]
  readonly console: string
  /** What bin/bootcfg logged. */
  readonly log: readonly LogLine[]
  /** What the site's DHCP server logged. */
  readonly dhcpLog: string
  /** What bin/bootcfg recorded of the machine, the latest boot first. */
  readonly attempts: readonly Attempt[]
  /** What `bootcfg explain` says of it. */
  readonly explanation: Explanation
  /** Of kernel and initrd together. */
  readonly machineBytes: number
}

export function bootRequirements(firmware: MachineFirmware): readonly Requirement[] {
  return [...CAPTURE_REQUIREMENTS, ...networkRequirements(firmware)]
}

/**
 * Boot, and end everything.
 *
 * @throws {FirmwareUnavailable} {MachineUnavailable} when something cannot be fetched, Error when the boot did not succeed
 */
export async function boot(options: BootOptions): Promise<Boot> {
  const { firmware, hasRandom, untilKernelOnly } = options
  await using network = await openBootNetwork(options)
  const { lab, server, dhcp } = network
  const explanation = await network.explain(architectureOf(firmware))
  const capture = await startCapture(lab, lab.wire, network.tap, 'udp or icmp6 or tcp dst port 8080')
  const machine = network.start(firmware, hasRandom)
  try {
    await done(machine, server, untilKernelOnly ? askedForKernel(server) : machine.off)
  } finally {
    await machine.stop()
  }
  return {
    packets: await capture.stop(),
    console: machine.console(),
    log: server.log,
    dhcpLog: dhcp.output(),
    attempts: await network.attempts(),
    explanation,
    machineBytes: bytesIn(join(network.assets, 'machine')),
  }
}

function bytesIn(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

/** As it tells DHCP. */
function architectureOf(firmware: MachineFirmware): ArchitectureName {
  switch (firmware) {
    case 'uefi':
      return 'x64-uefi'
    case 'uefi-http':
      return 'x64-uefi-http'
    case 'uefi-arm64':
      return 'arm64-uefi'
    default:
      return 'x86-bios'
  }
}

async function askedForKernel(server: Server): Promise<void> {
  await server.waitFor('http.request', (line) => line['path'] === KERNEL_PATH)
}

/**
 * Resolves with `end`.
 *
 * @throws Error with console and log when the machine, or bin/bootcfg, gives up before, or it takes too long
 */
export async function done(machine: Machine, server: Server, end: Promise<unknown>): Promise<void> {
  const why = await Promise.race([
    end.then(() => undefined),
    machine.says(/UEFI Interactive Shell/).then(() => 'the firmware found nothing to boot'),
    server.exited.then((status) => `bootcfg ended with status ${status}`),
    sleep(BOOT_MAX_MS, `not booted after ${BOOT_MAX_MS} ms`, { ref: false }),
  ])
  if (why !== undefined) throw new Error(`${why}:\n${machine.console()}\n${JSON.stringify(server.log, null, 1)}`)
}
