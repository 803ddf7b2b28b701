/**
 * Files by which root's scripts, root's tool and the server tell each other something: nobody reads half of one.
 *
 * Not for what has to survive a power cut: nothing is synced.
 */
import { rename, writeFile } from 'node:fs/promises'

/** Readers of a folder leave names aside that end so. */
export const PART = '.part'

export async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}${PART}`, text)
  await rename(`${path}${PART}`, path)
}
