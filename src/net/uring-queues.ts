/**
 * Makes an io_uring, and maps what it shares with us: its two queues, and the entries that one of them is for.
 */
import { mapShared, type UringCalls } from './uring-calls.ts'

const SETUP = { cqSize: 1 << 3, submitAll: 1 << 7, singleIssuer: 1 << 12, deferTaskrun: 1 << 13 }
const SETUP_FLAGS = SETUP.cqSize | SETUP.submitAll | SETUP.singleIssuer | SETUP.deferTaskrun

/** How many entries and completions fit. */
export const [ENTRIES, COMPLETIONS] = [1024, 4096]
/** Of `struct io_uring_sqe` and `struct io_uring_cqe`. */
export const [ENTRY_BYTES, COMPLETION_BYTES] = [64, 16]

/** `struct io_uring_params`: where what is, in bytes. */
const PARAMS = { bytes: 120, completions: 4, flags: 8, submission: 40, completion: 80 }
/** Behind `submission` and `completion`: the offsets of each. */
const AT = { head: 0, tail: 4, array: 24, completions: 20, flags: 24 }
/** What to map for the entries (IORING_OFF_SQES). */
const ENTRIES_OFFSET = 0x1000_0000

export interface Queues {
  /** The caller's to close, after which `unmap` ends all of this. */
  readonly fd: number
  readonly queues: Int32Array
  readonly entries: Int32Array
  /** Places in `queues`. */
  readonly at: {
    readonly [_ in 'head' | 'tail' | 'completedHead' | 'completedTail' | 'flags' | 'completions']: number
  }
  readonly unmap: () => void
}

/** @returns undefined where the kernel cannot, or may not */
export function openQueues(calls: UringCalls, close: (fd: number) => number): Queues | undefined {
  const params = Buffer.alloc(PARAMS.bytes)
  params.writeUInt32LE(COMPLETIONS, PARAMS.completions)
  params.writeUInt32LE(SETUP_FLAGS, PARAMS.flags)
  const fd = calls.setup(ENTRIES, params)
  if (fd < 0) return undefined
  try {
    return mapQueues(calls, fd, params)
  } catch {
    close(fd)
    return undefined
  }
}

function mapQueues(calls: UringCalls, fd: number, params: Buffer): Queues {
  const { submission, completion } = PARAMS
  const completions = params.readUInt32LE(completion + AT.completions)
  const array = params.readUInt32LE(submission + AT.array)
  const bytes = Math.max(completions + COMPLETIONS * COMPLETION_BYTES, array + ENTRIES * 4)
  const mapped = [mapShared(calls, fd, 0, bytes), mapShared(calls, fd, ENTRIES_OFFSET, ENTRIES * ENTRY_BYTES)] as const
  const [queues, entries] = [new Int32Array(mapped[0].memory), new Int32Array(mapped[1].memory)]
  // Entries are performed in the order in which they are written.
  for (let index = 0; index < ENTRIES; index++) queues[(array >> 2) + index] = index
  const place = (queue: number, at: number): number => params.readUInt32LE(queue + at) >> 2
  return {
    fd,
    queues,
    entries,
    at: {
      head: place(submission, AT.head),
      tail: place(submission, AT.tail),
      completedHead: place(completion, AT.head),
      completedTail: place(completion, AT.tail),
      flags: place(completion, AT.flags),
      completions: completions >> 2,
    },
    unmap: () => {
      for (const each of mapped) each.unmap()
    },
  }
}
