/**
 * A config of version 1 from nodes of YAML or JSON, by the table in `schema.ts`.
 *
 * Go's two decoders do the same walk and differ in manners, above all in what a null does. Those are the reader's
 * (`read-yaml.ts`, `read-json.ts`); the walk is here.
 */
import { ConfigError } from '../../errors.ts'
import { config } from './schema.ts'
import {
  type Decoded,
  type Field,
  type Fields,
  type IntType,
  type PointerType,
  type SectorsType,
  type StructType,
  type Type,
  isStruct,
} from './types.ts'

/** How one of the two languages is read. Where a node is of another kind than asked for, the answer is undefined. */
export interface Reader<Node> {
  isNull(node: Node): boolean
  /** A null leaves alone what a repeated key has set before. Else it makes it zero. */
  readonly nullKeeps: boolean
  /** A null that makes a pointer point to nothing; any other makes it point to a zero. */
  isAbsent(node: Node): boolean
  /** The checks of the type do not see this node. */
  isUnchecked(node: Node): boolean
  string(node: Node): string | undefined
  bool(node: Node): boolean | undefined
  int(node: Node, type: IntType): bigint | undefined
  /** A string is what is wrong. */
  sectors(node: Node, type: SectorsType): bigint | string | undefined
  items(node: Node): readonly Node[] | undefined
  /** Keys and values in the order in which they are set, also repeated ones. */
  entries(node: Node): Iterable<readonly [key: string, value: Node]> | undefined
  field(type: StructType, key: string): Field | undefined
  /** `!!str \`abc\``, `number 1.5`: for messages. */
  describe(node: Node): string
  position(node: Node): { line: number; column: number }
}

/** @throws {ConfigError} `ignition`; its message starts with the path of the offending value */
export function decodeConfig<Node>(root: Node, reader: Reader<Node>): Decoded {
  return new Decoder(reader).decode(config, root, undefined)
}

class Decoder<Node> {
  readonly #reader: Reader<Node>
  /** Keys and indexes that lead to the node at hand. */
  readonly #path: (string | number)[] = []

  constructor(reader: Reader<Node>) {
    this.#reader = reader
  }

  /** @param old - what an earlier key of the same name has set */
  decode(type: Type, node: Node, old: Decoded): Decoded {
    if (type.is === 'pointer') return this.#reader.isAbsent(node) ? undefined : this.decode(type.to, node, old)
    const isNull = type.is !== 'sectors' && this.#reader.isNull(node)
    const value = isNull ? this.#null(type, old) : this.#value(type, node, old)
    const problem = this.#reader.isUnchecked(node) ? undefined : problemOf(type, value)
    if (problem !== undefined) throw this.#error(problem, node)
    return value
  }

  #null(type: ValueType, old: Decoded): Decoded {
    return this.#reader.nullKeeps && type.is !== 'list' ? (old ?? zero(type)) : zero(type)
  }

  #value(type: ValueType, node: Node, old: Decoded): Decoded {
    switch (type.is) {
      case 'string':
        return this.#wanted(this.#reader.string(node), type, node)
      case 'bool':
        return this.#wanted(this.#reader.bool(node), type, node)
      case 'int':
        return this.#wanted(this.#reader.int(node, type), type, node)
      case 'sectors': {
        const sectors = this.#wanted(this.#reader.sectors(node, type), type, node)
        if (typeof sectors === 'string') throw this.#error(sectors, node)
        return sectors
      }
      case 'list': {
        const items = this.#wanted(this.#reader.items(node), type, node)
        return items.map((item, at) => this.#member(at, type.of, item, undefined))
      }
      case 'struct':
      default:
        return this.#struct(type, node, isStruct(old) ? old : {})
    }
  }

  #struct(type: StructType, node: Node, fields: Fields): Fields {
    for (const [key, value] of this.#wanted(this.#reader.entries(node), type, node)) {
      const field = this.#reader.field(type, key)
      if (field === undefined) continue
      fields[field.json] = this.#member(key, field.type, value, fields[field.json])
    }
    return fields
  }

  #member(step: string | number, type: Type, node: Node, old: Decoded): Decoded {
    this.#path.push(step)
    const value = this.decode(type, node, old)
    this.#path.pop()
    return value
  }

  #wanted<T>(value: T | undefined, type: Type, node: Node): T {
    if (value !== undefined) return value
    throw this.#error(`cannot unmarshal ${this.#reader.describe(node)} into ${type.name}`, node)
  }

  #error(problem: string, node: Node): ConfigError {
    const path = this.#path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
    const message = path === '' ? problem : `${path.slice(1)}: ${problem}`
    return new ConfigError('ignition', message, this.#reader.position(node))
  }
}

type ValueType = Exclude<Type, PointerType>

const ZERO = { string: '', bool: false, int: 0n, sectors: 0n } as const

function zero(type: ValueType): Decoded {
  if (type.is === 'list') return []
  return type.is === 'struct' ? {} : ZERO[type.is]
}

function problemOf(type: ValueType, value: Decoded): string | undefined {
  if (type.is === 'string') return typeof value === 'string' ? type.check?.(value) : undefined
  if (type.is === 'int') return typeof value === 'bigint' ? type.check?.(value) : undefined
  if (type.is === 'struct') return isStruct(value) ? type.check?.(value) : undefined
  return undefined
}
