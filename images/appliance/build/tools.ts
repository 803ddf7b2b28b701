/**
 * The programs whose output becomes part of the image. They come from pinned packages and run where they were unpacked, by
 * their own loader and with their own libraries: the bytes do not depend on what the building system has.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { type Input, unpack } from './inputs.ts'
import { run } from './run.ts'

const LIBRARIES = 'usr/lib/x86_64-linux-gnu'

export interface Tools {
  /** Runs one to its end. @returns what it wrote to standard output */
  run(program: string, ...args: readonly string[]): Promise<Buffer>
}

/** @param epoch - seconds since 1970: what these programs take for the time */
export async function openTools(inputs: readonly Input[], cache: string, epoch: number): Promise<Tools> {
  const packages = inputs.filter((input) => input.for === 'tools')
  const folders = await Promise.all(packages.map((input) => unpack(input, cache)))
  const loader = await findIn(folders, `${LIBRARIES}/ld-linux-x86-64.so.2`)
  const path = folders.flatMap((folder) => [LIBRARIES, 'lib/x86_64-linux-gnu'].map((below) => join(folder, below)))
  const gconv = await findIn(folders, `${LIBRARIES}/gconv`)
  const env = {
    LC_ALL: 'C',
    TZ: 'UTC',
    GCONV_PATH: gconv,
    MTOOLSRC: '/dev/null',
    MTOOLS_SKIP_CHECK: '1',
  }
  return {
    async run(program, ...args) {
      const file = await findIn(
        folders,
        ...['usr/bin', 'usr/sbin', 'bin', 'sbin'].map((below) => `${below}/${program}`),
      )
      // mksquashfs takes the time as an option, and not both.
      const time = program === 'mksquashfs' ? {} : { SOURCE_DATE_EPOCH: String(epoch) }
      return run([loader, '--argv0', program, '--library-path', path.join(':'), file, ...args], {
        env: { ...env, ...time },
      })
    },
  }
}

async function findIn(folders: readonly string[], ...paths: readonly string[]): Promise<string> {
  for (const folder of folders) {
    for (const path of paths) if (existsSync(join(folder, path))) return join(folder, path)
  }
  throw new Error(
    `no package among the tools has ${paths[0]}: add one to images/appliance/packages, then scripts/image lock`,
  )
}
