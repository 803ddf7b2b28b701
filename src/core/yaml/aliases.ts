/**
 * Puts the nodes in the places of the aliases that name them, and refuses what would not end or not fit.
 *
 * yaml.v2 follows aliases while it decodes, when it knows all anchors; so an alias may stand before its anchor here.
 */
import { type YamlNode, yamlError } from './node.ts'

/** Collections inside each other, aliases written out. */
export const NESTING_MAX = 200
/** Nodes once aliases are written out: this many, or ten times the nodes of the source when those are more. */
const EXPANDED_NODES_MAX = 1_000_000
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
 * @param source - only to say where in it an error is
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
  const limit = Math.max(EXPANDED_NODES_MAX, EXPANSION_MAX * nodes)
  if (measure(root, 0, shared, source).nodes > limit) {
    throw yamlError('the document contains excessive aliasing', root.offset, source)
  }
}

interface Extent {
  readonly nodes: number
  /** Collections inside each other, this one included. */
  readonly height: number
}

const SCALAR: Extent = { nodes: 1, height: 0 }

/** What a node amounts to. `shared` lists the nodes that can be met more than once: those are measured once. */
function measure(
  node: YamlNode,
  depth: number,
  shared: Map<YamlNode, Extent | 'open' | 'unknown'>,
  source: string,
): Extent {
  if (node.kind === 'scalar') return SCALAR
  const known = shared.get(node)
  if (known === 'open') throw yamlError('an anchor contains itself', node.offset, source)
  const height = typeof known === 'object' ? known.height : 1
  if (depth + height > NESTING_MAX) {
    throw yamlError(`aliases nest deeper than ${NESTING_MAX} levels`, node.offset, source)
  }
  if (typeof known === 'object') return known
  if (known === 'unknown') shared.set(node, 'open')
  let nodes = 1
  let below = 0
  for (const children of node.kind === 'sequence' ? [node.items] : [node.keys, node.values]) {
    for (const child of children) {
      const extent = measure(child, depth + 1, shared, source)
      nodes += extent.nodes
      below = Math.max(below, extent.height)
    }
  }
  const extent = { nodes, height: below + 1 }
  if (known === 'unknown') shared.set(node, extent)
  return extent
}
