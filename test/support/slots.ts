/**
 * The file system of a slot, changed: systems that are signed and do not work.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { type CpioEntry, encodeCpio } from '../../images/lib/cpio.ts'
import { runTool } from './data-disk.ts'
import { temporaryFolder } from './site.ts'

export function withoutKernel(slot: Buffer): Buffer {
  return changed(slot, (file) => void runTool('mdel', ['-i', file, '::vmlinuz']))
}

/** The kernel works as before, and is not what Debian signed: a letter of the version that it carries is another one. */
export function withAlteredKernel(slot: Buffer): Buffer {
  return withFile(slot, 'vmlinuz', (kernel) => {
    const at = kernel.indexOf('(debian-kernel@lists.debian.org)')
    if (at < 0) throw new Error('the kernel does not say who built it')
    return Buffer.concat([kernel.subarray(0, at), Buffer.from('(D'), kernel.subarray(at + 2)])
  })
}

/** Files of the system that the kernel unpacks, or more of them: archives may follow one another, and the last one counts. */
export function withSystemFiles(slot: Buffer, entries: readonly CpioEntry[]): Buffer {
  return withFile(slot, 'system.img', (system) => Buffer.concat([system, encodeCpio(entries)]))
}

function withFile(slot: Buffer, name: string, change: (bytes: Buffer) => Buffer): Buffer {
  return changed(slot, (file, folder) => {
    const own = join(folder, name)
    runTool('mcopy', ['-i', file, `::${name}`, own])
    writeFileSync(own, change(readFileSync(own)))
    runTool('mcopy', ['-o', '-i', file, own, `::${name}`])
  })
}

/** @param change - of the file with the file system; a folder for its own files */
function changed(slot: Buffer, change: (file: string, folder: string) => void): Buffer {
  using folder = temporaryFolder()
  const file = join(folder.path, 'slot.fat')
  writeFileSync(file, slot)
  change(file, folder.path)
  return readFileSync(file)
}
