/**
 * What a recorder is made with: the site that it may ask, its limits, and whom it tells.
 */
import type { Labels } from '../labels.ts'
import type { Spec } from '../specs.ts'
import type { Attempt } from './attempt.ts'

/** What the site has, asked when it is needed. */
export interface Site {
  readonly spec: (id: string) => Spec | undefined
  /** Names the group that all but matches, and what differs. May take a while. */
  readonly nearest: (labels: Labels) => string | undefined
  readonly isKnown: (machine: { mac: string; uuid: string | undefined }) => boolean
}

export interface RecorderLimits {
  /** The one heard of longest ago is forgotten. */
  readonly machinesMax: number
  readonly attemptsPerMachineMax: number
  readonly entriesPerAttemptMax: number
  /** Of all attempts that are over. */
  readonly historyBytesMax: number
  /** Of what machines were sent; 0 keeps none of it. */
  readonly sentBytesMax: number
}

export const LIMITS: RecorderLimits = {
  machinesMax: 10_000,
  attemptsPerMachineMax: 20,
  entriesPerAttemptMax: 200,
  historyBytesMax: 96 << 20,
  sentBytesMax: 16 << 20,
}

export interface RecorderEvents {
  /** An attempt has ended. It may go on after all, and end again. */
  readonly ended?: (attempt: Attempt) => void
  /** An attempt as it is to be kept; a later one of the same id is in place of it. */
  readonly save?: (stored: string) => void
}
