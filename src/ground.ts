/**
 * What commands stand on, made from the settings: the data directory, the key, the network.
 */
import { readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'

import type { AskedMachine } from './core/asked-machine.ts'
import { describe } from './core/configs.ts'
import { ConfigError, reasonOf } from './core/errors.ts'
import type { Explanation } from './core/explanation.ts'
import { openFirmware } from './core/firmware.ts'
import { type Group, type IsKnown, knownMachines } from './core/groups.ts'
import { type Log, printable } from './core/log.ts'
import type { Settings } from './core/settings.ts'
import { loadSigner, type Signer } from './core/signer.ts'
import type { Sources } from './core/store/load.ts'
import { readFile } from './core/store/read-file.ts'
import type { Snapshot } from './core/store/snapshot.ts'
import { openStore, type Store } from './core/store/store.ts'
import { TEMPLATE_LIMITS } from './core/template/template.ts'

export function version(): string {
  const file = new URL('../package.json', import.meta.url)
  const manifest: { version: string } = JSON.parse(readFileSync(file, 'utf8'))
  return manifest.version
}

export function sourcesOf(settings: Settings): Sources {
  return {
    groupsPath: settings.config,
    dataPath: settings['data-path'],
    fileBytesMax: settings['max-file-bytes'],
    editedOnWindows: settings.appliance !== undefined, // its data partition is edited in any computer
    templateLimits: { ...TEMPLATE_LIMITS, outputBytesMax: settings['max-output-bytes'] },
  }
}

/** @throws Error with one line for people, which names the flag */
export async function openStoreOrSay(sources: Sources, log: Log, starting?: AbortSignal): Promise<Store> {
  await mustBeDirectory(sources.dataPath, '-data-path')
  try {
    return await openStore(sources, log, undefined, starting)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new Error(`groups file (-config) ${describe(sources.groupsPath, error)}`, { cause: error })
  }
}

/** @throws Error with one line for people, which names the flag */
export async function openSigner(
  settings: Settings,
  passphrase: string | undefined,
  log: Log,
): Promise<Signer | undefined> {
  const path = settings['key-ring-path']
  if (path === '') return undefined
  const ring = await readFile(path, settings['max-file-bytes']).catch((error: unknown) => {
    throw new Error(`key ring (-key-ring-path) ${path}: ${reasonOf(error)}`, { cause: error })
  })
  const signer = await loadSigner(path, ring, passphrase, {
    signaturesMax: settings['max-signatures'],
    bytesMax: Infinity,
  })
  for (const warning of signer.warnings) log('signer.warning', { reason: printable(warning) })
  log('signer.loaded', { key: signer.keyId })
  return signer
}

/**
 * @param advice - what else can be done than to make the directory
 * @throws Error with one line for people
 */
export async function mustBeDirectory(path: string, flag: string, advice = ''): Promise<void> {
  const facts = await stat(path).catch((error: unknown) => {
    throw new Error(`${flag} ${path}: ${reasonOf(error)}${advice}`, { cause: error })
  })
  if (!facts.isDirectory()) throw new Error(`${flag} ${path}: not a directory${advice}`)
}

/** What the network-boot rooms need. Nothing of it is loaded before somebody asks. */
export async function openNetwork(settings: Settings, log: Log) {
  const { watchInterfaces } = await import('./net/watch-interfaces.ts')
  const firmware = await openFirmware(settings['firmware-path'], log)
  const interfaces = watchInterfaces(settings.net, log)
  return { firmware, interfaces, rooms: [firmware, interfaces] }
}

export type Network = Awaited<ReturnType<typeof openNetwork>>

/** For the address of an interface that is not there (RFC 5737). */
const STAND_IN_ADDRESS = '192.0.2.1'

/** @param network - absent: DHCP does not answer here, and is not explained */
export function explainer(
  settings: Settings,
  snapshot: () => Snapshot,
  network: Network | undefined,
): (machine: AskedMachine, httpPort: number) => Promise<Explanation> {
  const { advertise, answer, tftp, net, dhcp } = settings
  const isKnown = knownIn(snapshot)
  return async (machine, httpPort) => {
    const [iface] = network?.interfaces.current.values() ?? []
    const { explain } = await import('./explain.ts')
    return explain(machine, {
      snapshot: snapshot(),
      place: { advertise, address: iface?.address ?? STAND_IN_ADDRESS, port: httpPort },
      assumed: iface === undefined,
      assetsPath: settings['assets-path'],
      netboot:
        network === undefined || dhcp === 'off'
          ? undefined
          : { firmware: network.firmware, tftp, answer, isKnown, isOn: net.length > 0 },
    })
  }
}

/** Whether a group could be meant for a machine, by the groups that serve now. */
export function knownIn(snapshot: () => Snapshot): IsKnown {
  let groups: readonly Group[] = []
  let isKnown = knownMachines(groups)
  return (machine) => {
    const now = snapshot().groups.groups
    if (now !== groups) [groups, isKnown] = [now, knownMachines(now)]
    return isKnown(machine)
  }
}
