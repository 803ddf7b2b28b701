/** Which sockets the kernel says are tied to an interface, asked in earnest. */
import { expect, onTestFinished, test } from 'vitest'

import { tiedSockets } from '../../src/dhcp/tied-sockets.ts'
import { type Libc, nativeLibc } from '../../src/net/libc.ts'
import { listeningOn } from '../../src/net/port-holder.ts'
import { closeUdp, openUdp, type UdpOptions, type UdpSocket } from '../../src/net/udp-socket.ts'

/** The first interface of every Linux. */
const LOOPBACK = 1
const LIBC = nativeLibc()!

async function open(address: string, port: number, options: Partial<UdpOptions> = {}): Promise<UdpSocket> {
  const udp = await openUdp({ address, port, ...options })
  onTestFinished(() => closeUdp(udp))
  return udp
}

test('a socket that is tied is told with its interface, one that is not is left out', async () => {
  const tied = await open('127.0.0.1', 0, { device: 'lo' })
  const { port } = tied.socket.address()
  await open('127.0.0.2', port)
  await open('127.0.0.3', 0, { device: 'lo' })
  const inode = (await listeningOn('udp', port)).find(({ address }) => address === '127.0.0.1')!.inode
  expect(tiedSockets(port, LIBC)).toEqual(new Map([[inode, LOOPBACK]]))
})

test('many sockets are all told', async () => {
  const { port } = (await open('127.0.1.0', 0, { device: 'lo' })).socket.address()
  for (let count = 1; count < 600; count++) {
    await open(`127.0.${1 + (count >> 8)}.${count & 255}`, port, { device: 'lo' })
  }
  const inodes = (await listeningOn('udp', port)).map(({ inode }) => inode)
  expect(inodes).toHaveLength(600)
  expect([...tiedSockets(port, LIBC).keys()].toSorted()).toEqual(inodes.toSorted())
})

test('where the kernel does not tell, none is', async () => {
  const { port } = (await open('127.0.0.1', 0, { device: 'lo' })).socket.address()
  const deaf: Libc = { ...LIBC, socket: () => -1 }
  const mute: Libc = { ...LIBC, recv: () => -1 }
  expect([deaf, mute].map((libc) => tiedSockets(port, libc).size)).toEqual([0, 0])
})
