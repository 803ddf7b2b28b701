/**
 * A door of the HTTP room for who only wants to know: what a GET would be answered, without a socket and without a trace.
 */
import { reasonOf } from '../core/errors.ts'
import type { Firmware } from '../core/firmware.ts'
import type { Snapshot } from '../core/store/snapshot.ts'
import { AUTOEXEC } from '../core/urls.ts'
import { parseAsk } from './ask.ts'
import { type AssetFile, AssetFolder } from './asset-file.ts'
import { autoexec, ROUTES } from './routes.ts'
import { bytesOf } from './send.ts'

export interface HttpExchange {
  /** Path and query. */
  readonly target: string
  readonly status: number
  readonly type: string
  readonly body: Uint8Array
  /** Why it is an error, in one line. */
  readonly reason: string | undefined
  /** It is an error about something that is configured. */
  readonly fails: boolean
}

/** In the order of a boot. */
const PATHS: ReadonlySet<string> = new Set(['/boot.ipxe', '/ipxe', '/ignition', '/cloud', '/metadata'])

/** Not a label is said where this is asked for. */
const WITHOUT_QUERY = '/boot.ipxe'

/**
 * @param query - with the machine's labels, raw
 * @param authority - host and port, by which the machine knows this server
 */
export function explainHttp(snapshot: Snapshot, query: string, authority: string): HttpExchange[] {
  return ROUTES.filter(([path]) => PATHS.has(path)).map(([path, , route]) => {
    const target = path === WITHOUT_QUERY || query === '' ? path : `${path}?${query}`
    const answer = route(snapshot, parseAsk(target, ['host', authority]))
    const { status, type, reason, unconfigured = false } = answer
    return { target, status, type, body: bytesOf(answer), reason, fails: status !== 200 && !unconfigured }
  })
}

/** What keeps a file from being sent, in one line. */
interface Refused {
  readonly reason: string
}

/**
 * A file of the firmware folder, or the script beside it.
 *
 * @param name - as it is in a URL, behind `/firmware/`
 */
export async function explainFirmware(name: string, firmware: Firmware): Promise<{ bytes: Uint8Array } | Refused> {
  if (name === AUTOEXEC && !firmware.files().has(AUTOEXEC)) return { bytes: bytesOf(autoexec()) }
  return withFile(firmware.path, name, async ({ handle }) => ({ bytes: await handle.readFile() }))
}

/**
 * How large a file below `/assets/` is.
 *
 * @param path - as it is in a URL, behind `/assets/`
 */
export async function explainAsset(path: string, assetsPath: string): Promise<{ size: number } | Refused> {
  return withFile(assetsPath, path, async ({ stats }) => ({ size: Number(stats.size) }))
}

async function withFile<T>(folder: string, path: string, use: (file: AssetFile) => Promise<T>): Promise<T | Refused> {
  const file = await AssetFolder.later(folder).openFile(path)
  if ('status' in file) return { reason: file.problem ?? 'not there' }
  try {
    return await use(file)
  } catch (error) {
    return { reason: reasonOf(error) }
  } finally {
    await file.handle.close().catch(() => {}) // nothing was written that could be lost
  }
}
