/**
 * An attempt as it is written to the state file and packed: what is shown of it, and what it takes to go on with it.
 */
import { z } from 'zod'

import { type Attempt, KINDS, OUTCOMES, STAGES, STATES, VIAS } from './attempt.ts'
import { LiveAttempt } from './live.ts'

const count = z.number().nonnegative()
const text = z.string().max(1000)
const textOrNull = text.nullable()

const entry = z.object({
  kind: z.enum(KINDS),
  via: z.enum(VIAS),
  title: text,
  startMs: count,
  durationMs: count.nullable(),
  outcome: z.enum(OUTCOMES),
  bytes: count.optional(),
  totalBytes: count.optional(),
  blockBytes: count.optional(),
  window: count.optional(),
  resent: count.optional(),
  status: count.optional(),
  body: text.optional(),
  group: text.optional(),
  spec: text.optional(),
  reason: text.optional(),
  architecture: text.optional(),
  file: text.optional(),
  iface: text.optional(),
  count: count.optional(),
})

const attempt = z.object({
  id: text,
  mac: text,
  state: z.enum(STATES),
  stage: z.enum(STAGES),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  durationMs: count,
  diagnosis: z.object({ code: text, text: z.string().max(4000), advice: z.string().max(4000) }),
  group: textOrNull,
  spec: textOrNull,
  architecture: textOrNull,
  bytes: count,
  totalBytes: count.nullable(),
  entries: z.array(entry).max(10_000),
  labels: z.record(z.string(), text),
  uuid: textOrNull,
  address: textOrNull,
  truncated: z.boolean(),
}) satisfies z.ZodType<Attempt>

const stored = z.object({
  attempt,
  /** When something was last heard, since the start. */
  lastMs: count,
  hasBegun: z.boolean(),
  plan: z.object({ files: z.array(text), elsewhere: z.array(text), config: z.boolean() }).optional(),
})

export type Stored = z.infer<typeof stored>

/** @returns undefined for what is none */
export function parseStored(line: string): Stored | undefined {
  try {
    const parsed = stored.safeParse(JSON.parse(line))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

export function storedOf(live: LiveAttempt, attempt: Attempt): Stored {
  const { hasBegun, plan } = live
  const lastMs = Math.max(0, Math.round(live.lastMs - live.startedMs))
  return { attempt: { ...attempt, entries: [...attempt.entries] }, lastMs, hasBegun, plan: plan && copy(plan) }
}

/**
 * An attempt that may go on. What was under way when the program ended was cut off.
 *
 * @param lastMs - when something was last heard, in the time that events have now
 */
export function restored({ attempt, hasBegun, plan, ...rest }: Stored, lastMs: number): LiveAttempt {
  const startedMs = lastMs - rest.lastMs
  const { id, mac: key } = attempt
  const live = new LiveAttempt({ key, startedMs, startedAt: Date.parse(attempt.startedAt), id })
  live.isOfBefore = true
  live.lastMs = lastMs
  live.state = attempt.state
  live.stage = attempt.stage
  live.hasBegun = hasBegun
  live.truncated = attempt.truncated
  live.plan = plan
  live.labels = new Map(Object.entries(attempt.labels))
  live.uuid = attempt.uuid ?? undefined
  live.address = attempt.address ?? undefined
  live.group = attempt.group ?? undefined
  live.spec = attempt.spec ?? undefined
  live.architecture = attempt.architecture ?? undefined
  live.endedMs = attempt.endedAt === null ? undefined : startedMs + attempt.durationMs
  live.diagnosis = attempt.endedAt === null ? undefined : attempt.diagnosis
  live.wasSaved = true
  live.isUnsaved = false
  live.entries = attempt.entries.map((entry) =>
    entry.outcome === 'going'
      ? { ...entry, outcome: 'failed', durationMs: rest.lastMs - entry.startMs, reason: 'bootcfg was ended' }
      : entry,
  )
  return live
}

function copy(plan: NonNullable<LiveAttempt['plan']>): NonNullable<Stored['plan']> {
  return { ...plan, files: [...plan.files], elsewhere: [...plan.elsewhere] }
}
