import { expect, onTestFinished, test } from 'vitest'

import { receiveDatagrams, sendDatagram } from '../../src/net/datagrams.ts'
import { closeUdp, openUdp, type UdpOptions, type UdpSocket } from '../../src/net/udp-socket.ts'

async function open(options: Partial<UdpOptions> = {}): Promise<UdpSocket> {
  const udp = await openUdp({ address: '127.0.0.1', port: 0, ...options })
  onTestFinished(() => closeUdp(udp))
  return udp
}

/** As where the C library cannot be called. */
function plain(udp: UdpSocket): UdpSocket {
  return { ...udp, fd: undefined }
}

function failed(error: Error): never {
  throw error
}

test.each([
  ['through the C library', (udp: UdpSocket) => udp],
  ['by dgram alone', plain],
])('every datagram of a burst arrives once, in order, with its sender, %s', async (_, as) => {
  const receiver = await open({ receiveBufferBytes: 1 << 20 })
  const sender = await open()
  const to = receiver.socket.address()
  const heard: string[] = []
  receiveDatagrams(as(receiver), (bytes, { address, port }) =>
    heard.push(`${address}:${port} ${Buffer.from(bytes).toString()}`),
  )
  const words = Array.from({ length: 200 }, (_, index) => `word ${index}`)
  for (const word of words) sendDatagram(as(sender), Buffer.from(word), to, failed)
  const from = `127.0.0.1:${sender.socket.address().port}`
  await expect.poll(() => heard).toEqual(words.map((word) => `${from} ${word}`))
})

test.each([
  ['through the C library', (udp: UdpSocket) => udp],
  ['by dgram alone', plain],
])('what the kernel does not take is told, %s', async (_, as) => {
  const udp = await open()
  const codes: unknown[] = []
  sendDatagram(as(udp), Buffer.alloc(70_000), { address: '127.0.0.1', port: 9 }, (error) =>
    codes.push('code' in error && error.code),
  )
  await expect.poll(() => codes).toEqual(['EMSGSIZE'])
})

test('an empty datagram is one, and ends no burst', async () => {
  const receiver = await open()
  const sender = await open()
  const lengths: number[] = []
  receiveDatagrams(receiver, (bytes) => lengths.push(bytes.length))
  for (const length of [3, 0, 0, 5]) sendDatagram(sender, Buffer.alloc(length), receiver.socket.address(), failed)
  await expect.poll(() => lengths).toEqual([3, 0, 0, 5])
})
