/**
 * The door of the room that knows the box: draws its console, says what it is, and leaves root's scripts requests.
 *
 * All of it goes by files below RUN. The server reads `facts`, `addresses`, `problems/`, `update` and `token`, which root
 * writes, and writes `app/screen` and `app/request/`, which root reads: nothing else passes between the two.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

import type { Appliance, Receipt, Upload } from '../core/appliance.ts'
import type { Boots } from '../core/boots/boots.ts'
import type { Log } from '../core/log.ts'
import type { ModuleState } from '../core/module-states.ts'
import type { Running } from '../core/module.ts'
import type { Problems } from '../core/problems.ts'
import { openConsole } from './console.ts'
import { receive } from './receive.ts'
import { toldByKernel, toldByRoot } from './told.ts'
import { Tries } from './tries.ts'

export interface ApplianceDeps {
  readonly boots: Pick<Boots, 'machines' | 'onChange'>
  readonly modules: () => readonly ModuleState[]
  /** Of the data directory. */
  readonly problems: Pick<Problems, 'current'>
  readonly version: string
  /** That people type. */
  readonly httpPort: number
  readonly log: Log
}

export interface ApplianceConfig {
  /** RUN: what the server and root's scripts tell each other. */
  readonly runPath: string
  readonly dataPath: string
}

/** Of the latest machines: more than the console has lines. */
const SHOWN = { offset: 0, limit: 24 }

const STAGED = 'updates/upload.bootcfg-update'
const INSTALLING: readonly string[] = ['checking', 'writing', 'verifying']

/** Resolves when the console has been drawn once, or cannot be. */
export async function startAppliance(
  { runPath, dataPath }: ApplianceConfig,
  { boots, modules, problems, version, httpPort, log }: ApplianceDeps,
): Promise<Running & Appliance> {
  function told() {
    const { token, ...byRoot } = toldByRoot(runPath)
    const all = [...byRoot.problems, ...ofDataDirectory(problems.current().errors)]
    return { token, facts: { version, hostname: hostname(), ...byRoot, problems: all, modules: modules() } }
  }

  let machines = boots.machines(SHOWN)
  let isStale = false
  const stopListening = boots.onChange(() => void (isStale = true))
  const closeConsole = await openConsole(
    join(runPath, 'app/screen'),
    () => {
      if (isStale) machines = boots.machines(SHOWN)
      isStale = false
      return { ...told(), httpPort, machines }
    },
    log,
  )

  async function request(name: string, content: string): Promise<void> {
    const part = join(runPath, 'app', `${name}.part`) // beside the folder: what is in it, root acts on
    await mkdir(join(runPath, 'app/request'), { recursive: true })
    await writeFile(part, content)
    await rename(part, join(runPath, 'app/request', name))
  }

  async function take(upload: Upload): Promise<Receipt> {
    const path = join(dataPath, STAGED)
    const receipt = await receive(upload, path)
    if (receipt.received) {
      await request('update', `${path}${upload.isForced ? ' force' : ''}\n`)
      log('appliance.update-received', { file: path, bytes: receipt.bytes })
    } else log('appliance.update-refused', { reason: receipt.reason })
    return receipt
  }

  const tries = new Tries()
  let isReceiving = false
  return {
    name: 'appliance',
    failed: new Promise<never>(() => {}),
    facts: () => ({ ...told().facts, ...toldByKernel() }),
    slotPath: join(runPath, 'slot'),
    admit(given, peer) {
      const admission = tries.admit(toldByRoot(runPath).token, given, peer, performance.now())
      if (admission !== 'admitted' && given !== undefined) log('appliance.token-wrong', { peer })
      return admission
    },
    async receive(upload) {
      if (isReceiving || INSTALLING.includes(toldByRoot(runPath).update.state)) {
        return { received: false, why: 'busy', reason: 'an update is on its way already: wait until it is done' }
      }
      isReceiving = true
      return take(upload).finally(() => (isReceiving = false))
    },
    async ask(what) {
      await request(what, '')
      log('appliance.asked', { reason: what })
    },
    async stop() {
      stopListening()
      await closeConsole()
    },
  }
}

function ofDataDirectory(errors: number): string[] {
  return errors === 0
    ? []
    : [`${errors} ${errors === 1 ? 'error' : 'errors'} in the data directory: the page names each`]
}
