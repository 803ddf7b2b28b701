/**
 * Writes the archive that a Linux kernel unpacks as its first root file system: cpio, "newc" format.
 *
 * The same entries always make the same bytes: no times, no owners, inodes by position. And a device node needs no root.
 *
 * @see the kernel's Documentation/driver-api/early-userspace/buffer-format.rst
 */
export interface CpioEntry {
  /** Path without a leading slash. Folders come before what is in them. */
  readonly path: string
  /** File type and permissions, as in `stat`. */
  readonly mode: number
  readonly bytes?: Uint8Array
  /** Major and minor number of a device node. */
  readonly device?: readonly [number, number]
}

export const MODE = { file: 0o100_644, program: 0o100_755, folder: 0o040_755, characterDevice: 0o020_600 } as const

const TRAILER: CpioEntry = { path: 'TRAILER!!!', mode: 0 }

export function encodeCpio(entries: readonly CpioEntry[]): Buffer {
  return Buffer.concat([...entries, TRAILER].flatMap((entry, at) => encodeEntry(entry, at + 1)))
}

function encodeEntry(entry: CpioEntry, inode: number): Uint8Array[] {
  const bytes = entry.bytes ?? new Uint8Array()
  const [major, minor] = entry.device ?? [0, 0]
  const name = Buffer.from(`${entry.path}\0`)
  const isTrailer = entry === TRAILER
  const links = entry.mode === MODE.folder ? 2 : 1
  const fields = [isTrailer ? 0 : inode, entry.mode, 0, 0, links, 0, bytes.length, 0, 0, major, minor, name.length, 0]
  const header = Buffer.concat([Buffer.from('070701'), ...fields.map(hex8), name])
  return [padded(header), padded(bytes)]
}

function hex8(field: number): Buffer {
  return Buffer.from(field.toString(16).padStart(8, '0'))
}

/** With zeros, to a multiple of four bytes: headers, data and whole archives start at one. */
export function padded(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])
}
