/**
 * `/api/openapi.json`: the API for programs, in OpenAPI 3.1. Pure; loaded when it is asked for.
 */
import { z } from 'zod'

import { askedMachine } from '../../core/asked-machine.ts'
import { updateQuery } from './appliance.ts'
import { attemptsQuery, changesQuery, groupsQuery, machinesQuery, problemsQuery } from './query.ts'
import { SCHEMAS } from './schemas.ts'

type SchemaName = keyof typeof SCHEMAS

interface Described {
  readonly summary: string
  /** Of its answer 200; undefined where that is no JSON. */
  readonly schema?: SchemaName
  readonly query?: z.ZodObject
  /** What stands in the path. */
  readonly parameter?: string
  readonly type?: string
  /** Another status that it has, and its schema. */
  readonly refusal?: readonly [status: number, description: string, schema: SchemaName]
  /** Of a box: what needs its token. */
  readonly method?: 'put' | 'post'
  /** Of its success, if it is not 200. */
  readonly status?: 202
  readonly refusals?: readonly (readonly [status: number, description: string])[]
}

const BAD_QUERY = 'The query cannot be used'
const NOT_THERE = [404, 'Not remembered', 'Refusal'] as const

const PATHS: Readonly<Record<string, Described>> = {
  '/api/machines': { summary: 'Machines that were heard of', schema: 'MachineList', query: machinesQuery },
  '/api/machines/{mac}': {
    summary: 'A machine and its boots',
    schema: 'Machine',
    parameter: 'mac',
    refusal: NOT_THERE,
  },
  '/api/attempts': { summary: 'Boots of all machines', schema: 'AttemptList', query: attemptsQuery },
  '/api/attempts/{id}': { summary: 'A boot, step by step', schema: 'Attempt', parameter: 'id', refusal: NOT_THERE },
  '/api/bodies/{body}': {
    summary: 'What a machine was sent, by the body of the step that sent it',
    type: 'text/plain',
    parameter: 'body',
    refusal: NOT_THERE,
  },
  '/api/groups': { summary: 'Groups, and which machines each caught', schema: 'GroupList', query: groupsQuery },
  '/api/problems': { summary: 'What bootcfg check finds, live', schema: 'ProblemList', query: problemsQuery },
  '/api/host': {
    summary: 'This computer and the modules of bootcfg',
    schema: 'Host',
    refusal: [503, 'It cannot be measured', 'Refusal'],
  },
  '/api/changes': {
    summary: 'What has changed since the answer before, for who cannot follow the events',
    schema: 'Changes',
    query: changesQuery,
  },
  '/api/events': {
    summary:
      'What changes, as server-sent events: hello {resumed}, here {}, machine (MachineSummary), forgotten {mac}, problems {errors, warnings, checkedAt}, groups {groups, specs, loadedAt, behind}',
    type: 'text/event-stream',
    refusal: [503, 'Too many clients', 'Refusal'],
  },
  '/api/explain': {
    summary: 'What a machine would be given, as bootcfg explain -json prints it (docs/explain.schema.json)',
    query: askedMachine,
    type: 'application/json',
  },
  '/api/openapi.json': { summary: 'This document', type: 'application/json' },
  '/metrics': { summary: 'Metrics for Prometheus', type: 'text/plain' },
  '/healthz': { summary: 'The program is alive', type: 'text/plain' },
  '/readyz': {
    summary: 'Everything that is switched on does its work',
    schema: 'Ready',
    refusal: [503, 'Something does not', 'Ready'],
  },
}

const NEEDS_TOKEN = [
  [401, 'The token of the console is missing or wrong'],
  [429, 'Too many wrong tokens from this address'],
] as const
const ASKED = { method: 'post', schema: 'ApplianceAsked', status: 202, refusals: NEEDS_TOKEN } as const

/** Of a box of its own. */
const APPLIANCE_PATHS: Readonly<Record<string, Described>> = {
  '/api/appliance': { summary: 'The box as it is', schema: 'Appliance' },
  '/api/appliance/token': {
    summary: 'Whether a token is right',
    method: 'post',
    schema: 'TokenRight',
    refusals: NEEDS_TOKEN,
  },
  '/api/appliance/update': {
    summary: 'Take an update bundle in; the installer checks it, writes it and restarts the box',
    method: 'put',
    schema: 'UpdateReceived',
    status: 202,
    query: updateQuery,
    refusals: [
      ...NEEDS_TOKEN,
      [409, 'An update is on its way already'],
      [413, 'Larger than any update'],
      [503, 'The data partition cannot be written'],
      [507, 'The data partition is full'],
    ],
  },
  '/api/appliance/reboot': { summary: 'Restart the box', ...ASKED },
  '/api/appliance/poweroff': { summary: 'Switch the box off', ...ASKED },
}

/** @param version - of bootcfg */
export function openApi(version: string, isAppliance = false) {
  const paths = isAppliance ? { ...PATHS, ...APPLIANCE_PATHS } : PATHS
  return {
    openapi: '3.1.0',
    info: {
      title: 'bootcfg',
      version,
      description: 'What machines are given is described in docs/http-api.md.',
    },
    paths: Object.fromEntries(
      Object.entries(paths).map(([path, described]) => [path, { [described.method ?? 'get']: operation(described) }]),
    ),
    components: {
      schemas: componentSchemas(),
      ...(isAppliance && { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } }),
    },
  }
}

function operation(described: Described) {
  const { summary, schema, query, parameter, type, refusal, method, status = 200, refusals = [] } = described
  // Of a route that answers no JSON of this API, the refusal is none either.
  const refused =
    schema === undefined ? { description: BAD_QUERY, content: { 'text/plain': {} } } : response(BAD_QUERY, 'Refusal')
  const bad = query === undefined ? [] : [[400, refused] as const]
  const other = refusal === undefined ? [] : [[refusal[0], response(refusal[1], refusal[2])] as const]
  const good = schema === undefined ? { description: 'OK', content: { [type!]: {} } } : response('OK', schema)
  return {
    summary,
    parameters: [
      ...(parameter === undefined ? [] : [{ name: parameter, in: 'path', required: true, schema: { type: 'string' } }]),
      ...(query === undefined ? [] : queryParameters(query)),
    ],
    responses: Object.fromEntries([
      [status, good],
      ...bad,
      ...other,
      ...refusals.map(([status, what]) => [status, response(what, 'Refusal')] as const),
    ]),
    ...(method === 'put' && { requestBody: { required: true, content: { 'application/octet-stream': {} } } }),
    ...(method !== undefined && { security: [{ token: [] }] }),
  }
}

function response(description: string, schema: SchemaName) {
  return { description, content: { 'application/json': { schema: { $ref: reference(schema) } } } }
}

function queryParameters(query: z.ZodObject) {
  const { properties = {} } = z.toJSONSchema(query, { io: 'input', unrepresentable: 'any' })
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', schema }))
}

function componentSchemas() {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(SCHEMAS)) registry.add(schema, { id })
  const { schemas } = z.toJSONSchema(registry, { uri: reference })
  for (const schema of Object.values(schemas)) {
    delete schema.$schema
    delete schema.$id
  }
  return schemas
}

function reference(id: string): string {
  return `#/components/schemas/${id}`
}
