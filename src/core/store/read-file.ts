/**
 * Reading one file that an operator wrote, whole.
 */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

import { ConfigError, reasonOf } from '../errors.ts'

/**
 * @throws {ConfigError} `too-large`, or `unreadable` with the reason of the operating system
 */
export async function readFile(path: string, bytesMax: number): Promise<Buffer> {
  try {
    // A FIFO that nobody writes to would keep the opener waiting, and with it every load after this one.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const facts = await file.stat()
    if (!facts.isFile()) throw new ConfigError('unreadable', 'not a regular file')
    if (facts.size > bytesMax) {
      throw new ConfigError('too-large', `${facts.size} bytes, more than the ${bytesMax} of -max-file-bytes`)
    }
    return await file.readFile()
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new ConfigError('unreadable', `cannot be read: ${reasonOf(error)}`)
  }
}
