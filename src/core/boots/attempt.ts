/**
 * Attempts of machines to boot, as the recorder keeps them, the API gives them and the state file holds them.
 *
 * Everything in here is text that can be shown: printable ASCII of limited length. Times within an attempt are
 * milliseconds since its start.
 */

/** `seen`: asked only for something, and no boot that could be judged has begun. */
export const STATES = ['booting', 'booted', 'failed', 'seen'] as const
export type State = (typeof STATES)[number]

/** How far a boot came, in their order. */
export const STAGES = ['dhcp', 'firmware', 'script', 'kernel', 'config', 'done'] as const
export type Stage = (typeof STAGES)[number]

export interface Diagnosis {
  /** Never changes its meaning; docs/troubleshooting.md has a paragraph for each. */
  readonly code: string
  /** What happened, in a sentence. */
  readonly text: string
  /** What to do; empty if nothing. */
  readonly advice: string
}

export const KINDS = [
  'discover',
  'offer',
  'ask-4011',
  'read',
  'autoexec',
  'script',
  'ipxe',
  'download',
  'ignition',
  'cloud',
  'metadata',
  'signature',
  'other',
  'note',
] as const

export const VIAS = ['dhcp', 'tftp', 'http', 'wire'] as const
export const OUTCOMES = ['ok', 'going', 'failed', 'probe'] as const

/** One bar of the waterfall. */
export interface Entry {
  readonly kind: (typeof KINDS)[number]
  readonly via: (typeof VIAS)[number]
  /** `snponly.efi`, `/ipxe`, `DISCOVER` … */
  readonly title: string
  readonly startMs: number
  /** `null` while it goes on. */
  readonly durationMs: number | null
  readonly outcome: (typeof OUTCOMES)[number]
  readonly bytes?: number | undefined
  readonly totalBytes?: number | undefined
  readonly blockBytes?: number | undefined
  readonly window?: number | undefined
  /** Blocks of TFTP sent more than once. */
  readonly resent?: number | undefined
  readonly status?: number | undefined
  /** Of the text that was sent: the first 16 digits of its SHA-256. */
  readonly body?: string | undefined
  readonly group?: string | undefined
  readonly spec?: string | undefined
  readonly reason?: string | undefined
  readonly architecture?: string | undefined
  /** That was offered or sent: a name below the firmware folder, a path, or a URL. */
  readonly file?: string | undefined
  readonly iface?: string | undefined
  /** How often it happened in a row, if more than once. */
  readonly count?: number | undefined
}

export interface AttemptSummary {
  readonly id: string
  /** Of the machine: its MAC, or `address:` and its address while nobody knows the MAC. */
  readonly mac: string
  readonly state: State
  readonly stage: Stage
  /** ISO 8601, UTC. */
  readonly startedAt: string
  readonly endedAt: string | null
  /** Up to now while it goes on. */
  readonly durationMs: number
  readonly diagnosis: Diagnosis
  readonly group: string | null
  readonly spec: string | null
  readonly architecture: string | null
  /** Of kernel and initrds. */
  readonly bytes: number
  /** `null` while the size of one of them is unknown. */
  readonly totalBytes: number | null
}

export interface Attempt extends AttemptSummary {
  readonly entries: readonly Entry[]
  readonly labels: Readonly<Record<string, string>>
  readonly uuid: string | null
  readonly address: string | null
  /** There were more entries than are kept. */
  readonly truncated: boolean
}

export interface MachineSummary {
  readonly mac: string
  readonly uuid: string | null
  readonly address: string | null
  readonly hostname: string | null
  readonly group: string | null
  readonly spec: string | null
  /** Some group could be meant for it: one requires its MAC or UUID. */
  readonly known: boolean
  readonly lastSeenAt: string
  readonly last: AttemptSummary | null
}

export interface Machine extends MachineSummary {
  readonly labels: Readonly<Record<string, string>>
  /** The latest first. */
  readonly attempts: readonly AttemptSummary[]
}

/** Whether a stage lies beyond another. */
export function isBeyond(stage: Stage, other: Stage): boolean {
  return STAGES.indexOf(stage) > STAGES.indexOf(other)
}

export function summaryOf(attempt: Attempt): AttemptSummary {
  const { entries: _entries, labels: _labels, uuid: _uuid, address: _address, truncated: _truncated, ...rest } = attempt
  return rest
}
