/**
 * The words of one outgoing transfer: what is agreed on, how far it is, what happens to it and what is done.
 *
 * The OACK is block 0. Blocks are counted on and on here; on the wire 0 comes after 65535.
 */

export interface Terms {
  /** Number of the last block. */
  readonly blocks: number
  /** The first packet is an OACK, block 0; else block 1. */
  readonly oack: boolean
  /** Blocks that may be on their way, once the client has acknowledged anything: until then it may not exist. */
  readonly window: number
  /** Between the first packet and its repetition, if the client has said so. */
  readonly timeoutMs: number | undefined
}

export interface Transfer {
  readonly at: 'sending' | 'sent' | 'probed' | 'failed'
  /** Why it failed, for people. */
  readonly reason?: string
  /** Last block that the client has; one less than the first when it has none. */
  readonly acked: number
  /** Last block that was sent. */
  readonly upTo: number
  /** Repetitions since the client last got ahead. */
  readonly tries: number
  /** Blocks of this window that were sent again: no more than once, whatever the client repeats. */
  readonly again: number
  /** ACKs that may still come because blocks of the window before were sent twice: they tell of no loss. */
  readonly echoes: number
  /** Smoothed time from a window to its ACK. */
  readonly rttMs: number | undefined
  /** How often the time for an answer was doubled since it was last measured. */
  readonly doublings: number
  /** When the window was sent. */
  readonly sentMs: number
  /** When its time is up. */
  readonly dueMs: number
  /** Blocks sent more than once, for the log. */
  readonly resent: number
}

export type Event =
  | { readonly type: 'ack'; readonly block: number; readonly nowMs: number }
  | { readonly type: 'error'; readonly code: number; readonly text: string }
  /** The same request once more. `mute`: its address has had enough first packets for one that never answers. */
  | { readonly type: 'again'; readonly nowMs: number; readonly mute: boolean }
  | { readonly type: 'time'; readonly nowMs: number; readonly mute: boolean }
  /** The client's host says that nobody listens on its port. */
  | { readonly type: 'gone' }
  /** Something that sending again does not mend. */
  | { readonly type: 'broken'; readonly reason: string }
  /** The server ends. */
  | { readonly type: 'stop' }

export type Effect =
  /** Blocks `first` to `last`, of which 0 is the OACK. */
  | { readonly do: 'send'; readonly first: number; readonly last: number }
  | { readonly do: 'error'; readonly code: number; readonly text: string }
  | { readonly do: 'end' }

export type Step = readonly [Transfer, readonly Effect[]]
