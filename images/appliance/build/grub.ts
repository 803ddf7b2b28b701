/**
 * GRUB, as far as it differs between the two ways in which it starts.
 *
 *   BIOS   boot.img (sector 0) -> core.img (a partition of its own) -> grub.cfg
 *   UEFI   shim, signed by Microsoft -> GRUB, signed by Debian -> EFI/debian/grub.cfg -> grub.cfg
 *
 * For BIOS, boot.img and core.img have to know where core.img is: two numbers, which grub-bios-setup writes on a running
 * system and we write here.
 *
 * @see GRUB 2.12, util/setup.c and include/grub/i386/pc/boot.h for the offsets
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { type Architecture, packageFor, unpack } from './inputs.ts'
import type { Parts } from './root.ts'
import type { Tools } from './tools.ts'
import { createTree } from './tree.ts'

/** In boot.img: the sector of core.img, and the jump that a floppy's boot drive check takes. */
const KERNEL_SECTOR = 0x5c
const DRIVE_CHECK = 0x66
const NO_OPERATION = 0x90
/** In the first sector of core.img: the sector of the rest. */
const BLOCKLIST_START = 0x1f4

/** Everything is within core.img, so that no module is read from the disk. */
const MODULES =
  'biosdisk part_gpt fat iso9660 normal configfile linux loadenv test regexp probe search echo sleep reboot serial terminal'.split(
    ' ',
  )

export interface BiosGrub {
  /** For the first 440 bytes of the disk. */
  readonly bootCode: Buffer
  readonly core: Buffer
}

/**
 * @param from - folder usr/lib/grub/i386-pc
 * @param coreAt - sector where core.img is to be
 */
export async function makeBiosGrub(from: string, work: string, coreAt: number, tools: Tools): Promise<BiosGrub> {
  const core = await makeCore(from, join(work, 'core.img'), '(,gpt2)/bootcfg', tools)
  core.writeBigUInt64LE(BigInt(coreAt + 1), BLOCKLIST_START)
  const bootCode = (await readFile(join(from, 'boot.img'))).subarray(0, 440)
  bootCode.writeBigUInt64LE(BigInt(coreAt), KERNEL_SECTOR)
  bootCode.fill(NO_OPERATION, DRIVE_CHECK, DRIVE_CHECK + 2)
  return { bootCode, core }
}

/** @param prefix - where GRUB finds grub.cfg */
async function makeCore(from: string, file: string, prefix: string, tools: Tools): Promise<Buffer> {
  await tools.run('grub-mkimage', '-O', 'i386-pc', '-d', from, '-o', file, '-p', prefix, ...MODULES)
  return readFile(file)
}

/** What a PC's BIOS starts from a disc: GRUB in one file. */
export async function makeDiscCore(from: string, file: string, tools: Tools): Promise<void> {
  await tools.run('grub-mkimage', '-O', 'i386-pc-eltorito', '-d', from, '-o', file, '-p', '/bootcfg', ...MODULES)
}

const EFI_NAMES = { amd64: 'x64', arm64: 'aa64' } as const
const EFI_TARGETS = { amd64: 'x86_64-efi', arm64: 'arm64-efi' } as const

/**
 * What UEFI starts from a disk that it has never seen.
 *
 * @param config - what Debian's GRUB reads: a file of images/appliance/grub
 */
export async function writeEfi(folder: string, { architecture, inputs, cache }: Parts, config: string): Promise<void> {
  const shim = await unpack(packageFor(inputs, architecture, 'shim-signed'), cache)
  const signed = await unpack(packageFor(inputs, architecture, `grub-efi-${architecture}-signed`), cache)
  const name = EFI_NAMES[architecture]
  const tree = createTree(folder)
  await tree.file(
    `EFI/BOOT/BOOT${name.toUpperCase()}.EFI`,
    await readFile(join(shim, `usr/lib/shim/shim${name}.efi.signed`)),
  )
  const grub = join(signed, 'usr/lib/grub', `${EFI_TARGETS[architecture]}-signed`, `grub${name}.efi.signed`)
  await tree.file(`EFI/BOOT/grub${name}.efi`, await readFile(grub))
  await tree.file('EFI/debian/grub.cfg', await grubConfig(config, architecture))
}

const COMMAND_LINES = {
  amd64: 'console=ttyS0,115200 console=tty0',
  arm64: 'console=ttyAMA0,115200 console=ttyS0,115200 console=tty0',
} as const

/** What every way of starting gives the kernel. `gpt`: where the first partition table is damaged, the one at the end counts. */
function commandLine(architecture: Architecture): string {
  return `${COMMAND_LINES[architecture]} quiet loglevel=3 panic=10 oops=panic gpt`
}

/** @param name - of a file in images/appliance/grub */
export async function grubConfig(name: string, architecture: Architecture): Promise<string> {
  const text = await readFile(join(import.meta.dirname, '../grub', name), 'utf8')
  return text.replaceAll('@COMMAND_LINE@', commandLine(architecture))
}
