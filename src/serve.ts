/**
 * The server: rooms started in order, supervised, stopped in reverse. The list of rooms is here.
 *
 *   store, problems, boots, webhook    what is served, what is wrong with it, what machines did
 *   firmware, interfaces               with -net
 *   http, tftp, dhcp                   DHCP last: nothing is offered that is not yet served
 */
import { becomeUser } from './become-user.ts'
import { type Boots, openBoots } from './core/boots/boots.ts'
import { LIMITS } from './core/boots/recorder-options.ts'
import { ConfigError } from './core/errors.ts'
import { createJournal, type Journal } from './core/journal.ts'
import { createLog, type Log } from './core/log.ts'
import { closest, describeLost } from './core/match-story.ts'
import { type Wanted, moduleStates } from './core/module-states.ts'
import { type Running, stopAll, supervise } from './core/module.ts'
import { watchProblems } from './core/problems.ts'
import type { Settings } from './core/settings.ts'
import type { Store } from './core/store/store.ts'
import type { DhcpDeps } from './dhcp/start.ts'
import {
  explainer,
  knownIn,
  mustBeDirectory,
  type Network,
  openNetwork,
  openSigner,
  openStoreOrSay,
  sourcesOf,
  version,
} from './ground.ts'
import { startHttp } from './http/start.ts'

/** A stop that hangs is no stop. */
const STOP_MAX_MS = 4500

/** @returns whether it ended because it was asked to */
export async function serve(settings: Settings, passphrase: string | undefined): Promise<boolean> {
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

async function startBoots(
  settings: Settings,
  store: Store,
  journal: Journal,
  rooms: Running[],
  log: Log,
): Promise<Boots> {
  const site = {
    spec: (id: string) => {
      const spec = store.current().specs.get(id)?.spec
      return spec instanceof ConfigError ? undefined : spec
    },
    nearest: (labels: ReadonlyMap<string, string>) => {
      const lost = closest(store.current().groups.groups, labels)
      return lost && describeLost(lost)
    },
    isKnown: knownIn(store.current),
  }
  const limits = {
    ...LIMITS,
    machinesMax: settings['max-machines'],
    historyBytesMax: settings['max-history-bytes'],
  }
  const boots = await openBoots({ journal, site, log, statePath: settings['state-path'], limits })
  rooms.push(boots)
  if (settings.webhook !== undefined) {
    const { startWebhook } = await import('./http/webhook.ts')
    rooms.push(startWebhook(settings.webhook, { boots, version: version(), log }))
  }
  return boots
}

type Privileged = DhcpDeps['advertiser']

/** What only root may open, for one who goes on as another user. */
async function openBeforeOthers({ net, dhcp, ra, user }: Settings, log: Log): Promise<Privileged> {
  if (user === undefined || net.length === 0 || dhcp === 'off') return undefined
  const { openPrivileged } = await import('./dhcp/start.ts')
  return openPrivileged({ routerAdvertisements: ra }, log)
}

async function startNetboot(
  settings: Settings,
  { firmware, interfaces, advertiser }: Network & { readonly advertiser: Privileged },
  store: Store,
  journal: Journal,
  http: Running,
  rooms: Running[],
  log: Log,
): Promise<void> {
  const place = { advertise: settings.advertise, httpPort: Number(new URL(http.url!).port || 80) }
  if (settings.tftp) {
    const { startTftp } = await import('./tftp/start.ts')
    const limits = {
      transfersMax: settings['max-transfers'],
      transfersPerAddressMax: settings['max-transfers-per-address'],
      blockBytesMax: settings['max-block-bytes'],
    }
    rooms.push(await startTftp({ ...place, ...limits }, { interfaces, firmware, journal, log }))
  }
  if (settings.dhcp === 'proxy') {
    const { startDhcp } = await import('./dhcp/start.ts')
    const config = { ...place, answer: settings.answer, routerAdvertisements: settings.ra }
    const isKnown = knownIn(store.current)
    rooms.push(await startDhcp(config, { interfaces, firmware, isKnown, journal, log, advertiser }))
  }
}

function wantedModules({ net, tftp, dhcp }: Settings): Wanted[] {
  const withoutNet = net.length === 0 ? 'without -net' : undefined
  return [
    { name: 'http' },
    { name: 'tftp', off: withoutNet ?? (tftp ? undefined : '-tftp off') },
    { name: 'dhcp', off: withoutNet ?? (dhcp === 'off' ? '-dhcp off' : undefined) },
  ]
}
