/**
 * Nodes as what Go's yaml.v2 of 2016 decodes them into: anything (`interface{}`), or a string.
 *
 * All of it throws `ConfigError` of code `yaml`. `source`, the text that was parsed, is only for the line in it.
 */
import { ownText } from '../own-text.ts'
import { type Value, ValueMap } from '../value.ts'
import { type YamlMapping, type YamlNode, type YamlScalar, isMergeKey, yamlError } from './node.ts'
import { isNullText, scalarValue } from './resolve.ts'

/**
 * The value of a node, which holds nothing of the text that was parsed.
 *
 * @throws {ConfigError} for a list or a map as a key, a tag that its text does not fit, a merge of what is no map
 */
export function toValue(node: YamlNode, source?: string): Value {
  if (node.kind === 'scalar') {
    const value = scalarValue(node, source)
    return typeof value === 'string' ? ownText(value) : value
  }
  if (node.kind === 'sequence') return node.items.map((item) => toValue(item, source))
  const { keys, values } = merged(node, source)
  return ValueMap.from(
    'any',
    keys.map((key, at) => [keyValue(key, source), toValue(values[at]!, source)]),
  )
}

function keyValue(key: YamlNode, source: string | undefined): Value {
  if (key.kind === 'scalar') return scalarValue(key, source)
  throw yamlError('invalid map key: a list or a map cannot be a key', key.offset, source)
}

/**
 * The text of a scalar that is read into a Go string: what was written, so `0755` and `yes` stay as they are, and a
 * null is empty.
 *
 * @throws {ConfigError} for a tag that the text does not fit, such as `!!int x`
 */
export function sourceText(scalar: YamlScalar, source?: string): string {
  const { text, plain, tag } = scalar
  if (tag === '') return plain && isNullText(text) ? '' : text
  const value = scalarValue(scalar, source)
  if (value === null) return ''
  return typeof value === 'string' ? value : text
}

/** Whether a node is a null: `~`, `null`, or nothing at all. */
export function isNull(node: YamlNode): boolean {
  if (node.kind !== 'scalar') return false
  return node.tag === '' ? node.plain && isNullText(node.text) : node.tag === '!!null'
}

export type Entry = readonly [key: YamlNode, value: YamlNode]

/**
 * The entries of a mapping with every merge key (`<<`) replaced by what it brings, in the order in which yaml.v2 sets
 * them. A later one overrides an earlier one of the same key, so a merge that stands behind a key overrides that key;
 * of several merged maps the one named first wins.
 *
 * @throws {ConfigError} when something else than maps is merged
 */
export function entriesOf(node: YamlMapping, source?: string): Entry[] {
  const { keys, values } = merged(node, source)
  return keys.map((key, at) => [key, values[at]!])
}

type Sides = Pick<YamlMapping, 'keys' | 'values'>

function merged(node: YamlMapping, source: string | undefined): Sides {
  if (!node.merges) return node
  const keys: YamlNode[] = []
  const values: YamlNode[] = []
  const add = (sides: Sides): void => {
    for (let at = 0; at < sides.keys.length; at++) {
      const key = sides.keys[at]!
      const value = sides.values[at]!
      if (isMergeKey(key)) for (const map of mapsToMerge(value, source)) add(map)
      else {
        keys.push(key)
        values.push(value)
      }
    }
  }
  add(node)
  return { keys, values }
}

/** In the order in which they are set: the last of a list first. */
function mapsToMerge(value: YamlNode, source: string | undefined): YamlMapping[] {
  return (value.kind === 'sequence' ? value.items.toReversed() : [value]).map((map) => {
    if (map.kind === 'mapping') return map
    throw yamlError('map merge requires map or sequence of maps as the value', map.offset, source)
  })
}
