/**
 * The shapes of `/api/appliance`, for the OpenAPI document and for reading what is asked. Pure.
 */
import { z } from 'zod'

import { type ApplianceFacts, UPDATE_STATES } from '../../core/appliance.ts'

/** `force`: an older version is installed as well. */
export const updateQuery = z.strictObject({
  force: z
    .enum(['true', 'false'], 'expected true or false')
    .default('false')
    .transform((text) => text === 'true'),
})

const bytes = z.int().min(0)

/** @param module - the schema of a module, which other answers have as well */
export function applianceSchemas<M extends z.ZodType<ApplianceFacts['modules'][number]>>(module: M) {
  const facts = z.strictObject({
    version: z.string(),
    hostname: z.string(),
    arch: z.string(),
    slot: z.string().describe('that runs: a, b, iso, net; empty when nobody knows'),
    uid: z.int().min(0).describe('of the process that answers'),
    capEff: z.string().describe('its effective capabilities in hexadecimal; all 0 is none'),
    noNewPrivs: z.boolean(),
    mounts: z.array(z.strictObject({ mount: z.string(), type: z.string(), readOnly: z.boolean() })),
    data: z.string().describe('the data partition: ok, missing, corrupt, read-only, full'),
    addresses: z.array(z.strictObject({ iface: z.string(), address: z.string(), source: z.string() })),
    memory: z.strictObject({ totalBytes: bytes, availableBytes: bytes, ownBytes: bytes }),
    modules: z.array(module),
    problems: z.array(z.string()).describe('each a sentence: what, where, what to do'),
    update: z.strictObject({
      state: z.enum(UPDATE_STATES),
      version: z.string().nullable(),
      reason: z.string().nullable().describe('why it was refused or has failed'),
      percent: z.number().nullable().describe('of what it does now'),
    }),
  }) satisfies z.ZodType<ApplianceFacts>
  return {
    Appliance: facts,
    UpdateReceived: z.strictObject({ bytes, sha256: z.string().describe('of what was received') }),
    TokenRight: z.strictObject({ right: z.literal(true) }),
    ApplianceAsked: z.strictObject({ asked: z.enum(['reboot', 'poweroff']) }),
  }
}
