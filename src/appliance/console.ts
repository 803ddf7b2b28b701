/**
 * The console of the box: its text is written to a file when it has changed, once a second at most, and root's script puts it
 * on every screen. The edge of `screen.ts`.
 */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

import { reasonOf } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { screen, type View } from './screen.ts'
import { writeWhole } from './write-whole.ts'

const LOOK_MS = 1000

/**
 * Resolves when it was drawn for the first time, or could not be: then it is tried again.
 *
 * @returns what ends it
 */
export async function openConsole(path: string, look: () => View, log: Log): Promise<() => Promise<void>> {
  let drawn = ''
  let trouble = ''
  async function draw(): Promise<void> {
    const view = look()
    const state = JSON.stringify(view)
    if (state === drawn) return
    try {
      await mkdir(dirname(path), { recursive: true })
      await writeWhole(path, screen(view))
      ;[drawn, trouble] = [state, '']
    } catch (error) {
      const reason = reasonOf(error)
      if (reason !== trouble) log('appliance.screen-failed', { file: path, reason })
      trouble = reason
    }
  }
  await draw()
  let drawing = Promise.resolve()
  const timer = setInterval(() => void (drawing = drawing.then(draw)), LOOK_MS).unref()
  return async () => {
    clearInterval(timer)
    await drawing
  }
}
