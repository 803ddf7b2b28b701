/**
 * What each room is started with: settings and other rooms, put into the words of its door.
 *
 * Rooms that may be switched off are loaded when they are wanted.
 */
import type { ApplianceDeps } from './appliance/start.ts'
import type { Appliance } from './core/appliance.ts'
import { type Boots, openBoots } from './core/boots/boots.ts'
import { LIMITS } from './core/boots/recorder-options.ts'
import { ConfigError } from './core/errors.ts'
import type { Journal } from './core/journal.ts'
import type { Log } from './core/log.ts'
import { closest, describeLost } from './core/match-story.ts'
import type { Wanted } from './core/module-states.ts'
import type { Running } from './core/module.ts'
import { portOf, type Settings } from './core/settings.ts'
import type { Store } from './core/store/store.ts'
import type { DhcpDeps } from './dhcp/start.ts'
import { knownIn, type Network, version } from './ground.ts'

export async function startBoots(
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
    ...(settings['hide-bodies'] && { sentBytesMax: 0 }),
  }
  const boots = await openBoots({ journal, site, log, statePath: settings['state-path'], limits })
  rooms.push(boots)
  if (settings.webhook !== undefined) {
    const { startWebhook } = await import('./http/webhook.ts')
    rooms.push(startWebhook(settings.webhook, { boots, version: version(), log }))
  }
  return boots
}

/** Inside the appliance: its console, and what the page may ask of the box. */
export async function startBox(
  settings: Settings,
  deps: Pick<ApplianceDeps, 'boots' | 'modules' | 'problems'>,
  rooms: Running[],
  log: Log,
): Promise<Appliance | undefined> {
  if (settings.appliance === undefined) return undefined
  const { startAppliance } = await import('./appliance/start.ts')
  const box = await startAppliance(
    { runPath: settings.appliance, dataPath: settings['data-path'] },
    { ...deps, version: version(), httpPort: portOf(settings.address[0]!), log },
  )
  rooms.push(box)
  return box
}

type Privileged = DhcpDeps['advertiser']

/** What only root may open, for one who goes on as another user. */
export async function openBeforeOthers({ net, dhcp, ra, user }: Settings, log: Log): Promise<Privileged> {
  if (user === undefined || net.length === 0 || dhcp === 'off') return undefined
  const { openPrivileged } = await import('./dhcp/start.ts')
  return openPrivileged({ routerAdvertisements: ra }, log)
}

export async function startNetboot(
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

export function wantedModules({ net, tftp, dhcp }: Settings): Wanted[] {
  const withoutNet = net.length === 0 ? 'without -net' : undefined
  return [
    { name: 'http' },
    { name: 'tftp', off: withoutNet ?? (tftp ? undefined : '-tftp off') },
    { name: 'dhcp', off: withoutNet ?? (dhcp === 'off' ? '-dhcp off' : undefined) },
  ]
}
