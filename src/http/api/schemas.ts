/**
 * The shapes of the API's answers, once: the OpenAPI document is made of them, and a test holds every answer against it.
 *
 * Loaded when the document is asked for; who answers is typed by the interfaces of the core.
 */
import { z } from 'zod'

import {
  type Attempt,
  type Entry,
  KINDS,
  type Machine,
  OUTCOMES,
  STAGES,
  STATES,
  VIAS,
} from '../../core/boots/attempt.ts'
import { applianceSchemas } from './appliance.ts'
import type { HostFacts } from './host.ts'

const time = z.iso.datetime().describe('ISO 8601, UTC')
const count = z.int().min(0)
const ms = z.number().min(0).describe('milliseconds')
const mac = z
  .string()
  .describe('MAC address with colons in lower case, or `address:` and an address while no MAC is known')
const texts = z.record(z.string(), z.string())

const diagnosis = z.strictObject({
  code: z.string().describe('stable; docs/troubleshooting.md has a paragraph for each'),
  text: z.string().describe('what happened'),
  advice: z.string().describe('what to do; empty if nothing'),
})

const entry = z.strictObject({
  kind: z.enum(KINDS),
  via: z.enum(VIAS),
  title: z.string(),
  startMs: z.number().describe('since the start of the attempt'),
  durationMs: ms.nullable().describe('null while it goes on'),
  outcome: z.enum(OUTCOMES),
  bytes: count.exactOptional(),
  totalBytes: count.exactOptional(),
  blockBytes: count.exactOptional(),
  window: count.exactOptional(),
  resent: count.exactOptional().describe('blocks of TFTP sent more than once'),
  status: count.exactOptional(),
  body: z.string().exactOptional().describe('SHA-256 of what was sent, its first 16 digits: /api/bodies/{body} has it'),
  group: z.string().exactOptional(),
  spec: z.string().exactOptional(),
  reason: z.string().exactOptional(),
  architecture: z.string().exactOptional(),
  file: z.string().exactOptional(),
  iface: z.string().exactOptional(),
  count: count.exactOptional().describe('how often in a row, if more than once'),
}) satisfies z.ZodType<Entry>

const summaryFields = {
  id: z.string(),
  mac,
  state: z.enum(STATES).describe('seen: asked only for something, no boot to judge'),
  stage: z.enum(STAGES).describe('how far it came'),
  startedAt: time,
  endedAt: time.nullable(),
  durationMs: ms,
  diagnosis,
  group: z.string().nullable(),
  spec: z.string().nullable(),
  architecture: z.string().nullable(),
  bytes: count.describe('of kernel and initrds, so far'),
  totalBytes: count.nullable().describe('null while a size is unknown'),
}
const attemptSummary = z.strictObject(summaryFields)

const attempt = z.strictObject({
  ...summaryFields,
  entries: z.array(entry),
  labels: texts,
  uuid: z.string().nullable(),
  address: z.string().nullable(),
  truncated: z.boolean().describe('there were more entries than are kept'),
}) satisfies z.ZodType<Attempt>

const machineFields = {
  mac,
  uuid: z.string().nullable(),
  address: z.string().nullable(),
  hostname: z.string().nullable(),
  group: z.string().nullable(),
  spec: z.string().nullable(),
  known: z.boolean().describe('some group requires its mac or uuid'),
  lastSeenAt: time,
  last: attemptSummary.nullable(),
}
const machineSummary = z.strictObject(machineFields)

const machine = z.strictObject({
  ...machineFields,
  labels: texts,
  attempts: z.array(attemptSummary).describe('the latest first'),
}) satisfies z.ZodType<Machine>

const group = z.strictObject({
  label: z.string().describe('its name, else what it requires'),
  name: z.string().describe('empty if it has none'),
  spec: z.string(),
  require: texts.describe('empty: catches every machine'),
  line: z.int().min(1).describe('of the groups file'),
  machines: z.array(mac).describe('that it caught last, of those remembered; at most 100'),
  machineCount: count,
})

const problem = z.strictObject({
  severity: z.enum(['error', 'warning']),
  code: z.string().describe('stable; docs/check.md lists them'),
  file: z.string(),
  line: z.int().nullable(),
  column: z.int().nullable(),
  message: z.string(),
})

const module = z.strictObject({
  name: z.string(),
  state: z.enum(['starting', 'running', 'failed', 'off']),
  detail: z.string().describe('where it is reached, or what is wrong; may be empty'),
})

const loadedAt = time.describe('when the data that serves was read')
const behind = z.string().nullable().describe('why the last good data serves in place of what is on the disk')

const part = {
  total: count.describe('in the whole list'),
  offset: count,
  limit: count,
}

const host = z.strictObject({
  hostname: z.string(),
  os: z.string(),
  kernel: z.string(),
  architecture: z.string(),
  uptimeMs: ms,
  at: time.describe('when this was measured'),
  processors: count,
  load: z.strictObject({
    averages: z.array(z.number()).length(3).describe('over 1, 5 and 15 minutes, as uptime prints them'),
    percent: z.number().describe('of all processors, since it was asked for before'),
  }),
  memory: z.strictObject({ totalBytes: count, availableBytes: count }),
  disks: z.array(z.strictObject({ mount: z.string(), type: z.string(), totalBytes: count, usedBytes: count })),
  interfaces: z.array(
    z.strictObject({
      name: z.string(),
      state: z.string(),
      mac: z.string(),
      addresses: z.array(z.string()),
      megabitPerSecond: z.number().nullable(),
      received: count.describe('bytes since it came up'),
      sent: count.describe('bytes since it came up'),
    }),
  ),
  process: z.strictObject({ version: z.string(), uptimeMs: ms, memoryBytes: count, loopDelayMs: ms }),
  modules: z.array(module),
}) satisfies z.ZodType<HostFacts>

/** By their names in the document. */
export const SCHEMAS = {
  Diagnosis: diagnosis,
  Entry: entry,
  AttemptSummary: attemptSummary,
  Attempt: attempt,
  MachineSummary: machineSummary,
  Machine: machine,
  Group: group,
  Problem: problem,
  Module: module,
  Host: host,
  MachineList: z.strictObject({ machines: z.array(machineSummary).describe('heard of last first'), ...part }),
  AttemptList: z.strictObject({
    attempts: z.array(attemptSummary).describe('begun last first; of all machines the latest 200'),
    ...part,
  }),
  GroupList: z.strictObject({
    groups: z.array(group).describe('in the order in which they are tried'),
    specs: count.describe('how many there are'),
    loadedAt,
    behind,
    ...part,
  }),
  ProblemList: z.strictObject({
    problems: z.array(problem).describe('in the order of bootcfg check; of more than 1,000 errors come first'),
    errors: count,
    warnings: count,
    checkedAt: time.nullable(),
    loadedAt,
    behind,
    ...part,
  }),
  Changes: z.strictObject({
    id: z.string().describe('the since= of the next question'),
    resumed: z.boolean().describe('false: read everything anew'),
    more: z.boolean().describe('ask again at once'),
    changes: z.array(z.strictObject({ event: z.string(), data: z.record(z.string(), z.unknown()) })),
  }),
  Ready: z.strictObject({ ready: z.boolean(), modules: z.array(module), behind }),
  Refusal: z.strictObject({ error: z.string() }),
  ...applianceSchemas(module),
} as const satisfies Record<string, z.ZodType>
