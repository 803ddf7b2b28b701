/**
 * Where bytes are in memory, for calls that take no buffer but its address.
 */

/** Of memory that stays where it is as long as somebody has it. */
const starts = new WeakMap<ArrayBufferLike, number>()

/**
 * @returns good for as long as somebody has the bytes. A number is exact: no process has addresses of more than 2^52
 * @throws Error where this Node cannot
 */
export function addressOf({ buffer, byteOffset }: Uint8Array): number {
  let start = starts.get(buffer)
  if (start === undefined) {
    start = Number(process.getBuiltinModule('node:ffi').getRawPointer(new Uint8Array(buffer)))
    starts.set(buffer, start)
  }
  return start + byteOffset
}
