/**
 * Memory that io_uring puts datagrams into: the kernel takes a piece for each from a list of those that are free, in memory
 * that it shares (`struct io_uring_buf_ring`; Linux 5.19).
 */
import { addressOf } from './memory.ts'

/** So many may wait to be read in one go; what a datagram has beyond so many bytes is lost, as recv(2) says. */
const [COUNT, BYTES] = [1024, 256]
/** A page of the largest kind. */
const PAGE_BYTES = 65_536
/** `struct io_uring_buf`: address u64, length u32, number u16, and in the first of them the list's tail u16. */
const ENTRY_BYTES = 16
const TAIL_AT = 7

const REGISTER_BUFFER_RING = 22
/** `struct io_uring_buf_reg`: address u64, entries u32, group u16. */
const REGISTRATION_BYTES = 40

export class ReceiveBuffers {
  /** The number that the kernel knows them by. */
  readonly group = 1
  readonly #memory = Buffer.alloc(COUNT * BYTES)
  readonly #list32: Int32Array
  readonly #list16: Uint16Array
  /** The last that was read in each: nearly all are of one length. */
  readonly #views: Uint8Array[]
  #tail = 0

  /** @param register - makes them known to the kernel, or throws */
  constructor(register: (argument: Uint8Array, operation: number) => void) {
    const room = new Uint8Array(new ArrayBuffer(COUNT * ENTRY_BYTES + PAGE_BYTES))
    const start = -addressOf(room) & (PAGE_BYTES - 1)
    this.#list32 = new Int32Array(room.buffer, start, (COUNT * ENTRY_BYTES) / 4)
    this.#list16 = new Uint16Array(room.buffer, start, (COUNT * ENTRY_BYTES) / 2)
    this.#views = Array.from({ length: COUNT }, () => this.#memory.subarray(0, 0))
    const registration = Buffer.alloc(REGISTRATION_BYTES)
    registration.writeBigUInt64LE(BigInt(addressOf(room) + start))
    registration.writeUInt32LE(COUNT, 8)
    registration.writeUInt16LE(this.group, 12)
    register(registration, REGISTER_BUFFER_RING)
    for (let index = 0; index < COUNT; index++) this.giveBack(index)
    this.returned()
  }

  /** @returns what was received; it is overwritten some time after `returned` */
  received(index: number, bytes: number): Uint8Array {
    const view = this.#views[index]!
    return view.length === bytes
      ? view
      : (this.#views[index] = this.#memory.subarray(index * BYTES, index * BYTES + bytes))
  }

  giveBack(index: number): void {
    const slot = this.#tail & (COUNT - 1)
    const address = addressOf(this.#memory) + index * BYTES
    this.#list32[slot * 4] = address
    this.#list32[slot * 4 + 1] = address / 2 ** 32
    this.#list32[slot * 4 + 2] = BYTES
    this.#list16[slot * 8 + 6] = index
    this.#tail = (this.#tail + 1) & 0xffff
  }

  /** The kernel may take those that were given back. */
  returned(): void {
    Atomics.store(this.#list16, TAIL_AT, this.#tail)
  }
}
