/**
 * Changes variables of GRUB's environment block on the boot partition. The edge of `grub-env.ts`.
 */
import { open } from 'node:fs/promises'

import { ENV_BYTES, type Env, formatEnv, parseEnv } from './grub-env.ts'

/** How often GRUB starts a slot before it gives up. */
export const TRIES = '3'
/** GRUB starts the good slot. */
export const NOTHING_TRIED = { try: '', tries: '0' } as const

/** @returns nothing in it if the block is damaged: GRUB reads it that way as well */
export async function readEnv(path: string): Promise<Env> {
  await using file = await open(path)
  const block = Buffer.alloc(ENV_BYTES)
  const { bytesRead } = await file.read(block, 0, ENV_BYTES, 0)
  return parseEnv(block.subarray(0, bytesRead)) ?? new Map()
}

/**
 * On the disk when it resolves. The file is overwritten where it is: GRUB knows its sectors, and its size must not change.
 *
 * @returns whether anything was different
 */
export async function changeEnv(path: string, changes: Readonly<Record<string, string>>): Promise<boolean> {
  const before = await readEnv(path)
  if (Object.entries(changes).every(([name, value]) => before.get(name) === value)) return false
  await using file = await open(path, 'r+')
  const block = formatEnv(new Map([...before, ...Object.entries(changes)]))
  const { bytesWritten } = await file.write(block, 0, ENV_BYTES, 0)
  if (bytesWritten !== ENV_BYTES) throw new Error(`${path}: only ${bytesWritten} of ${ENV_BYTES} bytes were written`)
  await file.sync()
  return true
}
