/**
 * The one error that bytes from the network can cause. Anything else that a decoder throws is a fault of ours and has to
 * surface.
 */

export type DecodeErrorCode =
  | 'truncated' // ends before a field does
  | 'bad-magic' // another protocol
  | 'bad-value' // a field holds what no sender may put there
  | 'unsupported' // well formed, but nothing that is spoken here

/** Bytes from the network did not form a message. `offset` counts from the first byte of the datagram. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly code: DecodeErrorCode
  readonly offset: number

  constructor(code: DecodeErrorCode, offset: number, what: string) {
    super(`${code} at byte ${offset}: ${what}`)
    this.code = code
    this.offset = offset
  }
}
