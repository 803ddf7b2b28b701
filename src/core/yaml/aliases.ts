/**
 * Puts the nodes in the places of the aliases that name them, and refuses what would not end or not fit.
 *
 * yaml.v2 follows aliases while it decodes, when it knows all anchors; so an alias may stand before its anchor here.
 */
import { type YamlNode, yamlError } from './node.ts'

/** Collections inside each other, aliases written out. */
export const NESTING_MAX = 200
/** Nodes and characters once aliases are written out: this many, or ten times those of the source when that is more. */
const EXPANDED_NODES_MAX = 1_000_000
const EXPANDED_LENGTH_MAX = 16 << 20
const EXPANSION_MAX = 10

/** A place in a collection that waits for the node an alias names. */
export interface Alias {
  readonly into: YamlNode[]
  readonly index: number
  readonly name: string
  readonly offset: number
}

/**
 * @param nodes - how many nodes the source has, aliases included
 * @throws {ConfigError} `yaml`
 */
export function resolveAliases(
  root: YamlNode,
  aliases: readonly Alias[],
  anchors: ReadonlyMap<string, YamlNode>,
  nodes: number,
  source: string,
): void {
  for (const { into, index, name, offset } of aliases) {
    const node = anchors.get(name)
    if (node === undefined) throw yamlError(`unknown anchor '${name}' referenced`, offset, source)
    into[index] = node
  }
  const shared = new Map<YamlNode, Extent | 'open' | 'unknown'>()
  for (const node of anchors.values()) shared.set(node, 'unknown')
  const whole = measure(root, 0, shared, source)
  const nodesMax = Math.max(EXPANDED_NODES_MAX, EXPANSION_MAX * nodes)
  const lengthMax = Math.max(EXPANDED_LENGTH_MAX, EXPANSION_MAX * source.length)
  if (whole.nodes > nodesMax || whole.length > lengthMax) {
    throw yamlError('the document contains excessive aliasing', root.offset, source)
  }
}

interface Extent {
  readonly nodes: number
  /** Characters of its scalars. */
  readonly length: number
  /** Collections inside each other, this one included. */
  readonly height: number
}

/** What a node amounts to. `shared` lists the nodes that can be met more than once: those are measured once. */
function measure(
  node: YamlNode,
  depth: number,
  shared: Map<YamlNode, Extent | 'open' | 'unknown'>,
  source: string,
): Extent {
  if (node.kind === 'scalar') return { nodes: 1, length: node.text.length, height: 0 }
  const known = shared.get(node)
  if (known === 'open') throw yamlError('an anchor contains itself', node.offset, source)
  const height = typeof known === 'object' ? known.height : 1
  if (depth + height > NESTING_MAX) {
    throw yamlError(`aliases nest deeper than ${NESTING_MAX} levels`, node.offset, source)
  }
  if (typeof known === 'object') return known
  if (known === 'unknown') shared.set(node, 'open')
  let nodes = 1
  let length = 0
  let below = 0
  for (const children of node.kind === 'sequence' ? [node.items] : [node.keys, node.values]) {
    for (const child of children) {
      const extent = measure(child, depth + 1, shared, source)
      nodes += extent.nodes
      length += extent.length
      below = Math.max(below, extent.height)
    }
  }
  const extent = { nodes, length, height: below + 1 }
  if (known === 'unknown') shared.set(node, extent)
  return extent
}
