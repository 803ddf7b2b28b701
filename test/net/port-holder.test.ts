import { spawn } from 'node:child_process'
import { once } from 'node:events'

import { expect, onTestFinished, test } from 'vitest'

import { holderOf, listeningOn, listenProblem, parseTable } from '../../src/net/port-holder.ts'
import { closeUdp, openUdp } from '../../src/net/udp-socket.ts'

/** As Linux 6 prints it on a little-endian machine. */
const UDP_TABLE = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  132: 0200090A:0043 FFFFFFFF:0044 01 00000000:00000000 00:00000000 00000000     0        0 1201 2 0000000000000000 0
  133: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1202 2 0000000000000000 0
  134: 0200090A:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000   105        0 1203 2 0000000000000000 0
  135: 0100007F:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1204 2 0000000000000000 0
`
const UDP6_TABLE = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  133: 00000000000000000000000000000000:0043 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1205 2 0000000000000000 0
  134: 000080FE00000000FF005450AABBCCDD:0043 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1206 2 0000000000000000 0
`

test('only sockets that take what anybody sends to that port are listed', () => {
  expect(parseTable(UDP_TABLE, '07', 67)).toEqual([
    { address: '0.0.0.0', inode: '1202' },
    { address: '10.9.0.2', inode: '1203' },
  ])
})

test('IPv6 addresses are told apart from the one that stands for all', () => {
  const [any, linkLocal] = parseTable(UDP6_TABLE, '07', 67)
  expect(any?.address).toBe('::')
  expect(linkLocal?.address).toBe('fe800000:00000000:505400ff:ddccbbaa')
})

test('what is no table has no sockets', () => {
  expect(parseTable('', '07', 67)).toEqual([])
  expect(parseTable('heading\n\n \nmore: than that', '07', 67)).toEqual([])
})

test('a socket of this process is listed, and stops being listed when it is closed', async () => {
  const udp = await openUdp({ address: '127.0.0.1', port: 0 })
  const { port } = udp.socket.address()
  expect(await listeningOn('udp', port)).toMatchObject([{ address: '127.0.0.1' }])
  await closeUdp(udp)
  expect(await listeningOn('udp', port)).toEqual([])
})

/** Another process that holds a port. */
async function startHolder(kind: 'tcp' | 'udp', address = '127.0.0.1', at = 0): Promise<{ port: number; pid: number }> {
  const program = {
    tcp: `const s = require('net').createServer().listen(${at}, '${address}', () => console.log(s.address().port))`,
    udp: `const s = require('dgram').createSocket('udp4').bind(${at}, '${address}', () => console.log(s.address().port))`,
  }
  const child = spawn(process.execPath, ['-e', program[kind]], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(async () => {
    const ended = once(child, 'exit')
    child.kill()
    await ended
  })
  const [line] = await once(child.stdout, 'data')
  return { port: Number(line), pid: child.pid! }
}

test.each(['tcp', 'udp'] as const)('the process that holds a %s port is named', async (kind) => {
  const { port, pid } = await startHolder(kind)
  for (const address of ['127.0.0.1', '0.0.0.0', '', '::1']) {
    expect(await holderOf(kind, address, port), address).toMatch(new RegExp(`^\\S+ \\(pid ${pid}\\)$`))
  }
})

test('of two processes that hold a port, each at its address, the one at ours is named', async () => {
  const { port, pid } = await startHolder('udp')
  const other = await startHolder('udp', '127.0.0.2', port)
  expect(await holderOf('udp', '127.0.0.1', port)).toContain(`(pid ${pid})`)
  expect(await holderOf('udp', '127.0.0.2', port)).toContain(`(pid ${other.pid})`)
  expect(await holderOf('udp', '127.0.0.3', port)).toBeUndefined()
})

test('the line about a held port names the holder and what to do', async () => {
  const { port, pid } = await startHolder('udp')
  const wanted = { protocol: 'udp', address: '127.0.0.1', port, purpose: 'TFTP', advice: 'stop it' } as const
  const error = await openUdp(wanted).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  const line = await listenProblem(wanted, error)
  expect(line).toContain(`cannot listen on 127.0.0.1:${port} (TFTP): `)
  expect(line).toMatch(new RegExp(` \\(pid ${pid}\\) holds the port: stop it$`))
})

test.each([
  ['EACCES', 'cannot listen on 10.9.0.2:69 (TFTP): ports below 1024 need root or CAP_NET_BIND_SERVICE: grant it'],
  ['EPERM', 'cannot listen on 10.9.0.2:69 (TFTP): tying a socket to an interface needs root or CAP_NET_RAW: grant it'],
  ['EADDRNOTAVAIL', 'cannot listen on 10.9.0.2:69 (TFTP): no interface has that address'],
  ['EADDRINUSE', 'cannot listen on 10.9.0.2:69 (TFTP): another program holds the port: stop it'],
  ['ENOBUFS', 'cannot listen on 10.9.0.2:69 (TFTP): no buffer space available'],
])('%s is told in words', async (code, line) => {
  // Port 69 of this machine may be held in truth, by a process that can be named: port 0 never is.
  const wanted = { protocol: 'udp', address: '10.9.0.2', port: 0, purpose: 'TFTP', advice: 'stop it' } as const
  const error = Object.assign(new Error(`${code}: no buffer space available, bind`), { code })
  expect(await listenProblem(wanted, error)).toBe(line.replace(':69', ':0'))
})
