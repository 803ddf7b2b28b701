/**
 * How encoding/json reads a config: types must fit exactly, keys may be in any case, and a null changes nothing.
 *
 * A repeated list replaces the earlier one; Go fills the earlier one's items again, so that old fields shine through.
 */
import type { JsonNode } from '../../go-json-read.ts'
import { positionAt } from '../../position.ts'
import type { Reader } from './decode.ts'
import { type Field, type IntType, type StructType, uint } from './types.ts'

export class JsonReader implements Reader<JsonNode> {
  readonly nullKeeps = true
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  isNull(node: JsonNode): boolean {
    return node.kind === 'null'
  }

  isAbsent(node: JsonNode): boolean {
    return node.kind === 'null'
  }

  isUnchecked(): boolean {
    return false
  }

  string(node: JsonNode): string | undefined {
    return node.kind === 'string' ? node.text : undefined
  }

  bool(node: JsonNode): boolean | undefined {
    return node.kind === 'bool' ? node.value : undefined
  }

  /** `1.0` and `1e0` are no integers, `-0` is no unsigned one. */
  int(node: JsonNode, type: IntType): bigint | undefined {
    if (node.kind !== 'number' || !/^-?[0-9]{1,20}$/.test(node.text)) return undefined
    if (type.min === 0n && node.text.startsWith('-')) return undefined
    const int = BigInt(node.text)
    return int >= type.min && int <= type.max ? int : undefined
  }

  sectors(node: JsonNode): bigint | undefined {
    return node.kind === 'null' ? 0n : this.int(node, uint)
  }

  items(node: JsonNode): readonly JsonNode[] | undefined {
    return node.kind === 'array' ? node.items : undefined
  }

  entries(node: JsonNode): Iterable<readonly [string, JsonNode]> | undefined {
    return node.kind === 'object' ? node.keys.map((key, at) => [key, node.values[at]!]) : undefined
  }

  field(type: StructType, key: string): Field | undefined {
    return type.byJsonKey.find(key)
  }

  describe(node: JsonNode): string {
    return node.kind === 'number' ? `number ${node.text}` : node.kind
  }

  position(node: JsonNode): { line: number; column: number } {
    return positionAt(this.#source, node.offset)
  }
}
