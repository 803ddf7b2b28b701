/**
 * One machine in QEMU: SeaBIOS, the iPXE boot ROM of its network card, QEMU's user network (no root, no KVM, and nothing
 * leaves this host). Its DHCP names the boot file; the address 10.0.2.2 inside is this host's loopback.
 *
 * The console is a pipe, because firmware and kernel say nothing on a console that is closed.
 */
import { type ChildProcess, spawn } from 'node:child_process'

/** This host's loopback, as the machine sees it. */
export const HOST = '10.0.2.2'

export interface MachineOptions {
  /** URL that the machine's DHCP names as boot file. */
  readonly bootFile: string
  readonly uuid: string
  readonly mac: string
  readonly serial: string
  /** Told all that the machine writes to its console, as it comes. */
  readonly onConsole?: (bytes: Buffer) => void
}

export interface Machine {
  /** All that was on the console so far, without escape codes and carriage returns. */
  readonly console: () => string
  /** Resolves when the machine is off, by itself or by `stop`. */
  readonly off: Promise<void>
  /** Switches it off; resolves when the process is gone. */
  readonly stop: () => Promise<void>
}

const MEMORY_MIB = 512

export function startMachine(options: MachineOptions): Machine {
  const qemu = spawn('qemu-system-x86_64', argumentsFor(options), {
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
  return {
    console: () => plainText(Buffer.concat(chunks).toString()),
    off,
    stop: async () => {
      kill()
      await off.catch(() => {})
    },
  }
}

function argumentsFor({ bootFile, uuid, mac, serial }: MachineOptions): string[] {
  const network = { device: `virtio-net-pci,netdev=n,mac=${mac}`, netdev: `user,id=n,bootfile=${bootFile}` }
  return [
    // A machine that finds nothing to boot restarts after a second; -no-reboot makes that its end.
    '-accel tcg -M q35 -nographic -no-reboot -boot order=n,strict=on,reboot-timeout=1000'.split(' '),
    ['-m', String(MEMORY_MIB), '-device', network.device, '-netdev', network.netdev],
    ['-uuid', uuid, '-smbios', `type=1,serial=${serial}`],
  ].flat()
}

function closed(qemu: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    qemu.on('error', reject)
    qemu.on('close', (status, signal) => {
      if (status === 0 || signal === 'SIGKILL') resolve()
      else reject(new Error(`qemu-system-x86_64 ended with ${signal ?? `status ${status}`}`))
    })
  })
}

/** Control sequences of ECMA-48 and the two-character escapes, as SeaBIOS and iPXE paint with them. */
export const ESCAPES = /\u{1b}(?:\[[0-?]*[ -/]*[@-~]|[ -/]*[0-~])/gu

function plainText(console: string): string {
  return console.replaceAll(ESCAPES, '').replaceAll('\r', '')
}
