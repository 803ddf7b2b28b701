/**
 * Specs: what a machine boots and which files configure it. `specs/<id>/spec.json`, decoded as Go's encoding/json would:
 * unknown keys are ignored, names of keys match whatever their case, null leaves a field as it was.
 */
import { FieldNames, jsonError, type JsonNode, type JsonObject, jsonToValue, parseJson } from './go-json-read.ts'
import { encodeGoJson } from './go-json.ts'
import { ValueMap } from './value.ts'

export interface Boot {
  readonly kernel: string
  readonly initrd: readonly string[] | null
  /** Arguments of the kernel in byte order of their keys; numbers are floats, as in all of Go's JSON. */
  readonly cmdline: ValueMap | null
}

export interface Spec {
  /** The name of the folder, which is the id that counts. */
  readonly id: string
  /** The id that stands in the file, only of interest to who checks it. */
  readonly writtenId: string
  readonly boot: Boot | null
  /** Files below `cloud/` and `ignition/`; empty when there is none. */
  readonly cloudId: string
  readonly ignitionId: string
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type Field<T> = (target: Mutable<T>, node: JsonNode, source: string) => void

const SPEC_FIELDS = new FieldNames<Field<Spec>>([
  ['id', (spec, node, source) => void (spec.writtenId = text('id', node, source))],
  ['cloud_id', (spec, node, source) => void (spec.cloudId = text('cloud_id', node, source))],
  ['ignition_id', (spec, node, source) => void (spec.ignitionId = text('ignition_id', node, source))],
  ['boot', (spec, node, source) => void (spec.boot = boot(node, source))],
])

const BOOT_FIELDS = new FieldNames<Field<Boot>>([
  ['kernel', (target, node, source) => void (target.kernel = text('boot.kernel', node, source))],
  ['initrd', (target, node, source) => void (target.initrd = list('boot.initrd', node, source))],
  ['cmdline', (target, node, source) => void (target.cmdline = map('boot.cmdline', node, source))],
])

/**
 * Read a spec.json.
 *
 * @throws {ConfigError} `json` with line and column
 */
export function parseSpec(id: string, source: string): Spec {
  const root = parseJson(source)
  const spec: Mutable<Spec> = { id, writtenId: '', boot: null, cloudId: '', ignitionId: '' }
  if (root.kind === 'null') return spec
  if (root.kind !== 'object') throw mismatch('the spec', 'an object', root, source)
  fill(spec, SPEC_FIELDS, root, source)
  return spec
}

/** As `/spec/<id>` shows it. */
export function specJson(spec: Spec): string {
  return encodeGoJson({
    id: spec.id,
    boot: spec.boot && bootFields(spec.boot),
    cloud_id: spec.cloudId,
    ignition_id: spec.ignitionId,
  })
}

/** The boot section in the order of its fields, to be encoded. */
export function bootFields({ kernel, initrd, cmdline }: Boot) {
  return { kernel, initrd, cmdline }
}

function fill<T>(target: Mutable<T>, fields: FieldNames<Field<T>>, node: JsonObject, source: string): void {
  for (const [at, key] of node.keys.entries()) {
    const value = node.values[at]!
    if (value.kind !== 'null') fields.find(key)?.(target, value, source)
  }
}

function boot(node: JsonNode, source: string): Boot {
  if (node.kind !== 'object') throw mismatch('boot', 'an object', node, source)
  const target: Mutable<Boot> = { kernel: '', initrd: null, cmdline: null }
  fill(target, BOOT_FIELDS, node, source)
  return target
}

function text(field: string, node: JsonNode, source: string): string {
  if (node.kind !== 'string') throw mismatch(field, 'a string', node, source)
  return node.text
}

function list(field: string, node: JsonNode, source: string): string[] {
  if (node.kind !== 'array') throw mismatch(field, 'a list of strings', node, source)
  return node.items.map((item) => (item.kind === 'null' ? '' : text(field, item, source)))
}

function map(field: string, node: JsonNode, source: string): ValueMap {
  const value = jsonToValue(node, source)
  if (!(value instanceof ValueMap)) throw mismatch(field, 'an object', node, source)
  return value
}

function mismatch(field: string, wanted: string, node: JsonNode, source: string): Error {
  return jsonError(`${field} must be ${wanted}, not ${KINDS[node.kind]}`, node.offset, source)
}

const KINDS = {
  null: 'null',
  bool: 'a boolean',
  number: 'a number',
  string: 'a string',
  array: 'a list',
  object: 'an object',
}
