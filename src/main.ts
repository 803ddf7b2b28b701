/**
 * The front door: argv to settings, rooms started in order, supervised, stopped in reverse. The only file that knows
 * every room.
 */
import { readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'

import type { AskedMachine } from './core/asked-machine.ts'
import { checkDataDirectory, reportProblems } from './core/check-run.ts'
import { describe } from './core/configs.ts'
import { ConfigError, reasonOf } from './core/errors.ts'
import { formatExplanation } from './core/explanation-text.ts'
import type { Explanation } from './core/explanation.ts'
import { openFirmware } from './core/firmware.ts'
import { type Group, type IsKnown, knownMachines } from './core/groups.ts'
import { createJournal } from './core/journal.ts'
import { createLog, type Log, printable } from './core/log.ts'
import { type Running, stopAll, supervise } from './core/module.ts'
import { helpText, type Invocation, parseInvocation, type Settings, UsageError } from './core/settings.ts'
import { loadSigner, type Signer } from './core/signer.ts'
import type { Sources } from './core/store/load.ts'
import { readFile } from './core/store/read-file.ts'
import type { Snapshot } from './core/store/snapshot.ts'
import { openStore, type Store } from './core/store/store.ts'
import { TEMPLATE_LIMITS } from './core/template/template.ts'
import { startHttp } from './http/start.ts'

const EXIT = { ok: 0, failed: 1, usage: 2 } as const

/** A stop that hangs is no stop. */
const STOP_MAX_MS = 4500

async function main(): Promise<number> {
  let invocation: Invocation
  try {
    invocation = parseInvocation()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\nbootcfg -help lists the flags\n`)
    return EXIT.usage
  }
  const { command, settings, machine, passphrase } = invocation
  if (settings.help) return print(helpText())
  if (settings.version) return print(`bootcfg ${version()}\n`)
  if (command === 'check') return check(settings)
  return command === 'explain' ? explain(settings, machine) : serve(settings, passphrase)
}

function print(text: string): number {
  process.stdout.write(text)
  return EXIT.ok
}

function version(): string {
  const file = new URL('../package.json', import.meta.url)
  const manifest: { version: string } = JSON.parse(readFileSync(file, 'utf8'))
  return manifest.version
}

function sourcesOf(settings: Settings): Sources {
  return {
    groupsPath: settings.config,
    dataPath: settings['data-path'],
    fileBytesMax: settings['max-file-bytes'],
    templateLimits: { ...TEMPLATE_LIMITS, outputBytesMax: settings['max-output-bytes'] },
  }
}

async function check(settings: Settings): Promise<number> {
  const problems = await checkDataDirectory(sourcesOf(settings), settings['assets-path'])
  process.stdout.write(reportProblems(problems, settings.json))
  return problems.some((problem) => problem.severity === 'error') ? EXIT.failed : EXIT.ok
}

async function explain(settings: Settings, machine: AskedMachine): Promise<number> {
  const log: Log = Object.assign(() => {}, { flush: () => {} })
  const rooms: Running[] = []
  try {
    const store = await openStoreOrSay(sourcesOf(settings), log)
    rooms.push(store)
    const ground = await openGround(settings, log)
    rooms.push(...ground.rooms)
    const httpPort = Number(settings.address.slice(settings.address.lastIndexOf(':') + 1))
    const explanation = await explainer(settings, store.current, ground)(machine, httpPort)
    print(settings.json ? `${JSON.stringify(explanation, null, 2)}\n` : formatExplanation(explanation))
    return explanation.problems.length === 0 ? EXIT.ok : EXIT.failed
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return EXIT.failed
  } finally {
    await stopAll(rooms)
  }
}

async function serve(settings: Settings, passphrase: string | undefined): Promise<number> {
  const log = createLog({ level: settings['log-level'], pretty: process.stdout.isTTY })
  const stopping = new AbortController()
  const stopSignal = signalReceived(['SIGTERM', 'SIGINT']).then((signal) => {
    log('stopping', { signal })
    setTimeout(() => process.exit(EXIT.ok), STOP_MAX_MS).unref()
    stopping.abort()
  })
  // Without a handler the signal would end the process; a start reads everything anyway.
  let reload = (): unknown => undefined
  process.on('SIGHUP', () => reload())
  const rooms: Running[] = []
  try {
    if (settings['assets-path'] !== '') {
      await mustBeDirectory(settings['assets-path'], '-assets-path', "; -assets-path '' serves no assets")
    }
    const store = await openStoreOrSay(sourcesOf(settings), log, stopping.signal)
    rooms.push(store)
    reload = store.reload
    const signer = await signerOf(settings, passphrase, log)
    const ground = settings.net.length > 0 ? await openGround(settings, log) : undefined
    if (ground !== undefined) rooms.push(...ground.rooms)
    const http = await startHttp(
      {
        address: settings.address,
        assetsPath: settings['assets-path'],
        headerBytesMax: settings['max-header-bytes'],
        connectionsMax: settings['max-connections'],
      },
      {
        snapshot: store.current,
        signer,
        firmware: ground?.firmware,
        report: ground?.journal.report,
        explain: explainer(settings, store.current, ground),
        log,
      },
    )
    rooms.push(http)
    if (ground !== undefined) await startNetboot(settings, ground, store, http, rooms, log)
    log('ready', { url: http.url, version: version() })
    await supervise(rooms, stopSignal)
    log('stopped')
    return EXIT.ok
  } catch (error) {
    if (stopping.signal.aborted && rooms.length === 0) {
      log('stopped') // before it had begun
      return EXIT.ok
    }
    log('fatal', { reason: error instanceof Error ? error.message : String(error) })
    await stopAll(rooms)
    return EXIT.failed
  } finally {
    log.flush()
  }
}

/** What the network-boot rooms stand on. Only with -net; nothing of it is loaded otherwise. */
async function openGround(settings: Settings, log: Log) {
  const { watchInterfaces } = await import('./net/watch-interfaces.ts')
  const firmware = await openFirmware(settings['firmware-path'], log)
  const interfaces = watchInterfaces(settings.net, log)
  return { firmware, interfaces, journal: createJournal(), rooms: [firmware, interfaces] }
}

type Ground = Awaited<ReturnType<typeof openGround>>

/** DHCP last: nothing is offered that is not yet served. */
async function startNetboot(
  settings: Settings,
  { firmware, interfaces, journal }: Ground,
  store: Store,
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
    rooms.push(await startDhcp(config, { interfaces, firmware, isKnown: knownIn(store.current), journal, log }))
  }
}

/** For the address of an interface that is not there (RFC 5737). */
const STAND_IN_ADDRESS = '192.0.2.1'

/** @param ground - absent: DHCP does not answer here, and is not explained */
function explainer(
  settings: Settings,
  snapshot: () => Snapshot,
  ground: Ground | undefined,
): (machine: AskedMachine, httpPort: number) => Promise<Explanation> {
  const { advertise, answer, tftp, net, dhcp } = settings
  const isKnown = knownIn(snapshot)
  return async (machine, httpPort) => {
    const [iface] = ground?.interfaces.current.values() ?? []
    const { explain } = await import('./explain.ts')
    return explain(machine, {
      snapshot: snapshot(),
      place: { advertise, address: iface?.address ?? STAND_IN_ADDRESS, port: httpPort },
      assumed: iface === undefined,
      assetsPath: settings['assets-path'],
      netboot:
        ground === undefined || dhcp === 'off'
          ? undefined
          : { firmware: ground.firmware, tftp, answer, isKnown, isOn: net.length > 0 },
    })
  }
}

/** Whether a group could be meant for a machine, by the groups that serve now. */
function knownIn(snapshot: () => Snapshot): IsKnown {
  let groups: readonly Group[] = []
  let isKnown = knownMachines(groups)
  return (machine) => {
    const now = snapshot().groups.groups
    if (now !== groups) [groups, isKnown] = [now, knownMachines(now)]
    return isKnown(machine)
  }
}

/** Resolves with the first of these signals. Handlers are needed as pid 1, where the kernel has no default action. */
function signalReceived(signals: readonly NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of signals) process.on(signal, () => resolve(signal))
  })
}

async function openStoreOrSay(sources: Sources, log: Log, starting?: AbortSignal): Promise<Store> {
  await mustBeDirectory(sources.dataPath, '-data-path')
  try {
    return await openStore(sources, log, undefined, starting)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new Error(`groups file (-config) ${describe(sources.groupsPath, error)}`, { cause: error })
  }
}

async function signerOf(settings: Settings, passphrase: string | undefined, log: Log): Promise<Signer | undefined> {
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

/** @param advice - what else can be done than to make the directory */
async function mustBeDirectory(path: string, flag: string, advice = ''): Promise<void> {
  const facts = await stat(path).catch((error: unknown) => {
    throw new Error(`${flag} ${path}: ${reasonOf(error)}${advice}`, { cause: error })
  })
  if (!facts.isDirectory()) throw new Error(`${flag} ${path}: not a directory${advice}`)
}

process.exitCode = await main()
