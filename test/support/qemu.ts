/**
 * One machine in QEMU, without KVM, with one network card; nothing leaves this host.
 *
 * On QEMU's user network (no root) its DHCP names the boot file, and the address 10.0.2.2 inside is this host's loopback.
 * On a tap of a lab (lab.ts) it finds what is on that wire.
 *
 * The console is a pipe, because firmware and kernel say nothing on a console that is closed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'

import type { Requirement } from './requirements.ts'

/** This host's loopback, as a machine on the user network sees it. */
export const HOST = '10.0.2.2'

/** What the network card is plugged into. */
type Wire =
  /** QEMU's user network; the URL that its DHCP names as boot file. */
  | { readonly bootFile: string }
  /** A tap, and what to put before a program so that it runs where the tap is. */
  | { readonly tap: string; readonly wrapper: readonly string[] }

/** What a machine runs when it is switched on, up to the first program that it loads. */
export type MachineFirmware =
  /** SeaBIOS and the iPXE ROM that Debian's `ipxe-qemu` has for the card. */
  | 'bios'
  /** iPXE as a whole, with all its features, as from a disk: the file `ipxe.lkrn` of Debian's package `ipxe`. */
  | { readonly lkrn: string }
  /** EDK2's own PXE on x86-64; on UEFI machines no ROM takes part. */
  | 'uefi'
  /** EDK2's own HTTP boot on x86-64, PXE switched off. */
  | 'uefi-http'
  /** EDK2's own PXE on arm64. */
  | 'uefi-arm64'

export interface MachineOptions {
  readonly wire: Wire
  readonly firmware?: MachineFirmware
  /**
   * Under UEFI, by default: a generator of random numbers, which every processor has had for long. Without one iPXE spends
   * four seconds gathering chance.
   */
  readonly hasRandom?: boolean
  readonly uuid: string
  readonly mac: string
  readonly serial: string
  /** Told all that the machine writes to its console, as it comes. */
  readonly onConsole?: (bytes: Buffer) => void
}

export interface Machine {
  /** All that was on the console so far, without escape codes and carriage returns. */
  readonly console: () => string
  /** Resolves when this is on the console; never when it never is. */
  readonly says: (pattern: RegExp) => Promise<void>
  /** Resolves when the machine is off, by itself or by `stop`. */
  readonly off: Promise<void>
  /** Switches it off; resolves when the process is gone. */
  readonly stop: () => Promise<void>
}

const MEMORY_MIB = 512

export function startMachine(options: MachineOptions): Machine {
  const { wire, firmware = 'bios' } = options
  const wrapper = 'tap' in wire ? wire.wrapper : []
  const [program = '', ...args] = [...wrapper, programFor(firmware), ...argumentsFor(options)]
  const qemu = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true, // a Ctrl-C on the terminal is ours to answer, by `stop`
  })
  const chunks: Buffer[] = []
  for (const stream of [qemu.stdout, qemu.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      chunks.push(bytes)
      options.onConsole?.(bytes)
    })
  }
  const kill = (): boolean => qemu.kill('SIGKILL')
  process.once('exit', kill)
  const off = closed(qemu).finally(() => process.off('exit', kill))
  off.catch(() => {}) // whoever awaits it sees it
  const text = (): string => plainText(Buffer.concat(chunks).toString())
  return {
    console: text,
    says: (pattern) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (pattern.test(text())) resolve()
        }
        for (const stream of [qemu.stdout, qemu.stderr]) stream.on('data', look)
      }),
    off,
    stop: async () => {
      kill()
      await off.catch(() => {})
    },
  }
}

/** Debian 12 has it in the first place, Debian 13 in the second; QEMU finds it by itself. */
const IPXE_ROMS = ['/usr/lib/ipxe/qemu/pxe-virtio.rom', '/usr/share/qemu/pxe-virtio.rom'] as const

const FLASH = {
  x64: ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd'],
  arm64: ['/usr/share/AAVMF/AAVMF_CODE.fd', '/usr/share/AAVMF/AAVMF_VARS.fd'],
} as const

/** What a machine with this firmware needs. */
export function machineRequirements(firmware: MachineFirmware = 'bios'): readonly Requirement[] {
  const x64: Requirement = ['qemu-system-x86_64', 'qemu-system-x86']
  if (firmware === 'uefi-arm64')
    return [
      ['qemu-system-aarch64', 'qemu-system-arm'],
      [FLASH.arm64[0], 'qemu-efi-aarch64'],
    ]
  if (firmware === 'uefi' || firmware === 'uefi-http') return [x64, [FLASH.x64[0], 'ovmf']]
  const rom = IPXE_ROMS.find((path) => existsSync(path)) ?? IPXE_ROMS[0]
  return [x64, ['/usr/share/seabios/bios-256k.bin', 'seabios'], [rom, 'ipxe-qemu']]
}

function programFor(firmware: MachineFirmware): string {
  return firmware === 'uefi-arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64'
}

function argumentsFor({ wire, firmware = 'bios', hasRandom = true, uuid, mac, serial }: MachineOptions): string[] {
  const isUefi = typeof firmware === 'string' && firmware !== 'bios'
  const network =
    'tap' in wire ? `tap,id=n,ifname=${wire.tap},script=no,downscript=no` : `user,id=n,bootfile=${wire.bootFile}`
  const card = `virtio-net-pci,netdev=n,mac=${mac}${isUefi ? ',romfile=' : ''}`
  return [
    '-accel tcg -nographic -no-reboot'.split(' '),
    ['-m', String(MEMORY_MIB), '-device', card, '-netdev', network],
    ['-uuid', uuid, '-smbios', `type=1,serial=${serial}`],
    isUefi ? uefiArguments(firmware, hasRandom) : biosArguments(firmware),
  ].flat()
}

function biosArguments(firmware: 'bios' | { readonly lkrn: string }): string[] {
  // A machine that finds nothing to boot restarts after a second; -no-reboot makes that its end.
  const boot = '-M q35 -boot order=n,strict=on,reboot-timeout=1000'.split(' ')
  return firmware === 'bios' ? boot : [...boot, '-kernel', firmware.lkrn]
}

function uefiArguments(firmware: 'uefi' | 'uefi-http' | 'uefi-arm64', hasRandom: boolean): string[] {
  const isArm = firmware === 'uefi-arm64'
  const [code, variables] = FLASH[isArm ? 'arm64' : 'x64']
  return [
    isArm ? ['-M', 'virt', '-cpu', 'cortex-a57'] : ['-M', 'q35'],
    ['-drive', `if=pflash,format=raw,readonly=on,file=${code}`],
    ['-drive', `if=pflash,format=raw,snapshot=on,file=${variables}`], // what it writes is forgotten
    hasRandom ? ['-device', 'virtio-rng-pci'] : [],
    firmware === 'uefi-http'
      ? ['IPv4', 'IPv6'].flatMap((ip) => ['-fw_cfg', `opt/org.tianocore/${ip}PXESupport,string=n`])
      : [],
  ].flat()
}

function closed(qemu: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    qemu.on('error', reject)
    qemu.on('close', (status, signal) => {
      if (status === 0 || signal === 'SIGKILL') resolve()
      else reject(new Error(`QEMU ended with ${signal ?? `status ${status}`}`))
    })
  })
}

/** Control sequences of ECMA-48 and the two-character escapes, as SeaBIOS and iPXE paint with them. */
export const ESCAPES = /\u{1b}(?:\[[0-?]*[ -/]*[@-~]|[ -/]*[0-~])/gu

function plainText(console: string): string {
  return console.replaceAll(ESCAPES, '').replaceAll('\r', '')
}
