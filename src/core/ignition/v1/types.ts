/**
 * The kinds of Go types that an Ignition v1 config is made of; `schema.ts` is the table written with them.
 */
import { FieldNames } from '../../go-json-read.ts'

export type Type = StringType | BoolType | IntType | SectorsType | ListType | StructType | PointerType

/** What is wrong with a value, in Ignition's words. */
type Check<V> = (value: V) => string | undefined

interface StringType {
  readonly is: 'string'
  readonly name: string
  readonly check: Check<string> | undefined
}
interface BoolType {
  readonly is: 'bool'
  readonly name: string
}
export interface IntType {
  readonly is: 'int'
  readonly name: string
  readonly min: bigint
  readonly max: bigint
  readonly check: Check<bigint> | undefined
}
/** A length on a disk, kept in sectors of 512 bytes. JSON writes sectors, YAML sizes such as `10GiB`. */
export interface SectorsType {
  readonly is: 'sectors'
  readonly name: string
  /** In YAML a place is moved to a multiple of 2048 sectors. */
  readonly aligned: boolean
}
interface ListType {
  readonly is: 'list'
  readonly name: string
  readonly of: Type
}
export interface StructType {
  readonly is: 'struct'
  readonly name: string
  readonly fields: readonly Field[]
  readonly byJsonKey: FieldNames<Field>
  readonly byYamlKey: ReadonlyMap<string, Field>
  readonly check: Check<Fields> | undefined
}
/** Absent is something else than empty: what was written is kept, even a zero. */
export interface PointerType {
  readonly is: 'pointer'
  readonly name: string
  readonly to: Type
}

export interface Field {
  /** `wipeTable`, in JSON read and written. */
  readonly json: string
  /** `wipe_table`. */
  readonly yaml: string
  readonly type: Type
  /** Written even when it is empty or zero. */
  readonly always: boolean
}

/** A decoded value. Undefined is a field that was not set, and a pointer to nothing. */
export type Decoded = undefined | string | boolean | bigint | readonly Decoded[] | Fields

/** A decoded struct by JSON keys. */
export interface Fields {
  [json: string]: Decoded
}

export function isList(value: Decoded): value is readonly Decoded[] {
  return Array.isArray(value)
}

export function isStruct(value: Decoded): value is Fields {
  return typeof value === 'object' && !isList(value)
}

export function string(name = 'string', check?: Check<string>): Type {
  return { is: 'string', name, check }
}

function integer(name: string, min: bigint, max: bigint, check?: Check<bigint>): IntType {
  return { is: 'int', name, min, max, check }
}

export const bool: Type = { is: 'bool', name: 'bool' }
export const int = integer('int', -(1n << 63n), (1n << 63n) - 1n)
export const uint = integer('uint', 0n, (1n << 64n) - 1n)

export function uint32(name: string, check: Check<bigint>): Type {
  return integer(name, 0n, (1n << 32n) - 1n, check)
}

export const size: Type = { is: 'sectors', name: 'config.PartitionDimension', aligned: false }
export const place: Type = { is: 'sectors', name: 'config.PartitionDimension', aligned: true }

export function list(of: Type): Type {
  return { is: 'list', name: `[]${of.name}`, of }
}

export function pointer(to: Type): Type {
  return { is: 'pointer', name: `*${to.name}`, to }
}

export function struct(name: string, fields: readonly Field[], check?: Check<Fields>): StructType {
  return {
    is: 'struct',
    name,
    fields,
    byJsonKey: new FieldNames(fields.map((one) => [one.json, one])),
    byYamlKey: new Map(fields.map((one) => [one.yaml, one])),
    check,
  }
}

/** A field that is left out when it is empty or zero (`omitempty`); a struct never is. */
export function field(json: string, type: Type): Field {
  return { json, yaml: json.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), type, always: false }
}

export function always(json: string, type: Type): Field {
  return { ...field(json, type), always: true }
}
