/**
 * How yaml.v2 of 2016 reads a config: scalars are typed by what they are read into, and a null makes things zero.
 *
 * Its habit to look at the text of a null before its quotes is kept: `""` and `"null"` are unseen by the checks of
 * names, devices and formats, while `~` is seen by them.
 */
import { positionAt } from '../../position.ts'
import { Uint64 } from '../../value.ts'
import { type YamlNode, type YamlScalar, yamlError } from '../../yaml/node.ts'
import { scalarValue, tagOf } from '../../yaml/resolve.ts'
import { entriesOf, sourceText } from '../../yaml/value.ts'
import type { Reader } from './decode.ts'
import { align, parseSectors } from './dimension.ts'
import type { Field, IntType, SectorsType, StructType } from './types.ts'

const DESCRIBED_LENGTH = 40

export class YamlReader implements Reader<YamlNode> {
  readonly nullKeeps = false
  readonly #source: string

  constructor(source: string) {
    this.#source = source
  }

  isNull(node: YamlNode): boolean {
    return node.kind === 'scalar' && this.#value(node) === null
  }

  isAbsent(node: YamlNode): boolean {
    return this.isUnchecked(node) && this.isNull(node)
  }

  isUnchecked(node: YamlNode): boolean {
    if (node.kind !== 'scalar') return false
    return node.tag === '!!null' || (node.tag === '' && (node.text === '' || node.text === 'null'))
  }

  string(node: YamlNode): string | undefined {
    return node.kind === 'scalar' ? sourceText(node, this.#source) : undefined
  }

  bool(node: YamlNode): boolean | undefined {
    const value = node.kind === 'scalar' ? this.#value(node) : undefined
    return typeof value === 'boolean' ? value : undefined
  }

  /** Floats are cut off, as in `mode: 08`, which is one. */
  int(node: YamlNode, type: IntType): bigint | undefined {
    const value = node.kind === 'scalar' ? this.#value(node) : undefined
    let int: bigint
    if (typeof value === 'bigint') int = value
    else if (value instanceof Uint64) int = value.value
    else if (typeof value === 'number' && Number.isFinite(value)) int = BigInt(Math.trunc(value))
    else return undefined
    return int >= type.min && int <= type.max ? int : undefined
  }

  sectors(node: YamlNode, type: SectorsType): bigint | string | undefined {
    if (this.isUnchecked(node)) return this.isNull(node) ? 0n : undefined
    const text = this.string(node)
    const sectors = text === undefined ? undefined : parseSectors(text)
    return typeof sectors === 'bigint' && type.aligned ? align(sectors) : sectors
  }

  items(node: YamlNode): readonly YamlNode[] | undefined {
    return node.kind === 'sequence' ? node.items : undefined
  }

  entries(node: YamlNode): Iterable<readonly [string, YamlNode]> | undefined {
    if (node.kind !== 'mapping') return undefined
    return entriesOf(node, this.#source).map(([key, value]) => [this.#key(key), value])
  }

  #key(key: YamlNode): string {
    if (key.kind === 'scalar') return sourceText(key, this.#source)
    throw yamlError(`cannot unmarshal ${this.describe(key)} into string`, key.offset, this.#source)
  }

  field(type: StructType, key: string): Field | undefined {
    return type.byYamlKey.get(key)
  }

  describe(node: YamlNode): string {
    if (node.kind !== 'scalar') return node.kind === 'mapping' ? '!!map' : '!!seq'
    const text = node.text.length > DESCRIBED_LENGTH ? `${node.text.slice(0, DESCRIBED_LENGTH)}...` : node.text
    return `${node.tag || tagOf(this.#value(node))} \`${text}\``
  }

  position(node: YamlNode): { line: number; column: number } {
    return positionAt(this.#source, node.offset)
  }

  #value(node: YamlScalar): ReturnType<typeof scalarValue> {
    return scalarValue(node, this.#source)
  }
}
