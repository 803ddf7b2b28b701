/**
 * The iPXE programs that machines in tests load: as scripts/get-firmware puts them, in .cache/firmware.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const ROOT = join(import.meta.dirname, '../..')
const FOLDER = join(ROOT, '.cache/firmware')

/** They cannot be had on this system, or not now. */
export class FirmwareUnavailable extends Error {
  override readonly name = 'FirmwareUnavailable'
}

/** Exit status of scripts/get-firmware for what is no fault of its own. */
const UNAVAILABLE = 3

/**
 * @returns the folder
 * @throws {FirmwareUnavailable} with what scripts/get-firmware says when the package cannot be had
 */
export async function fetchFirmware(): Promise<string> {
  const script = spawn(join(ROOT, 'scripts/get-firmware'), [FOLDER], { stdio: ['ignore', 'ignore', 'pipe'] })
  const [said, [status]] = await Promise.all([text(script.stderr), once(script, 'close')])
  if (status === UNAVAILABLE) throw new FirmwareUnavailable(said.trim())
  if (status !== 0) throw new Error(`get-firmware ended with status ${String(status)}: ${said}`)
  return FOLDER
}

/** `ipxe 1.21.1+git…`, of what was fetched. */
export function ipxeVersion(): string {
  return /^# for \S+: (.*)$/m.exec(readFileSync(join(FOLDER, '.from-debian'), 'utf8'))?.[1] ?? 'another ipxe'
}
