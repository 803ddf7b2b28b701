/**
 * Asks for assets in every way that ends early, collects garbage meanwhile, and counts the files that are open then. Run
 * by handles.test.ts with `--expose-gc` and a folder.
 */
import { once } from 'node:events'
import { readdirSync, readlinkSync, truncateSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { createLog } from '../../src/core/log.ts'
import { startHttp } from '../../src/http/start.ts'

const folder = process.argv[2]!
const log = createLog({ level: 'critical', pretty: false, write: () => {} })
const http = await startHttp(
  {
    addresses: ['127.0.0.1:0'],
    assetsPath: folder,
    headerBytesMax: 4096,
    connectionsMax: 500,
    requestMsMax: 500,
    idleMsMax: 700,
  },
  {
    log,
    snapshot: () => {
      throw new Error('not asked for')
    },
  },
)
const port = Number(new URL(http.url!).port)

const REQUESTS: readonly (readonly [method: string, path: string, headers?: string])[] = [
  ['GET', 'large'],
  ['HEAD', 'large'],
  ['GET', 'large', 'Range: bytes=5-99999999\r\n'],
  ['GET', 'large', 'Range: bytes=999999999-\r\n'],
  ['GET', 'small', 'If-None-Match: *\r\n'],
  ['GET', 'small', 'If-Match: "x"\r\n'],
  ['GET', 'small'],
  ['HEAD', 'small'],
  ['GET', 'no-extension'],
  ['GET', 'folder'],
  ['GET', 'folder/'],
  ['GET', 'nowhere'],
  ['GET', '../x'],
  ['GET', 'shrinks'],
]

/** Several requests on one connection, without waiting for answers; left at once, after the first bytes, or by time-out. */
async function visit(round: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  const pipelined = Array.from({ length: 1 + (round % 3) }, (_, n) => REQUESTS[(round + n) % REQUESTS.length]!)
  socket.write(
    pipelined
      .map(([method, path, more = '']) => `${method} /assets/${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`)
      .join(''),
  )
  const closed = once(socket, 'close')
  if (round % 11 === 0) socket.pause() // reads nothing; the server lets go of it
  else if (round % 4 === 1) await once(socket, 'data').catch(() => {})
  else if (round % 4 === 2) await sleep(round % 9)
  else if (round % 4 === 3) socket.end()
  if (round % 11 !== 0) {
    if (round % 5 === 0 && !socket.writableEnded) socket.resetAndDestroy()
    else socket.destroy()
  } else {
    await sleep(1500)
    socket.resume()
  }
  await closed
}

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`)
      return target.startsWith(folder) ? [target] : []
    } catch {
      return []
    }
  })
}

const before = openFiles()
for (let round = 0; round < 600; round += 20) {
  if (round === 300) truncateSync(join(folder, 'shrinks'), 10)
  await Promise.race([Promise.all(Array.from({ length: 20 }, (_, n) => visit(round + n))), sleep(50)])
  globalThis.gc!()
}
await sleep(2500)
globalThis.gc!()
for (let left = 100; left > 0 && openFiles().length > before.length; left--) await sleep(100) // a busy machine
const after = openFiles()
await http.stop()
process.stdout.write(
  after.length === before.length ? 'open before and after: the same\n' : `still open: ${after.join(' ')}\n`,
)
