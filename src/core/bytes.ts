/**
 * A cursor over bytes that came from the network: every field is named as it is read, and reading past the end is a
 * `DecodeError`. Integers are big endian, as on the wire.
 */
import { DecodeError } from './decode-error.ts'

export class ByteReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Offset of the next byte. */
  get at(): number {
    return this.#at
  }

  /** How many bytes are still to be read. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  u8(field: string): number {
    const at = this.#advance(1, field)
    return this.#bytes[at]!
  }

  u16(field: string): number {
    const at = this.#advance(2, field)
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!
  }

  u32(field: string): number {
    const at = this.#advance(4, field)
    const bytes = this.#bytes
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  }

  /** The next `length` bytes, as a view of the datagram. */
  take(length: number, field: string): Uint8Array {
    const at = this.#advance(length, field)
    return this.#bytes.subarray(at, at + length)
  }

  /** The bytes before the next NUL, which is read too, as a view of the datagram. */
  untilNul(field: string): Uint8Array {
    const end = this.#bytes.indexOf(0, this.#at)
    if (end < 0) throw new DecodeError('truncated', this.#at, `${field} does not end in NUL`)
    const at = this.#advance(end + 1 - this.#at, field)
    return this.#bytes.subarray(at, end)
  }

  /** All that is left, as a view of the datagram. */
  rest(): Uint8Array {
    return this.take(this.left, 'rest')
  }

  /** @returns where the field starts */
  #advance(length: number, field: string): number {
    const at = this.#at
    const left = this.#bytes.length - at
    if (length > left) throw new DecodeError('truncated', at, `${field} needs ${length} bytes, ${left} left`)
    this.#at = at + length
    return at
  }
}
