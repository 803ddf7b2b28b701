/**
 * A connected socket whose datagrams cost no turn of the event loop each. `ring.ts` and `poll.ts` make them.
 */
import type { WireEvents } from './wire.ts'

export interface Link {
  /** One datagram. It leaves at the end of what the process is at now. */
  send(bytes: Uint8Array): void
  /** Closes the socket as well. Safe to call twice. */
  close(): void
}

export type LinkEvents = Pick<WireEvents, 'take' | 'failed'>
