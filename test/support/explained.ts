/**
 * Explanations for tests: of a site in a folder, whose firmware is below `firmware/` and whose assets are below `assets/`.
 */
import { join } from 'node:path'

import { type AskedMachine, parseAskedMachine } from '../../src/core/asked-machine.ts'
import type { Explanation } from '../../src/core/explanation.ts'
import { type Firmware, openFirmware } from '../../src/core/firmware.ts'
import { knownMachines } from '../../src/core/groups.ts'
import type { Snapshot } from '../../src/core/store/snapshot.ts'
import { explain, type ExplainedSite } from '../../src/explain.ts'
import { memoryLog, snapshotOf } from './site.ts'

type Netboot = NonNullable<ExplainedSite['netboot']>

export interface Options {
  readonly place?: Partial<ExplainedSite['place']>
  readonly netboot?: Partial<Netboot>
}

/** The machine that these texts name. */
export function asked(given: Parameters<typeof parseAskedMachine>[0]): AskedMachine {
  const parsed = parseAskedMachine(given)
  if (!('machine' in parsed)) throw new Error(JSON.stringify(parsed.problems))
  return parsed.machine
}

/** As it is now: it does not follow what changes. */
async function firmwareIn(folder: string): Promise<Firmware> {
  const firmware = await openFirmware(join(folder, 'firmware'), memoryLog())
  await firmware.stop()
  return firmware
}

export async function siteIn(folder: string, { place, netboot }: Options = {}): Promise<ExplainedSite> {
  const snapshot: Snapshot = await snapshotOf(folder)
  const firmware = await firmwareIn(folder)
  const isKnown = knownMachines(snapshot.groups.groups)
  return {
    snapshot,
    place: { advertise: undefined, address: '10.9.0.2', port: 8080, ...place },
    assumed: false,
    assetsPath: join(folder, 'assets'),
    netboot: { firmware, tftp: true, answer: 'all', isKnown, isOn: true, ...netboot },
  }
}

export async function explainIn(
  folder: string,
  given: Parameters<typeof parseAskedMachine>[0],
  options?: Options,
): Promise<Explanation> {
  return explain(asked(given), await siteIn(folder, options))
}
