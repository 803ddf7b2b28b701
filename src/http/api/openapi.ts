/**
 * `/api/openapi.json`: the API for programs, in OpenAPI 3.1. Pure; loaded when it is asked for.
 */
import { z } from 'zod'

import { askedMachine } from '../../core/asked-machine.ts'
import { attemptsQuery, groupsQuery, machinesQuery, problemsQuery } from './query.ts'
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
  '/api/groups': { summary: 'Groups, and which machines each caught', schema: 'GroupList', query: groupsQuery },
  '/api/problems': { summary: 'What bootcfg check finds, live', schema: 'ProblemList', query: problemsQuery },
  '/api/host': {
    summary: 'This computer and the modules of bootcfg',
    schema: 'Host',
    refusal: [503, 'It cannot be measured', 'Refusal'],
  },
  '/api/events': {
    summary:
      'What changes, as server-sent events: hello {resumed}, machine (MachineSummary), forgotten {mac}, problems {errors, warnings, checkedAt}, groups {groups, specs, behind}',
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

/** @param version - of bootcfg */
export function openApi(version: string) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'bootcfg',
      version,
      description: 'Read-only. What machines are given is described in docs/http-api.md.',
    },
    paths: Object.fromEntries(Object.entries(PATHS).map(([path, described]) => [path, { get: operation(described) }])),
    components: { schemas: componentSchemas() },
  }
}

function operation({ summary, schema, query, parameter, type, refusal }: Described) {
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
    responses: Object.fromEntries([[200, good], ...bad, ...other]),
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
