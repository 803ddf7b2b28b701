/**
 * The two files of a slot: Debian's kernel as it is signed, and `system.img`, which the kernel unpacks into memory.
 *
 *   system.img = zstd(cpio: /init, busybox, loop.ko, squashfs.ko) + cpio: base.sqfs, app.sqfs
 *
 * The second archive is not compressed once more, since what is in it is.
 *
 * @see the kernel's Documentation/driver-api/early-userspace/buffer-format.rst: archives may follow one another
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { constants, zstdCompressSync } from 'node:zlib'

import { type CpioEntry, encodeCpio, MODE, padded } from '../../lib/cpio.ts'
import type { ChosenModules } from './modules.ts'

const ZSTD_LEVEL = 19

export interface System {
  readonly kernel: Buffer
  readonly image: Buffer
}

/**
 * @param kernel - folder of the unpacked kernel package
 * @param files - squashfs files by the names that /init knows
 */
export async function makeSystem(
  kernel: string,
  busybox: string,
  modules: ChosenModules,
  files: Readonly<Record<string, string>>,
): Promise<System> {
  const first = encodeCpio(await firstFiles(busybox, modules))
  const second = encodeCpio(await Promise.all(Object.entries(files).map(([path, file]) => fileEntry(path, file))))
  const options = { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } }
  // The kernel skips the zeros between them.
  const image = Buffer.concat([padded(zstdCompressSync(first, options)), second])
  const boot = join(kernel, 'boot')
  const name = (await readdir(boot)).find((file) => file.startsWith('vmlinuz-'))
  if (name === undefined) throw new Error(`${boot} has no vmlinuz`)
  return { kernel: await readFile(join(boot, name)), image }
}

async function firstFiles(busybox: string, { modules }: ChosenModules): Promise<CpioEntry[]> {
  const moduleFile = async (name: string): Promise<CpioEntry[]> => {
    const module = modules.find((module) => module.name === name)
    if (module === undefined) return [] // built in
    if (module.depends.length > 0) {
      throw new Error(`${name} depends on ${module.depends.join()}, which /init does not load`)
    }
    return [await fileEntry(`${name}.ko`, module.file)]
  }
  return [
    ...['bin', 'dev', 'root'].map((path) => ({ path, mode: MODE.folder })),
    { path: 'dev/console', mode: MODE.characterDevice, device: [5, 1] },
    { path: 'bin/busybox', mode: MODE.program, bytes: await readFile(busybox) },
    { path: 'init', mode: MODE.program, bytes: await readFile(join(import.meta.dirname, '../root/init')) },
    ...(await moduleFile('loop')),
    ...(await moduleFile('squashfs')),
  ]
}

async function fileEntry(path: string, file: string): Promise<CpioEntry> {
  return { path, mode: MODE.file, bytes: await readFile(file) }
}
