/**
 * The door of the HTTP room: listens, and ends gracefully.
 */
import type { Firmware } from '../core/firmware.ts'
import type { Start } from '../core/module.ts'
import { buildApp, type HttpDeps, type HttpLimits, TIMEOUTS } from './app.ts'
import { laterAssets, openAssets } from './assets.ts'
import type { FirmwareFolder } from './file-routes.ts'
import { listen } from './listen.ts'
import { createPage } from './ui/page.ts'

export interface HttpConfig extends Omit<HttpLimits, keyof typeof TIMEOUTS>, Partial<typeof TIMEOUTS> {
  /** Directory served below `/assets/`; empty switches it off. */
  readonly assetsPath: string
  /** `host:port` each, the one that machines are told first; an empty host is every address, port 0 any free port. */
  readonly addresses: readonly string[]
  /** The status page shows no rendered configs. */
  readonly hidesBodies?: boolean
}

/** How long answers that are under way may go on after the stop was asked for. */
const GRACE_MS = 3000

export interface HttpRoomDeps extends Omit<HttpDeps, 'assets' | 'firmware' | 'slot' | 'page'> {
  /** Absent: `/firmware/` is not there. */
  readonly firmware?: Firmware | undefined
}

/** @throws Error with one line for people when an address cannot be listened on */
export const startHttp: Start<HttpConfig, HttpRoomDeps> = async (config, deps) => {
  const assets = config.assetsPath === '' ? undefined : await openAssets(config.assetsPath)
  const { appliance } = deps
  const isAppliance = appliance !== undefined
  const page = deps.status && createPage({ hidesBodies: config.hidesBodies ?? false, isAppliance })
  const slot = appliance && laterAssets(appliance.slotPath)
  const app = buildApp({ ...TIMEOUTS, ...config }, { ...deps, assets, firmware: folderOf(deps.firmware), slot, page })
  const listening = await listen(app, config.addresses)
  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    const deadline = setTimeout(() => app.server.closeAllConnections(), GRACE_MS)
    await listening.close()
    clearTimeout(deadline)
  }
  return { name: 'http', url: listening.url, failed: listening.failed, stop: () => (stopped ??= stop()) }
}

function folderOf(firmware: Firmware | undefined): FirmwareFolder | undefined {
  return firmware && { assets: laterAssets(firmware.path), has: (name) => firmware.files().has(name) }
}
