/**
 * The same system as a disc: for machines that start from a CD, real or not, and for virtual machines. It has no slots and no
 * data partition; a stick with a partition BOOTCFG beside it is used.
 *
 *   El Torito, BIOS   GRUB in one file                 also as a stick: boot_hybrid.img in the first sector
 *   El Torito, UEFI   a small FAT with shim and GRUB   also as a stick: it is a partition behind the file system
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { emptyFolder } from './disk.ts'
import { makeFat, setTimes } from './fat.ts'
import { grubConfig, makeDiscCore, writeEfi } from './grub.ts'
import { packageFor, unpack } from './inputs.ts'
import type { Workshop } from './root.ts'
import type { System } from './system.ts'
import { createTree } from './tree.ts'

const ESP_BYTES = 8 << 20
/** As GUID partition tables want it: of the disc, not of a moment. */
const DISK_ID = '626f6f74-6366-4700-8000-000000000001'

export async function makeIso(file: string, { kernel, image }: System, parts: Workshop): Promise<void> {
  const { architecture, inputs, cache, work, epoch, tools } = parts
  const tree = createTree(await emptyFolder(join(work, 'iso')))
  await tree.file('bootcfg/vmlinuz', kernel)
  await tree.file('bootcfg/system.img', image)
  await tree.file('bootcfg/grub.cfg', await grubConfig('iso.cfg', architecture))
  // UEFI's GRUB looks on the disc, not in the FAT that it came from.
  await tree.file('EFI/debian/grub.cfg', await grubConfig('debian-iso.cfg', architecture))
  const bios: string[] = []
  if (architecture === 'amd64') {
    const from = join(await unpack(packageFor(inputs, 'amd64', 'grub-pc-bin'), cache), 'usr/lib/grub/i386-pc')
    await makeDiscCore(from, join(work, 'eltorito.img'), tools)
    await tree.file('bootcfg/eltorito.img', await readFile(join(work, 'eltorito.img')))
    bios.push(
      '-b',
      'bootcfg/eltorito.img',
      '-no-emul-boot',
      '-boot-load-size',
      '4',
      '-boot-info-table',
      '--grub2-boot-info',
    )
    bios.push('--grub2-mbr', join(from, 'boot_hybrid.img'), '-eltorito-alt-boot')
  }
  const esp = join(work, 'iso-esp.fat')
  const efi = await emptyFolder(join(work, 'iso-esp'))
  await writeEfi(efi, parts, 'debian-iso.cfg')
  await makeFat(
    esp,
    efi,
    { bytes: ESP_BYTES, label: 'ESP', serial: '42434953', bits: 16, sectorsPerCluster: 2 },
    epoch,
    tools,
  )
  await setTimes(tree.folder, epoch)
  const uefi = [
    '-append_partition',
    '2',
    '0xef',
    esp,
    '-appended_part_as_gpt',
    '-e',
    '--interval:appended_partition_2:all::',
    '-no-emul-boot',
  ]
  const names = ['-V', 'BOOTCFG_ISO', '--gpt_disk_guid', DISK_ID, '-r', '-J']
  await tools.run('xorriso', '-no_rc', '-as', 'mkisofs', '-quiet', ...names, '-o', file, ...bios, ...uefi, tree.folder)
}
