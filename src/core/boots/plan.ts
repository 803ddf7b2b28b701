/**
 * What a machine will fetch once it has its script, by the spec that the script was made of: so it can be told how far it
 * is, and when it has everything. Pure.
 */
import type { Purpose } from '../journal.ts'
import type { Spec } from '../specs.ts'
import type { Entry } from './attempt.ts'
import { shown } from './shown.ts'

export interface Plan {
  /** Kernel and initrds that come from here, as entries name them, in the order of the script: `/assets/vmlinuz`. */
  readonly files: readonly string[]
  /** Those that come from elsewhere, as the spec names them. */
  readonly elsewhere: readonly string[]
  /** An Ignition or cloud config is there for it to ask for. */
  readonly config: boolean
}

export function planOf({ boot, ignitionId, cloudId }: Spec): Plan {
  const files: string[] = []
  const elsewhere: string[] = []
  for (const line of [boot?.kernel ?? '', ...(boot?.initrd ?? [])]) {
    const url = urlIn(line)
    const file = assetIn(url)
    if (file !== undefined) files.push(file)
    else if (url !== '') elsewhere.push(shown(url))
  }
  return { files, elsewhere, config: ignitionId !== '' || cloudId !== '' }
}

const plans = new WeakMap<Spec, Plan>()

/** The same, made once for each spec. */
export function planFor(spec: Spec | undefined, purpose: Purpose): Plan | undefined {
  if (spec === undefined) return undefined
  const plan = plans.get(spec) ?? planOf(spec)
  plans.set(spec, plan)
  // Pixiecore fetches for the machine.
  return purpose === 'pixiecore' ? { files: [], elsewhere: ['Its kernel'], config: plan.config } : plan
}

/** Of the kernel and the initrds those that were not sent whole. */
export function missingOf({ files }: Plan, entries: readonly Entry[]): readonly string[] {
  return files.filter((file) => !entries.some((entry) => isWhole(entry, file)))
}

function isWhole({ kind, outcome, file, bytes, totalBytes }: Entry, wanted: string): boolean {
  return kind === 'download' && outcome === 'ok' && file === wanted && bytes === totalBytes
}

/** An initrd may stand behind options: `--name main http://…`. */
function urlIn(line: string): string {
  const words = line.split(/\s+/)
  return words.find((word) => word.includes('/')) ?? words.find((word) => word !== '') ?? ''
}

/** Paths are relative to the script, which is at the root. A host is taken for ours: it has many names. */
const ASSET = /^(?:https?:\/\/[^/]+\/|\$\{cwd?uri\}\/?|\/)?((?:assets|appliance)\/[^?#]*)/

function assetIn(url: string): string | undefined {
  const path = ASSET.exec(url)?.[1]
  return path === undefined ? undefined : shown(`/${decodePath(path)}`)
}

/** As people write it; what is no proper escape stays. */
export function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
