/**
 * The server: rooms started in order, supervised, stopped in reverse. The list of rooms is here; `rooms.ts` starts each.
 *
 *   store, problems, boots, webhook    what is served, what is wrong with it, what machines did
 *   firmware, interfaces               with -net
 *   appliance                          with -appliance
 *   http, tftp, dhcp                   DHCP last: nothing is offered that is not yet served
 */
import { becomeUser } from './become-user.ts'
import { createJournal } from './core/journal.ts'
import { createLog } from './core/log.ts'
import { moduleStates } from './core/module-states.ts'
import { type Running, stopAll, supervise } from './core/module.ts'
import { watchProblems } from './core/problems.ts'
import type { Settings } from './core/settings.ts'
import { tuneEngine } from './engine.ts'
import { explainer, mustBeDirectory, openNetwork, openSigner, openStoreOrSay, sourcesOf, version } from './ground.ts'
import { startHttp } from './http/start.ts'
import { openBeforeOthers, startBoots, startBox, startNetboot, wantedModules } from './rooms.ts'

/** A stop that hangs is no stop. */
const STOP_MAX_MS = 4500

/** @returns whether it ended because it was asked to */
export async function serve(settings: Settings, passphrase: string | undefined): Promise<boolean> {
  tuneEngine()
  const log = createLog({ level: settings['log-level'], pretty: process.stdout.isTTY })
  const stopping = new AbortController()
  const stopSignal = signalReceived(['SIGTERM', 'SIGINT']).then((signal) => {
    log('stopping', { signal })
    setTimeout(() => process.exit(0), STOP_MAX_MS).unref()
    stopping.abort()
  })
  // Without a handler the signal would end the process; a start reads everything anyway.
  let reload = (): unknown => undefined
  process.on('SIGHUP', () => reload())
  const rooms: Running[] = []
  try {
    const advertiser = await openBeforeOthers(settings, log)
    if (settings.user !== undefined) becomeUser(settings.user)
    if (settings['assets-path'] !== '') {
      await mustBeDirectory(settings['assets-path'], '-assets-path', "; -assets-path '' serves no assets")
    }
    const store = await openStoreOrSay(sourcesOf(settings), log, stopping.signal)
    rooms.push(store)
    reload = store.reload
    const signer = await openSigner(settings, passphrase, log)
    const journal = createJournal()
    const boots = await startBoots(settings, store, journal, rooms, log)
    const problems = watchProblems(store, sourcesOf(settings), settings['assets-path'])
    rooms.push(problems)
    const network = settings.net.length > 0 ? await openNetwork(settings, log) : undefined
    if (network !== undefined) rooms.push(...network.rooms)
    const modules = () => moduleStates(wantedModules(settings), rooms)
    const appliance = await startBox(settings, { boots, modules, problems }, rooms, log)
    const http = await startHttp(
      {
        addresses: settings.address,
        assetsPath: settings['assets-path'],
        headerBytesMax: settings['max-header-bytes'],
        connectionsMax: settings['max-connections'],
        hidesBodies: settings['hide-bodies'],
      },
      {
        snapshot: store.current,
        signer,
        firmware: network?.firmware,
        appliance,
        report: journal.report,
        status: { boots, problems, store, modules, version: version(), listen: journal.listen },
        explain: explainer(settings, store.current, network),
        log,
      },
    )
    rooms.push(http)
    if (network !== undefined)
      await startNetboot(settings, { ...network, advertiser }, store, journal, http, rooms, log)
    log('ready', { url: http.url, version: version() })
    await supervise(rooms, stopSignal)
    log('stopped')
    return true
  } catch (error) {
    if (stopping.signal.aborted && rooms.length === 0) {
      log('stopped') // before it had begun
      return true
    }
    log('fatal', { reason: error instanceof Error ? error.message : String(error) })
    await stopAll(rooms)
    return false
  } finally {
    log.flush()
  }
}

/** Resolves with the first of these signals. Handlers are needed as pid 1, where the kernel has no default action. */
function signalReceived(signals: readonly NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of signals) process.on(signal, () => resolve(signal))
  })
}
