/**
 * The door of the TFTP room: a read-only service on every interface that is in use.
 */
import type { Start } from '../core/module.ts'
import type { Interfaces } from '../net/interfaces.ts'
import { openPerInterface } from '../net/per-interface.ts'
import type { TftpConfig, TftpDeps } from './config.ts'
import { Server } from './server.ts'

/** @throws Error with one line for people when the port cannot be had on an interface that is in use */
export const startTftp: Start<TftpConfig, TftpDeps & { readonly interfaces: Interfaces }> = async (config, deps) => {
  const { promise: failed, reject } = Promise.withResolvers<never>()
  failed.catch(() => {}) // whoever supervises sees it; nobody has to
  const server = new Server(config, deps, reject)
  const { interfaces, log } = deps
  const listening = await openPerInterface(interfaces, (on, gone) => server.listen(on, gone), log).catch(
    (error: unknown) => {
      server.stop()
      throw error
    },
  )
  let stopped: Promise<void> | undefined
  async function stop(): Promise<void> {
    await listening.stop()
    server.stop()
  }
  return { name: 'tftp', failed, troubles: () => listening.troubles(), stop: () => (stopped ??= stop()) }
}
