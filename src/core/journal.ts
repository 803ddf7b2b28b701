/**
 * What the rooms see of machines that boot, told to whoever listens.
 *
 * The rooms know one machine by different names: DHCP by its MAC, TFTP and HTTP by the address it has. An `address` event
 * joins the two; `boots/` makes one story of all of them.
 */
import type { Group } from './groups.ts'
import type { Labels } from './labels.ts'

export type BootEvent =
  /** The machine holds, or asks its DHCP server for, this address. */
  | { readonly type: 'address'; readonly mac: string; readonly address: string }
  /** A network boot program was read to its end. `file` is its name below the firmware folder. */
  | { readonly type: 'firmware'; readonly address: string; readonly file: string }
  /** An iPXE that came from here asked for `autoexec.ipxe`. */
  | { readonly type: 'autoexec'; readonly address: string }
  | Asked
  | Requested
  | Began
  | Moved
  | Ended
  | Refused
  | Rival

/** A machine asked by DHCP what to boot. */
export interface Asked {
  readonly type: 'asked'
  readonly mac: string
  readonly uuid: string | undefined
  /** Name of the interface that it came in by. */
  readonly iface: string
  /** Of ours, that it was sent to. */
  readonly port: 67 | 4011
  /** Number in option 93; undefined where nobody looked. */
  readonly architecture: number | undefined
  /** What its iPXE can do; undefined for firmware. */
  readonly ipxe: { readonly http: boolean; readonly able: boolean } | undefined
  /** The file or URL that it was told, or undefined if none. */
  readonly boot: string | undefined
  /** `silent`: nothing was sent, since no group could be meant for it. */
  readonly answer: 'told' | 'nothing-fits' | 'silent'
  /** Why this and not another, for people. */
  readonly reason: string | undefined
}

/** What a route is for. */
export type Purpose = 'script' | 'ipxe' | 'pixiecore' | 'ignition' | 'cloud' | 'metadata' | 'signature' | 'autoexec'

/** An HTTP request of a machine was answered from memory. */
export interface Requested {
  readonly type: 'requested'
  readonly purpose: Purpose
  readonly address: string
  /** Raw, and what it says. */
  readonly query: string
  readonly labels: Labels
  /** As it came, percent-encoded, without the query. */
  readonly path: string
  readonly status: number
  /** Of the body. */
  readonly bytes: number
  /** Absent where it is no text. */
  readonly body: string | undefined
  /** That it took. */
  readonly ms: number
  readonly group: Group | undefined
  /** An error that is none: nothing of the kind is configured for the group. */
  readonly unconfigured: boolean
  /** Why it is no success. */
  readonly reason: string | undefined
}

/** A file is on its way to a machine. `Moved` and `Ended` name it by `via` and `id`, which a room counts. */
export interface Began {
  readonly type: 'began'
  readonly via: 'tftp' | 'http'
  readonly id: number
  readonly address: string
  readonly from: 'firmware' | 'assets' | 'appliance'
  /** Name below its folder. */
  readonly file: string
  readonly totalBytes: number
  /** TFTP: of a block, and how many are under way at once. */
  readonly blockBytes?: number
  readonly window?: number
}

export interface Moved {
  readonly type: 'moved'
  readonly via: 'tftp' | 'http'
  readonly id: number
  /** So far. */
  readonly bytes: number
}

export interface Ended {
  readonly type: 'ended'
  readonly via: 'tftp' | 'http'
  readonly id: number
  readonly bytes: number
  /** `probe`: it wanted to know the size only. `part`: it asked for a part of the file, and got it. */
  readonly outcome: 'whole' | 'part' | 'probe' | 'failed'
  /** TFTP: blocks sent more than once. */
  readonly resent?: number
  /** Why it failed. */
  readonly reason?: string | undefined
}

/** A machine asked for a file and got none. */
export interface Refused {
  readonly type: 'refused'
  readonly via: 'tftp' | 'http'
  readonly address: string
  readonly from: 'firmware' | 'assets' | 'appliance'
  readonly file: string
  /** Of the HTTP answer. */
  readonly status?: number
  readonly reason: string
}

/** Another server on the wire told a machine what to boot. */
export interface Rival {
  readonly type: 'rival'
  readonly mac: string
  /** Its address. */
  readonly server: string
  /** What it names; empty if it leaves that for later. */
  readonly file: string
  readonly iface: string
}

export interface Journal {
  readonly report: (event: BootEvent) => void
  /** @returns a function that ends it */
  readonly listen: (listener: (event: BootEvent) => void) => () => void
}

export function createJournal(): Journal {
  const listeners = new Set<(event: BootEvent) => void>()
  return {
    report(event) {
      for (const listener of listeners) listener(event)
    },
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
