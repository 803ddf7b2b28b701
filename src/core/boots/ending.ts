/**
 * What tells that a boot has come to its end, good or bad. Pure.
 */
import type { Entry, Stage } from './attempt.ts'
import { missingOf } from './plan.ts'
import { type Facts, isConfig, loopOf } from './story.ts'

/** Answers that leave a machine nothing to go on with, though it may ask again. */
const FATAL: ReadonlySet<Entry['kind']> = new Set(['offer', 'ipxe', 'ignition', 'cloud'])

/** Nothing can follow this by itself. */
export function isFatal({ kind, outcome, file }: Entry, { stage, entries, plan }: Facts): boolean {
  if (kind === 'read' || kind === 'discover' || (kind === 'offer' && outcome === 'ok')) {
    return stage === 'firmware' && loopOf(entries) !== undefined
  }
  if (outcome !== 'failed') return false
  if (kind === 'download') return file !== undefined && plan?.files.includes(file) === true
  return FATAL.has(kind)
}

/** It has its config with this, or else everything that it would fetch. */
export function isComplete({ kind, outcome }: Entry, facts: Facts): boolean {
  return (outcome === 'ok' && isConfig(kind)) || hasEverything(facts)
}

function hasEverything({ plan, entries }: Facts): boolean {
  if (plan === undefined || plan.config || plan.elsewhere.length > 0 || plan.files.length === 0) return false
  return missingOf(plan, entries).length === 0
}

/** It fetches from elsewhere, where nobody here can see it, and there is no config that it would ask for. */
export function isHandedOver({ stage, plan }: Facts): boolean {
  return stage !== 'dhcp' && plan !== undefined && plan.elsewhere.length > 0 && !plan.config
}

/**
 * How long a machine may say nothing before it is given up. UEFI waits 32 s between two DISCOVERs; a machine that starts
 * iPXE may have a slow switch port and no IPv6 router; one that starts Linux, many disks and network cards.
 */
export const SILENCE_MS: Record<Stage, number> = {
  dhcp: 60_000,
  firmware: 90_000,
  script: 60_000,
  kernel: 300_000,
  config: 300_000,
  done: 0,
}
