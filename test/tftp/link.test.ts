/** Sockets by io_uring and by epoll do the same. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'

import { expect, onTestFinished, test, type TestContext } from 'vitest'

import { nativeLibc } from '../../src/net/libc.ts'
import { socketAddress } from '../../src/net/udp-socket.ts'
import type { Link } from '../../src/tftp/link.ts'
import { Poll } from '../../src/tftp/poll.ts'
import { Ring } from '../../src/tftp/ring.ts'
import { skip } from '../support/requirements.ts'

const ADDRESS = '127.0.0.1'
const [AF_INET, SOCK_DGRAM] = [2, 2]
const libc = nativeLibc()!

const kinds = [
  ['io_uring', () => Ring.open(libc)],
  ['epoll', () => Poll.open(libc)],
] as const

interface Opened {
  readonly link: Link
  readonly port: number
  readonly peer: Socket
  /** What came, as text; `!` and a code for a failure. */
  readonly came: string[]
}

function opener(context: TestContext, open: (typeof kinds)[number][1]) {
  const links = open()
  if (links === undefined) skip(context, 'this kernel does not let io_uring be used')
  onTestFinished(() => links.close())
  return async (): Promise<Opened> => {
    const peer = createSocket('udp4').bind(0, ADDRESS)
    await once(peer, 'listening')
    const fd = libc.socket(AF_INET, SOCK_DGRAM, 0)
    libc.bind(fd, socketAddress(ADDRESS, 0))
    libc.connect(fd, socketAddress(ADDRESS, peer.address().port))
    const own = Buffer.alloc(16)
    libc.getsockname(fd, own)
    const came: string[] = []
    const link = links.link(fd, {
      take: (bytes) => came.push(Buffer.from(bytes).toString('latin1')),
      failed: (error) => came.push(`!${String(Reflect.get(error, 'code'))}`),
    })
    const close = (): void => {
      link.close()
      peer.removeAllListeners().close()
    }
    onTestFinished(close)
    return { link, port: own.readUInt16BE(2), peer, came }
  }
}

for (const [kind, open] of kinds) {
  test(`by ${kind} datagrams come in order, empty ones as well, and go out`, async (context) => {
    const { link, port, peer, came } = await opener(context, open)()
    for (const text of ['one', '', 'two', 'x'.repeat(200)]) peer.send(text, port, ADDRESS)
    await expect.poll(() => came.filter((text) => text !== '')).toEqual(['one', 'two', 'x'.repeat(200)])
    const heard: string[] = []
    peer.on('message', (bytes) => heard.push(bytes.toString()))
    for (const text of ['a', 'b', 'c']) link.send(Buffer.from(text))
    await expect.poll(() => heard).toEqual(['a', 'b', 'c'])
    peer.send('three', port, ADDRESS)
    await expect.poll(() => came.at(-1)).toBe('three')
  })

  test(`by ${kind} more may wait than there is memory for at once`, async (context) => {
    const one = opener(context, open)
    const all = await Promise.all(Array.from({ length: 12 }, () => one()))
    for (const { peer, port } of all) {
      for (let count = 0; count < 120; count++) peer.send(String(count), port, ADDRESS)
    }
    await expect.poll(() => all.map(({ came }) => came.length)).toEqual(all.map(() => 120))
    expect(all[7]!.came).toEqual(Array.from({ length: 120 }, (_, count) => String(count)))
  })

  test(`by ${kind} a peer that is gone is told, and its socket can be closed`, async (context) => {
    const one = opener(context, open)
    const before = readdirSync('/proc/self/fd').length
    const { link, peer, came } = await one()
    await new Promise<void>((resolve) => void peer.close(resolve))
    peer.close = () => peer
    await expect
      .poll(() => {
        link.send(Buffer.from('x'))
        return came
      })
      .toContain('!ECONNREFUSED')
    link.close()
    link.close()
    await expect.poll(() => readdirSync('/proc/self/fd').length).toBe(before)
  })

  test(`by ${kind} nothing is heard of a link that was closed, while others go on`, async (context) => {
    const one = opener(context, open)
    const [closed, other] = [await one(), await one()]
    closed.link.close()
    for (const { peer, port } of [closed, other]) peer.send('x', port, ADDRESS)
    await expect.poll(() => other.came).toEqual(['x'])
    expect(closed.came).toEqual([])
  })
}
