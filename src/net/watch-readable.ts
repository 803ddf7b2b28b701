/**
 * Has the event loop look after a descriptor that Node has no handle for, such as an epoll, by the calls of libuv.
 */

const UV_SYMBOLS = {
  uv_handle_size: { return: 'u64', arguments: ['i32'] },
  uv_poll_init: { return: 'i32', arguments: ['pointer', 'buffer', 'i32'] },
  uv_poll_start: { return: 'i32', arguments: ['buffer', 'i32', 'pointer'] },
  uv_poll_stop: { return: 'i32', arguments: ['buffer'] },
  uv_unref: { return: 'void', arguments: ['buffer'] },
  uv_close: { return: 'void', arguments: ['buffer', 'pointer'] },
} as const

/** From uv.h. */
const [UV_POLL, UV_READABLE] = [8, 1]

export interface Watch {
  /** Before the descriptor is closed. */
  stop(): void
}

/**
 * @param readable - called once in each turn of the event loop in which something can be read
 * @returns undefined where this Node cannot
 */
export function watchReadable(fd: number, readable: () => void): Watch | undefined {
  try {
    const ffi = process.getBuiltinModule('node:ffi')
    const { lib, functions: uv } = ffi.dlopen(null, UV_SYMBOLS)
    // A buffer of its own: small ones may be moved by the garbage collector.
    const handle = new Uint8Array(new ArrayBuffer(Number(uv.uv_handle_size(UV_POLL))))
    let turn: NodeJS.Immediate | undefined
    // What is called from there is outside of everything that Node does around a callback; an immediate is inside.
    const called = lib.registerCallback({ return: 'void', arguments: ['pointer', 'i32', 'i32'] }, () => {
      turn ??= setImmediate(() => {
        turn = undefined
        readable()
      })
    })
    if (uv.uv_poll_init(ffi.getCurrentEventLoop(), handle, fd) !== 0) return undefined
    uv.uv_poll_start(handle, UV_READABLE, called)
    uv.uv_unref(handle)
    return {
      stop() {
        clearImmediate(turn)
        uv.uv_poll_stop(handle)
        uv.uv_close(handle, 0n)
        // The event loop lets go of the handle in its next turn; until then neither may be gone.
        setTimeout(() => void [handle, lib.unregisterCallback(called)], CLOSING_MS).unref()
      },
    }
  } catch {
    return undefined
  }
}

const CLOSING_MS = 100
