/**
 * A snapshot: all that requests are answered from, as it stood on disk at one moment. Immutable, swapped whole.
 */
import type { ConfigFile } from '../configs.ts'
import type { ConfigError } from '../errors.ts'
import type { GroupIndex } from '../find-group.ts'
import type { Spec } from '../specs.ts'

export interface SpecFile {
  /** As people find it: `specs/etcd/spec.json`. */
  readonly path: string
  readonly spec: Spec | ConfigError
  /** The iPXE script of its boot section, which is the same for every machine; empty when there is none. */
  readonly script: string
}

export interface Snapshot {
  readonly groups: GroupIndex
  /** By id: the path of the folder below `specs/`. */
  readonly specs: ReadonlyMap<string, SpecFile>
  /** By id: the path of the file below the folder. */
  readonly ignition: ReadonlyMap<string, ConfigFile>
  readonly cloud: ReadonlyMap<string, ConfigFile>
}
