import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { nativeLibc } from '../../src/net/libc.ts'
import { Client, fetchFile, openRoom, readRequest } from './room.ts'

const hosts = [
  ['by io_uring', { libc: nativeLibc() }],
  ['through the C library', { libc: nativeLibc(), ringless: true }],
  ['by dgram alone', { libc: undefined }],
] as const

/** What UEFI and iPXE sent once. */
function recorded(name: string): Uint8Array {
  const fixtures = JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/packets.json'), 'utf8')) as {
    name: string
    hex: string
  }[]
  return Buffer.from(fixtures.find((fixture) => fixture.name === name)!.hex, 'hex')
}

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

for (const [how, host] of hosts) {
  test.each([0, 1, 511, 512, 513, 1024])(`a file of %i bytes arrives, ${how}`, async (size) => {
    const file = randomBytes(size)
    const room = await openRoom({ 'a.efi': file }, { host })
    const { bytes, oack, dataPackets } = await fetchFile(room, readRequest('a.efi'))
    expect(bytes).toEqual(file)
    expect(oack).toBeUndefined()
    expect(dataPackets).toBe(Math.floor(size / 512) + 1)
    await expect
      .poll(() => room.lines('tftp.sent'))
      .toMatchObject([{ file: 'a.efi', bytes: size, resent: 0, block: 512 }])
    expect(room.faults).toEqual([])
  })

  test(`more blocks than 16 bits count arrive in windows, ${how}`, async () => {
    const file = randomBytes(65_700 * 512)
    const room = await openRoom({ big: file }, { host })
    const options = [['windowsize', '16']] as const
    const { bytes } = await fetchFile(room, readRequest('big', options))
    expect(hash(bytes)).toBe(hash(file))
  })

  test.each([8, 9, 511, 1001, 1432, 1468])(`blocks of %i bytes arrive, alone and in windows, ${how}`, async (size) => {
    const file = randomBytes(5000)
    const room = await openRoom({ f: file }, { host })
    for (const window of ['1', '7']) {
      const options = [
        ['blksize', String(size)],
        ['windowsize', window],
      ] as const
      const { bytes, oack } = await fetchFile(room, readRequest('f', options))
      expect(oack).toEqual(options)
      expect(bytes).toEqual(file)
    }
  })

  test(`a machine that closes its port ends its transfer, ${how}`, async () => {
    const room = await openRoom({ f: randomBytes(5000) }, { host })
    const client = await Client.open()
    client.send(readRequest('f'), room.port)
    const { port } = (await client.next())!
    client.send({ op: 'ack', block: 1 }, port)
    await client.next()
    await client.close()
    await expect.poll(() => room.lines('tftp.failed')).toMatchObject([{ reason: 'the machine no longer listens' }])
  })
}

test('options that nobody knows are no options: the file begins at once', async () => {
  const file = randomBytes(700)
  const room = await openRoom({ f: file })
  const { bytes, oack } = await fetchFile(
    room,
    readRequest('f', [
      ['x-vendor', '1'],
      ['multicast', ''],
    ]),
  )
  expect(oack).toBeUndefined()
  expect(bytes).toEqual(file)
})

test('UEFI asks for the size, breaks off with error 8, and reads the file from another port', async () => {
  const file = randomBytes(3000)
  const room = await openRoom({ 'snponly.efi': file })
  const client = await Client.open()
  client.send(named(recorded('edk2-rrq-probe'), 'snponly.efi'), room.port)
  const oack = await client.next()
  expect(oack?.packet).toEqual({
    op: 'oack',
    options: [
      ['tsize', '3000'],
      ['blksize', '1468'],
      ['windowsize', '4'],
    ],
  })
  expect(oack?.bytes.at(-1)).toBe(0)
  client.send(recorded('edk2-tftp-abort'), oack!.port)
  await expect.poll(() => room.lines('tftp.probe').length).toBe(1)
  expect(room.lines('tftp.failed')).toEqual([])
  const fetched = await fetchFile(room, named(recorded('edk2-rrq-download'), 'snponly.efi'))
  expect(fetched.oack?.map(([name]) => name)).toEqual(['blksize', 'windowsize'])
  expect(fetched.bytes).toEqual(file)
})

test('iPXE gets its block size and the size of the file, and no window', async () => {
  const file = randomBytes(3000)
  const room = await openRoom({ 'x.kpxe': file })
  const fetched = await fetchFile(room, named(recorded('ipxe-rrq'), 'x.kpxe'))
  expect(fetched.oack).toEqual([
    ['blksize', '1432'],
    ['tsize', '3000'],
  ])
  expect(fetched.bytes).toEqual(file)
})

/** A recorded request for another file. */
function named(request: Uint8Array, file: string): Uint8Array {
  const end = request.indexOf(0, 2)
  return Buffer.concat([request.subarray(0, 2), Buffer.from(file), request.subarray(end)])
}

test('a program that was read whole is told to the journal; a probe, and another file, is not', async () => {
  const room = await openRoom({ 'undionly.kpxe': 'x', 'notes.txt': 'y' })
  await fetchFile(room, readRequest('notes.txt'))
  await fetchFile(room, readRequest('boot\\UNDIONLY.KPXE'))
  await expect.poll(() => room.journal).toEqual([{ type: 'firmware', address: '127.0.0.1', file: 'undionly.kpxe' }])
})

test('autoexec.ipxe is made for the machine in every folder, and told to the journal', async () => {
  const room = await openRoom({ 'elsewhere/autoexec.ipxe': 'not this' }, { config: { httpPort: 8123 } })
  const { bytes } = await fetchFile(room, readRequest('/some/where/autoexec.ipxe', [['tsize', '0']]))
  expect(bytes.toString()).toMatch(/^#!ipxe\n/)
  expect(bytes.toString()).toContain('chain http://127.0.0.1:8123/boot.ipxe\n')
  expect(room.journal).toEqual([{ type: 'autoexec', address: '127.0.0.1' }])
})

test('an own autoexec.ipxe goes out as it is, and is told to the journal as well', async () => {
  const room = await openRoom({ 'autoexec.ipxe': '#!ipxe\nshell\n' })
  const { bytes } = await fetchFile(room, readRequest('autoexec.ipxe'))
  expect(bytes.toString()).toBe('#!ipxe\nshell\n')
  expect(room.journal).toEqual([{ type: 'autoexec', address: '127.0.0.1' }])
})

test('netascii has the line ends of the network, no size and no window', async () => {
  const room = await openRoom({ 'a.txt': 'one\ntwo\r' })
  const options = [
    ['tsize', '0'],
    ['blksize', '1024'],
    ['windowsize', '4'],
  ] as const
  const { bytes, oack } = await fetchFile(room, readRequest('a.txt', options, 'netascii'))
  expect(bytes.toString()).toBe('one\r\ntwo\r\0')
  expect(oack).toEqual([['blksize', '1024']])
})

test('what is refused is answered with the code of the RFC, and nothing is written', async () => {
  const room = await openRoom({ 'a.efi': 'x' })
  const client = await Client.open()
  const answer = async (packet: Parameters<Client['send']>[0]): Promise<number | undefined> => {
    client.send(packet, room.port)
    const heard = await client.next(500)
    return heard?.packet.op === 'error' ? heard.packet.code : undefined
  }
  expect(await answer(readRequest('missing.efi'))).toBe(1)
  expect(await answer(readRequest('../../etc/passwd'))).toBe(1)
  expect(await answer({ op: 'write', file: 'new.efi', mode: 'octet', options: [] })).toBe(2)
  expect(await answer(readRequest('a.efi', [], 'mail'))).toBe(4)
  expect(await answer(readRequest(''))).toBe(4)
  expect(await answer(Buffer.from([0]))).toBe(4)
  expect(await answer(Buffer.from([0, 9, 1, 2]))).toBe(4)
  expect(await answer({ op: 'ack', block: 1 })).toBe(5)
  expect(await answer({ op: 'error', code: 0, text: '' })).toBeUndefined()
  expect(readdirSync(room.folder)).toEqual(['a.efi'])
  expect(room.lines('tftp.refused')[0]).toMatchObject({
    file: 'missing.efi',
    reason: expect.stringContaining(room.folder),
  })
  expect(room.faults).toEqual([])
})

test('a repeated request repeats the first packet, from the same port, three times in all', async () => {
  const room = await openRoom({ f: randomBytes(2000) })
  const client = await Client.open()
  for (let times = 0; times < 5; times++) {
    client.send(readRequest('f'), room.port)
    await sleep(20)
  }
  const firsts = client.heard.filter(({ packet }) => packet.op === 'data' && packet.block === 1)
  expect(firsts.length).toBe(3)
  expect(new Set(firsts.map(({ port }) => port)).size).toBe(1)
  client.send({ op: 'ack', block: 1 }, firsts[0]!.port)
  await expect.poll(() => client.heard.at(-1)?.packet).toMatchObject({ op: 'data', block: 2 })
})

test('another request from the same port ends the transfer and begins anew', async () => {
  const room = await openRoom({ f: randomBytes(2000), g: 'G' })
  const client = await Client.open()
  client.send(readRequest('f'), room.port)
  const first = await client.next()
  client.send(readRequest('g'), room.port)
  const second = await client.next()
  expect(second?.packet).toEqual({ op: 'data', block: 1, bytes: Uint8Array.from(Buffer.from('G')) })
  expect(second?.port).not.toBe(first?.port)
})

test('a stranger on the port of a transfer is told so, and the transfer goes on', async () => {
  const file = randomBytes(2000)
  const room = await openRoom({ f: file })
  const stranger = await Client.open()
  const { bytes } = await fetchFile(room, readRequest('f'), async (port) => {
    stranger.send({ op: 'ack', block: 1 }, port)
    expect((await stranger.next())?.packet).toMatchObject({ op: 'error', code: 5 })
  })
  expect(bytes).toEqual(file)
  expect(stranger.heard.length).toBe(1)
})

test('a repeated, an old and a future ACK in lock-step bring no data', async () => {
  const room = await openRoom({ f: randomBytes(3000) })
  const client = await Client.open()
  client.send(readRequest('f'), room.port)
  const { port } = (await client.next())!
  client.send({ op: 'ack', block: 1 }, port)
  await client.next()
  for (const block of [1, 1, 0, 65_535, 3, 7]) client.send({ op: 'ack', block }, port)
  expect(await client.next(60)).toBeUndefined()
  client.send({ op: 'ack', block: 2 }, port)
  expect((await client.next())?.packet).toMatchObject({ block: 3 })
})

test('an ERROR of the machine, however odd, ends the transfer without an answer', async () => {
  const room = await openRoom({ f: randomBytes(3000) })
  const client = await Client.open()
  client.send(readRequest('f'), room.port)
  const { port } = (await client.next())!
  client.send(Buffer.from('\0\u0005\u0003\u00e7no NUL', 'latin1'), port)
  await expect.poll(() => room.lines('tftp.failed').length).toBe(1)
  expect(room.lines('tftp.failed')[0]).toMatchObject({ reason: 'the machine broke it off: error 999 no NUL' })
  expect(await client.next(1200)).toBeUndefined()
})

test('a transfer that runs keeps the file it began with; the next one gets the new file', async () => {
  const [old, young] = [randomBytes(5000), randomBytes(6000)]
  const room = await openRoom({ f: old })
  const { bytes } = await fetchFile(room, readRequest('f'), async () => {
    writeFileSync(join(room.folder, 'new'), young)
    renameSync(join(room.folder, 'new'), join(room.folder, 'f'))
    await sleep(80)
  })
  expect(bytes).toEqual(old)
  await expect.poll(async () => (await fetchFile(room, readRequest('f'))).bytes.equals(young)).toBe(true)
})

test('at its end the server tells the machines that it knows, and a new one serves at once', async () => {
  const room = await openRoom({ f: randomBytes(5000) })
  const client = await Client.open()
  client.send(readRequest('f'), room.port)
  const { port } = (await client.next())!
  client.send({ op: 'ack', block: 1 }, port)
  await client.next()
  await room.stop()
  expect((await client.next())?.packet).toMatchObject({ op: 'error', code: 0 })
  const next = await openRoom({ f: 'again' }, { port: room.port })
  expect((await fetchFile(next, readRequest('f'))).bytes.toString()).toBe('again')
})

test('there are only so many transfers for an address, and one more when one has ended', async () => {
  const room = await openRoom({ f: 'x' }, { config: { transfersPerAddressMax: 2 } })
  const clients = await Promise.all(Array.from({ length: 3 }, () => Client.open()))
  for (const client of clients) client.send(readRequest('f'), room.port)
  await sleep(200)
  expect(clients.map((client) => client.heard.length)).toEqual([1, 1, 0])
  expect(room.lines('tftp.limit')).toMatchObject([{ peer: '127.0.0.1', reason: '2 for this address' }])
  clients[0]!.send({ op: 'ack', block: 1 }, clients[0]!.heard[0]!.port)
  await expect.poll(() => room.lines('tftp.sent').length).toBe(1)
  clients[2]!.send(readRequest('f'), room.port)
  await expect.poll(() => clients[2]!.heard.length).toBe(1)
})

test('200 machines at once all get their file, none much later than the others', async () => {
  const file = randomBytes(200_000)
  const room = await openRoom({ f: file })
  const options = [
    ['blksize', '1468'],
    ['windowsize', '4'],
  ] as const
  const fetched = await Promise.all(Array.from({ length: 200 }, () => fetchFile(room, readRequest('f', options))))
  expect(fetched.filter(({ bytes }) => bytes.equals(file)).length).toBe(200)
  await expect.poll(() => room.lines('tftp.sent').length).toBe(200)
  const times = room.lines('tftp.sent').map((line) => Number(line['ms']))
  expect(Math.max(...times)).toBeLessThan(5 * times.toSorted((a, b) => a - b)[100]!)
  expect(room.faults).toEqual([])
})

test.each([
  ['blocks', []],
  ['OACKs', [['blksize', '1468']]],
] as const)(
  'a flood of requests that nobody acknowledges brings three %s in all, and nothing is left of it',
  async (_, options) => {
    const room = await openRoom({ f: randomBytes(2000) }, { config: { transfersPerAddressMax: 50 } })
    const open = (): number => readdirSync('/proc/self/fd').length
    const clients = await Promise.all(Array.from({ length: 40 }, () => Client.open()))
    const before = open()
    for (let round = 0; round < 25; round++) {
      for (const client of clients) client.send(readRequest('f', options), room.port)
      await sleep(4)
    }
    const heard = (): number => clients.flatMap((client) => client.heard).length
    await expect.poll(() => room.lines('tftp.limit').length, { timeout: 10_000 }).toBeGreaterThan(30)
    await expect.poll(open, { timeout: 10_000, interval: 200 }).toBe(before)
    expect(heard()).toBe(3)
    expect(room.faults).toEqual([])
  },
)

test('machines behind one address that nobody knows yet wait for the first of them, and no longer', async () => {
  const room = await openRoom({ f: 'x' })
  const clients = await Promise.all(Array.from({ length: 20 }, () => Client.open()))
  for (const client of clients) client.send(readRequest('f'), room.port)
  const served = (): Client[] => clients.filter(({ heard }) => heard.length > 0)
  await expect.poll(() => served().length).toBe(3)
  const [first] = served()
  first!.send({ op: 'ack', block: 1 }, first!.heard[0]!.port)
  await expect.poll(() => served().length).toBe(20)
  expect(room.lines('tftp.limit')).toEqual([])
})

test('error replies to one address are limited', async () => {
  const room = await openRoom({})
  const client = await Client.open()
  for (let at = 0; at < 300; at++) client.send(readRequest(`missing-${at}`), room.port)
  await sleep(300)
  expect(client.heard.length).toBeGreaterThan(10)
  expect(client.heard.length).toBeLessThan(60)
})
