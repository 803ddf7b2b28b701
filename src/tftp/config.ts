/**
 * What the TFTP room is given: its settings, and what it works with.
 */
import type { Firmware } from '../core/firmware.ts'
import type { Journal } from '../core/journal.ts'
import type { Log } from '../core/log.ts'

export interface TftpConfig {
  /** Host name or address in URLs, instead of the interface's own address. */
  readonly advertise: string | undefined
  /** That the HTTP room listens on. */
  readonly httpPort: number
  readonly transfersMax: number
  readonly transfersPerAddressMax: number
  /** RFC 2348; 1468 fits one Ethernet frame. */
  readonly blockBytesMax: number
}

export interface TftpDeps {
  readonly firmware: Firmware
  readonly journal: Journal
  readonly log: Log
}
