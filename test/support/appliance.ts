/**
 * The appliance in QEMU, started from its disk by the firmware of real boxes, without KVM.
 *
 *   await using box = await startAppliance({ disk, firmware: 'uefi' })
 *   const facts = await box.facts()              // GET /api/appliance, as soon as it answers
 *   await box.monitor('device_add usb-net,…')    // QEMU's own commands
 *
 * Its port 8080 is a port of this host's loopback, and it reaches nothing; on a tap of a lab (lab.ts) it is reached from that
 * wire alone. What it writes to its disk is forgotten, unless `keepsDisk`.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { ApplianceFacts } from '../../src/core/appliance.ts'
import { ESCAPES } from './qemu.ts'
import type { Requirement } from './requirements.ts'

export type ApplianceFirmware = 'bios' | 'uefi' | 'uefi-secure-boot' | 'arm64'

export interface ApplianceOptions {
  readonly disk: string
  readonly firmware?: ApplianceFirmware
  /** A tap of a lab, what to put before a program so that it runs there, and the card's address. By default QEMU's user network. */
  readonly wire?: { readonly tap: string; readonly wrapper: readonly string[]; readonly mac: string }
  /** By default: the disk is plugged in. */
  readonly hasDisk?: boolean
  /** What is written stays on the disk. */
  readonly keepsDisk?: boolean
  readonly memoryMib?: number
  /** More arguments for QEMU. */
  readonly more?: readonly string[]
}

export interface RunningAppliance extends AsyncDisposable {
  /** Of its HTTP; on a tap there is none here. */
  readonly url: string
  /** All that was on its serial console, without escape codes. */
  console(): string
  /**
   * What it says of itself, once it does and `wanted` holds.
   *
   * @throws Error with its console when it switches itself off before
   */
  facts(wanted?: (facts: ApplianceFacts) => boolean): Promise<ApplianceFacts>
  /** A command of QEMU's monitor. @returns what it answers */
  monitor(command: string): Promise<string>
  /** The kernel's own keys, on the serial console (`sysrq_always_enabled` lets it listen to all of them). */
  sysRq(key: string): Promise<void>
  /** Resolves when it is off. */
  readonly off: Promise<void>
  /** Pulls the plug. */
  stop(): Promise<void>
}

const FLASH = {
  uefi: ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd', 'ovmf'],
  // The variables hold Microsoft's keys: what is not signed does not start.
  'uefi-secure-boot': ['/usr/share/OVMF/OVMF_CODE_4M.secboot.fd', '/usr/share/OVMF/OVMF_VARS_4M.ms.fd', 'ovmf'],
  arm64: ['/usr/share/AAVMF/AAVMF_CODE.fd', '/usr/share/AAVMF/AAVMF_VARS.fd', 'qemu-efi-aarch64'],
} as const

export function applianceRequirements(firmware: ApplianceFirmware = 'bios'): readonly Requirement[] {
  const program: Requirement =
    firmware === 'arm64' ? ['qemu-system-aarch64', 'qemu-system-arm'] : ['qemu-system-x86_64', 'qemu-system-x86']
  if (firmware === 'bios') return [program, ['/usr/share/seabios/bios-256k.bin', 'seabios']]
  const [code, variables, debianPackage] = FLASH[firmware]
  return [program, [code, debianPackage], [variables, debianPackage]]
}

export async function startAppliance(options: ApplianceOptions): Promise<RunningAppliance> {
  const { firmware = 'bios', wire } = options
  const folder = mkdtempSync(join(tmpdir(), 'bootcfg-appliance-'))
  const socket = join(folder, 'monitor')
  const url = `http://127.0.0.1:${await freePort()}`
  const program = firmware === 'arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64'
  const command = [...(wire?.wrapper ?? []), program, ...argumentsFor(options, url, socket)]
  const qemu = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  const chunks: Buffer[] = []
  for (const stream of [qemu.stdout, qemu.stderr]) stream.on('data', (bytes: Buffer) => chunks.push(bytes))
  const kill = (): boolean => qemu.kill('SIGKILL')
  process.once('exit', kill)
  const off = closed(qemu).finally(() => {
    process.off('exit', kill)
    rmSync(folder, { recursive: true, force: true })
  })
  const text = (): string => Buffer.concat(chunks).toString().replaceAll(ESCAPES, '').replaceAll('\r', '')
  const stop = async (): Promise<void> => {
    kill()
    await off
  }
  return {
    url,
    console: text,
    async facts(wanted = () => true) {
      for (const deadline = Date.now() + ANSWER_MAX_MS; ;) {
        const facts = await ask(url)
        if (facts !== undefined && wanted(facts)) return facts
        if (qemu.exitCode !== null) throw new Error(`the appliance is off: ${text()}`)
        if (Date.now() > deadline) throw new Error(`it says ${JSON.stringify(facts)}, and on its console: ${text()}`)
        await sleep(ASK_EVERY_MS)
      }
    },
    monitor: (command) => tell(socket, command),
    async sysRq(key) {
      await tell(socket, 'chardev-send-break serial0')
      qemu.stdin.write(key)
    },
    off,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/**
 * More arguments, with which QEMU starts a slot's kernel itself: past firmware and GRUB, with other words for the kernel.
 *
 * @param slot - its file system
 * @param folder - for its files
 */
export function kernelArguments(slot: string, folder: string, words: string): readonly string[] {
  const files = ['vmlinuz', 'system.img'].map((name) => join(folder, name))
  for (const file of files) execFileSync('mcopy', ['-n', '-i', slot, `::${basename(file)}`, file])
  return ['-kernel', files[0]!, '-initrd', files[1]!, '-append', `console=ttyS0 quiet loglevel=3 panic=10 ${words}`]
}

const ASK_EVERY_MS = 100
/** Software emulation on a machine that does other things as well. */
const ANSWER_MAX_MS = 400_000

function argumentsFor(options: ApplianceOptions, url: string, socket: string): string[] {
  const { disk, firmware = 'bios', wire, hasDisk = true, keepsDisk = false, memoryMib = 512, more = [] } = options
  const network =
    wire === undefined
      ? `user,id=n,restrict=on,hostfwd=tcp:${new URL(url).host}-:8080`
      : `tap,id=n,ifname=${wire.tap},script=no,downscript=no`
  const card = `virtio-net-pci,netdev=n,romfile=${wire === undefined ? '' : `,mac=${wire.mac}`}`
  return [
    '-accel tcg,thread=multi -smp 2 -nographic -monitor none -serial stdio'.split(' '),
    ['-chardev', `socket,id=m,path=${socket},server=on,wait=off`, '-mon', 'chardev=m,mode=readline'],
    machineArguments(firmware),
    ['-m', String(memoryMib)],
    hasDisk ? ['-drive', `if=none,id=disk,format=raw,file=${disk},snapshot=${keepsDisk ? 'off' : 'on'}`] : [],
    hasDisk ? ['-device', 'virtio-blk-pci,drive=disk,bootindex=1'] : [],
    ['-device', card, '-netdev', network],
    more,
  ].flat()
}

function machineArguments(firmware: ApplianceFirmware): string[] {
  if (firmware === 'bios') return ['-M', 'q35']
  const [code, variables] = FLASH[firmware]
  const isSecure = firmware === 'uefi-secure-boot'
  return [
    firmware === 'arm64' ? '-M virt -cpu cortex-a57' : `-M q35,smm=${isSecure ? 'on' : 'off'}`,
    isSecure ? '-global driver=cfi.pflash01,property=secure,value=on' : '',
    `-drive if=pflash,format=raw,unit=0,readonly=on,file=${code}`,
    `-drive if=pflash,format=raw,unit=1,snapshot=on,file=${variables}`,
    '-device virtio-rng-pci',
  ]
    .filter((words) => words !== '')
    .flatMap((words) => words.split(' '))
}

async function ask(url: string): Promise<ApplianceFacts | undefined> {
  try {
    const answer = await fetch(`${url}/api/appliance`, { signal: AbortSignal.timeout(5000) })
    return answer.ok ? ((await answer.json()) as ApplianceFacts) : undefined
  } catch {
    return undefined // it is still starting
  }
}

/** Its prompt comes once before and once after the answer. */
function tell(socket: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const monitor = connect(socket)
    let said = ''
    monitor.on('data', (bytes: Buffer) => {
      const before = said.split('(qemu) ').length
      said += bytes.toString('latin1')
      const now = said.split('(qemu) ').length
      if (before < 2 && now >= 2) monitor.write(`${command}\n`)
      if (now >= 3) {
        monitor.end()
        resolve(said)
      }
    })
    monitor.on('error', reject)
  })
}

function closed(qemu: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    qemu.once('error', () => resolve())
    qemu.once('close', () => resolve())
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
