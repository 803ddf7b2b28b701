/**
 * A file as DATA packets of one block size, one behind the other as they go out: a window is one piece of memory, which
 * one send with UDP segmentation takes.
 */
import { HEADER_BYTES } from './packet.ts'

export interface Blocks {
  /** Number of the last block. It is short, maybe empty: that ends the transfer. */
  readonly count: number
  /** Of each packet but the last. */
  readonly packetBytes: number
  /** Packets `first` to `last`, counted from 1. Not to be written to. */
  packets(first: number, last: number): Uint8Array
}

const OP_DATA = 3

/** All packets of a file, to be kept for all transfers of it that have this block size. */
export function layOut(file: Uint8Array, blockBytes: number): Uint8Array {
  return write(file, blockBytes, 1, countOf(file.length, blockBytes))
}

/** How long that will be. */
export function laidOutBytes(fileBytes: number, blockBytes: number): number {
  return fileBytes + countOf(fileBytes, blockBytes) * HEADER_BYTES
}

/** @param all - what `layOut` made of a file of `fileBytes` */
export function laidOut(all: Uint8Array, fileBytes: number, blockBytes: number): Blocks {
  const count = countOf(fileBytes, blockBytes)
  const packetBytes = blockBytes + HEADER_BYTES
  const packets = (first: number, last: number): Uint8Array =>
    all.subarray((first - 1) * packetBytes, last === count ? all.length : last * packetBytes)
  return { count, packetBytes, packets }
}

/** Written anew for each send: for block sizes that hardly anybody has. */
export function asNeeded(file: Uint8Array, blockBytes: number): Blocks {
  return {
    count: countOf(file.length, blockBytes),
    packetBytes: blockBytes + HEADER_BYTES,
    packets: (first, last) => write(file, blockBytes, first, last),
  }
}

function countOf(fileBytes: number, blockBytes: number): number {
  return Math.floor(fileBytes / blockBytes) + 1
}

function write(file: Uint8Array, blockBytes: number, first: number, last: number): Uint8Array {
  const from = (first - 1) * blockBytes
  const to = Math.min(last * blockBytes, file.length)
  const out = Buffer.allocUnsafe(to - from + (last - first + 1) * HEADER_BYTES)
  let at = 0
  for (let block = first; block <= last; block++) {
    out[at] = 0
    out[at + 1] = OP_DATA
    out[at + 2] = block >> 8
    out[at + 3] = block
    const start = (block - 1) * blockBytes
    const end = Math.min(start + blockBytes, file.length)
    out.set(file.subarray(start, end), at + HEADER_BYTES)
    at += HEADER_BYTES + end - start
  }
  return out
}
