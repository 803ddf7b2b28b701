/**
 * The door of the HTTP room: listens, and ends gracefully.
 */
import type { Server } from 'node:http'

import { errorCode, reasonOf } from '../core/errors.ts'
import type { Firmware } from '../core/firmware.ts'
import type { Start } from '../core/module.ts'
import { holderOf } from '../net/port-holder.ts'
import { buildApp, type HttpDeps, type HttpLimits, TIMEOUTS } from './app.ts'
import { firmwareAssets, openAssets } from './assets.ts'
import type { FirmwareFolder } from './file-routes.ts'
import { createPage } from './ui/page.ts'

export interface HttpConfig extends Omit<HttpLimits, keyof typeof TIMEOUTS>, Partial<typeof TIMEOUTS> {
  /** Directory served below `/assets/`; empty switches it off. */
  readonly assetsPath: string
  /** `host:port`; an empty host is every address, port 0 any free port. */
  readonly address: string
  /** The status page shows no rendered configs. */
  readonly hidesBodies?: boolean
}

/** How long answers that are under way may go on after the stop was asked for. */
const GRACE_MS = 3000

export interface HttpRoomDeps extends Omit<HttpDeps, 'assets' | 'firmware' | 'page'> {
  /** Absent: `/firmware/` is not there. */
  readonly firmware?: Firmware | undefined
}

/** @throws Error with one line for people when the address cannot be listened on */
export const startHttp: Start<HttpConfig, HttpRoomDeps> = async (config, deps) => {
  const assets = config.assetsPath === '' ? undefined : await openAssets(config.assetsPath)
  const page = deps.status && createPage({ hidesBodies: config.hidesBodies ?? false })
  const app = buildApp({ ...TIMEOUTS, ...config }, { ...deps, assets, firmware: folderOf(deps.firmware), page })
  const { host, port } = splitAddress(config.address)
  try {
    await app.listen({ ...(host === '' ? {} : { host }), port })
  } catch (error) {
    throw new Error(await listenProblem(config.address, host, port, error), { cause: error })
  }
  const { promise: failed, reject } = Promise.withResolvers<never>()
  failed.catch(() => {}) // whoever supervises sees it; nobody has to
  app.server.on('error', reject)
  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    const deadline = setTimeout(() => app.server.closeAllConnections(), GRACE_MS)
    await app.close()
    clearTimeout(deadline)
  }
  return {
    name: 'http',
    url: `http://${displayHost(host)}:${boundPort(app.server)}`,
    failed,
    stop: () => (stopped ??= stop()),
  }
}

function folderOf(firmware: Firmware | undefined): FirmwareFolder | undefined {
  return firmware && { assets: firmwareAssets(firmware.path), has: (name) => firmware.files().has(name) }
}

function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon).replaceAll(/[[\]]/g, ''), port: Number(address.slice(colon + 1)) }
}

/** The port, also where any was asked for. */
function boundPort(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('not listening on a port')
  return address.port
}

function displayHost(host: string): string {
  if (host === '' || host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

async function listenProblem(address: string, host: string, port: number, error: unknown): Promise<string> {
  const code = errorCode(error)
  const advice =
    code === 'EADDRINUSE'
      ? `${(await holderOf('tcp', host, port)) ?? 'another program'} listens there: stop it, or choose another address with -address`
      : code === 'EACCES'
        ? 'ports below 1024 need root or CAP_NET_BIND_SERVICE: grant it, or choose another port with -address'
        : code === 'EADDRNOTAVAIL'
          ? 'no interface of this machine has that address: correct -address'
          : reasonOf(error)
  return `cannot listen on ${address}: ${advice}`
}
