/**
 * A YAML document as it was written: scalars keep their source text, their style and their tag, because what `0755`
 * or `yes` means depends on what reads it (a Go string, a number, or anything).
 *
 * Aliases are resolved: a node that is used twice is the same object twice, and the whole is a finite tree of bounded
 * size however it is walked (`aliases.ts`).
 */
import { ConfigError } from '../errors.ts'
import { positionAt } from '../position.ts'

export type YamlNode = YamlScalar | YamlSequence | YamlMapping

export interface YamlScalar {
  readonly kind: 'scalar'
  /** The text with quotes, escapes and folding undone, nothing else. */
  readonly text: string
  /** Neither quoted nor a block: such a scalar may mean something else than its text. */
  readonly plain: boolean
  /** `!!int`, `!local`; empty when none was written. */
  readonly tag: string
  /** Where it starts in the source, in UTF-16 units. */
  readonly offset: number
}

/** Tags of sequences and mappings say nothing to yaml.v2 and are not kept. */
export interface YamlSequence {
  readonly kind: 'sequence'
  readonly items: readonly YamlNode[]
  readonly offset: number
}

/** `keys` and `values` run side by side, in the order of the source, repeated keys included. */
export interface YamlMapping {
  readonly kind: 'mapping'
  readonly keys: readonly YamlNode[]
  readonly values: readonly YamlNode[]
  /** There is a merge key (`<<`) among the keys; see `entriesOf`. */
  readonly merges: boolean
  readonly offset: number
}

/** Whether a key is the merge key (yaml.v2 decode.go, isMerge): `"<<"` in quotes is a key like any other. */
export function isMergeKey(key: YamlNode): boolean {
  return key.kind === 'scalar' && key.text === '<<' && ((key.plain && key.tag === '') || key.tag === '!!merge')
}

/** An error of code `yaml`, at an offset of the source when there is one to count in. */
export function yamlError(message: string, offset: number, source: string | undefined): ConfigError {
  return new ConfigError('yaml', message, source === undefined ? {} : positionAt(source, offset))
}
