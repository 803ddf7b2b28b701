import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

import { describe, expect, onTestFinished, test } from 'vitest'

import { errorCode } from '../../src/core/errors.ts'
import { nativeLibc } from '../../src/net/libc.ts'
import { closeUdp, openUdp, socketAddress, type UdpOptions } from '../../src/net/udp-socket.ts'

const LOOPBACK = { address: '127.0.0.1', port: 0 }

const HOSTS = [
  ['through the C library', { libc: nativeLibc() }],
  ['by dgram alone', { libc: undefined }],
] as const

async function open(options: UdpOptions, host: { libc: ReturnType<typeof nativeLibc> } = HOSTS[0][1]) {
  const udp = await openUdp(options, host)
  onTestFinished(() => closeUdp(udp))
  return udp
}

test('the pinned Node can call the C library', () => {
  expect(nativeLibc()).toBeDefined()
})

describe.each(HOSTS)('a socket made %s', (_, host) => {
  test('receives at its address, and sends from it', async () => {
    const a = await open(LOOPBACK, host)
    const b = await open(LOOPBACK, host)
    const heard = once(b.socket, 'message')
    a.socket.send('hello', b.socket.address().port, '127.0.0.1')
    const [bytes, from] = await heard
    expect(String(bytes)).toBe('hello')
    expect(from).toMatchObject({ address: '127.0.0.1', port: a.socket.address().port })
  })

  test('a connected one sends without an address, and hears only its peer', async () => {
    const peer = await open(LOOPBACK, host)
    const stranger = await open(LOOPBACK, host)
    const udp = await open({ ...LOOPBACK, connect: peer.socket.address() }, host)
    const messages: string[] = []
    udp.socket.on('message', (bytes) => messages.push(String(bytes)))
    const heard = once(peer.socket, 'message')
    udp.socket.send('to the peer')
    expect(String((await heard)[0])).toBe('to the peer')
    stranger.socket.send('from a stranger', udp.socket.address().port, '127.0.0.1')
    await sleep(20)
    peer.socket.send('from the peer', udp.socket.address().port, '127.0.0.1')
    await expect.poll(() => messages).toEqual(['from the peer'])
  })

  test('a port that is held is EADDRINUSE, unless both allow it', async () => {
    const { port } = (await open(LOOPBACK, host)).socket.address()
    const again = openUdp({ ...LOOPBACK, port, reuse: true }, host)
    expect(await again.catch(errorCode)).toBe('EADDRINUSE')
    const shared = (await open({ ...LOOPBACK, reuse: true }, host)).socket.address()
    await open({ ...shared, reuse: true }, host)
  })

  test('an address of another machine is EADDRNOTAVAIL', async () => {
    expect(await openUdp({ address: '203.0.113.7', port: 0 }, host).catch(errorCode)).toBe('EADDRNOTAVAIL')
  })

  test('room for a burst is as asked for, or what the system allows', async () => {
    const small = await open({ ...LOOPBACK, receiveBufferBytes: 8192 }, host)
    const large = await open({ ...LOOPBACK, receiveBufferBytes: 150_000 }, host)
    expect(small.socket.getRecvBufferSize()).toBeLessThan(large.socket.getRecvBufferSize())
  })
})

test('an interface that is not there is ENODEV', async () => {
  expect(await openUdp({ ...LOOPBACK, device: 'nope0' }).catch(errorCode)).toBe('ENODEV')
})

test('what is longer than a segment leaves as several datagrams', async () => {
  const peer = await open(LOOPBACK)
  const udp = await open({ ...LOOPBACK, connect: peer.socket.address(), segmentBytes: 100 })
  expect(udp.segments).toBe(true)
  const lengths: number[] = []
  peer.socket.on('message', (bytes) => lengths.push(bytes.length))
  udp.socket.send(Buffer.alloc(250))
  await expect.poll(() => lengths).toEqual([100, 100, 50])
})

test('a socket address has family, port and address in their own byte orders', () => {
  expect(Buffer.from(socketAddress('10.9.0.2', 67)).toString('hex')).toBe('020000430a0900020000000000000000')
  expect(() => socketAddress('eth0', 67)).toThrow(RangeError)
})
