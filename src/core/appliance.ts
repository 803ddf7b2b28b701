/**
 * The box that this program may run in, as the HTTP room knows it: what it tells of itself, and what it can be asked for.
 *
 * Only shapes. Who is behind them (`src/appliance/start.ts`) reads what root's scripts write, and leaves them requests.
 */
import type { Readable } from 'node:stream'

import type { ModuleState } from './module-states.ts'

/** Of an update, as root's installer tells. */
export const UPDATE_STATES = ['idle', 'checking', 'writing', 'verifying', 'written', 'refused', 'failed'] as const

export interface UpdateState {
  readonly state: (typeof UPDATE_STATES)[number]
  readonly version: string | null
  /** Why it was refused or has failed. */
  readonly reason: string | null
  /** Of what it does now. */
  readonly percent: number | null
}

export interface ApplianceFacts {
  readonly version: string
  readonly hostname: string
  readonly arch: string
  /** That runs: `a`, `b`, `iso` or `net`; empty when nobody knows. */
  readonly slot: string
  /** Of the process that answers. */
  readonly uid: number
  /** Its effective capabilities in hexadecimal, as the kernel prints them: all 0 is none. */
  readonly capEff: string
  readonly noNewPrivs: boolean
  readonly mounts: readonly { readonly mount: string; readonly type: string; readonly readOnly: boolean }[]
  /** The data partition: `ok`, `missing`, `corrupt`, `read-only`, `full`. */
  readonly data: string
  readonly addresses: readonly { readonly iface: string; readonly address: string; readonly source: string }[]
  readonly memory: { readonly totalBytes: number; readonly availableBytes: number; readonly ownBytes: number }
  readonly modules: readonly ModuleState[]
  /** Each a sentence: what, where, what to do. */
  readonly problems: readonly string[]
  readonly update: UpdateState
}

/** Whether somebody may do what needs the token of the console. */
export type Admission = 'admitted' | 'wrong' | 'wait'

/** What became of an upload. */
export type Receipt =
  | { readonly received: true; readonly bytes: number; readonly sha256: string }
  | {
      readonly received: false
      readonly why: 'busy' | 'too-large' | 'full' | 'unwritable' | 'broken-off'
      readonly reason: string
    }

export interface Upload {
  readonly body: Readable
  /** As announced; undefined where it was not. */
  readonly length: number | undefined
  /** An older version is installed as well. */
  readonly isForced: boolean
}

export interface Appliance {
  /** As they are now. */
  readonly facts: () => ApplianceFacts
  /** Folder with `vmlinuz` and `system.img` of what runs; there need not be one. */
  readonly slotPath: string
  /**
   * @param token - as it was given; undefined when none was
   * @param peer - who gives it: each has a few tries
   */
  readonly admit: (token: string | undefined, peer: string) => Admission
  /**
   * Takes an update in and leaves it to the installer.
   *
   * @throws when the installer cannot be told
   */
  readonly receive: (upload: Upload) => Promise<Receipt>
  /** @throws when it cannot be asked for */
  readonly ask: (what: 'reboot' | 'poweroff') => Promise<void>
}
