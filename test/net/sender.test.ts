import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'

import { errorCode } from '../../src/core/errors.ts'
import { type Libc, nativeLibc } from '../../src/net/libc.ts'
import { createSender } from '../../src/net/sender.ts'
import { closeUdp, openUdp, type UdpOptions, type UdpSocket } from '../../src/net/udp-socket.ts'

const libc = nativeLibc()!

async function open(options: Partial<UdpOptions> = {}): Promise<UdpSocket> {
  const udp = await openUdp({ address: '127.0.0.1', port: 0, receiveBufferBytes: 1 << 20, ...options })
  onTestFinished(() => closeUdp(udp))
  return udp
}

/** Contents of what arrives. */
function listen({ socket }: UdpSocket): string[] {
  const heard: string[] = []
  socket.on('message', (bytes) => heard.push(bytes.toString('latin1')))
  return heard
}

function failed(error: Error): never {
  throw error
}

/** The C library of a kernel that does not know UDP_SEGMENT. */
const OLD_KERNEL: Libc = { ...libc, setsockopt: () => -1 }

test.each([
  ['cut by the kernel', { libc }],
  ['where the kernel cannot cut', { libc: OLD_KERNEL }],
  ['by dgram alone', { libc: undefined }],
])('whatever is sent to whom arrives there once, whole and in order: %s', async (_, host) => {
  const [near, far, udp] = [await open(), await open(), await open()]
  const peers = [near, far].map(({ socket }) => socket.address())
  const heard = [listen(near), listen(far)]
  const sender = createSender(udp, failed, host)
  const datagram = fc.record({ to: fc.nat(1), length: fc.constantFrom(300, 300, 300, 299, 301, 1400, 8) })
  const wanted: [string[], string[]] = [[], []]
  let number = 0
  await fc.assert(
    fc.asyncProperty(fc.array(datagram, { maxLength: 150 }), async (datagrams) => {
      for (const { to, length } of datagrams) {
        const content = String(number++).padEnd(length, '.')
        wanted[to]!.push(content)
        sender.send(Buffer.from(content), peers[to])
      }
      sender.flush()
      await expect.poll(() => heard.map((all) => all.length), { interval: 1 }).toEqual(wanted.map((all) => all.length))
    }),
    { numRuns: 30 },
  )
  expect(heard).toEqual(wanted)
})

test('nothing leaves before the burst is over, and then in one call for every 64', async () => {
  const [peer, udp] = [await open(), await open()]
  const heard = listen(peer)
  const calls: number[] = []
  const counting: Libc = {
    ...libc,
    sendto(fd, bytes, flags, address) {
      calls.push(bytes.length)
      return libc.sendto(fd, bytes, flags, address)
    },
  }
  const sender = createSender(udp, failed, { libc: counting })
  for (let count = 0; count < 100; count++) sender.send(Buffer.alloc(300), peer.socket.address())
  sender.flush()
  await expect.poll(() => heard.length).toBe(100)
  expect(calls).toEqual([64 * 300, 36 * 300])
})

test('what the kernel does not take is told for each', async () => {
  const udp = await open()
  const codes: string[] = []
  const sender = createSender(udp, (error) => codes.push(errorCode(error)))
  const broadcast = { address: '255.255.255.255', port: 9 } // which the socket may not
  for (let count = 0; count < 3; count++) sender.send(Buffer.alloc(300), broadcast)
  sender.flush()
  expect(codes).toEqual(['EACCES', 'EACCES', 'EACCES'])
})
