/**
 * A UDP socket in a host of the lab, steered from the test: a machine, a relay, a stranger.
 *
 *   const machine = await openProbe(host, { address: '0.0.0.0', port: 68 })
 *   machine.send(bytes, '255.255.255.255', 67)
 *   const { bytes, from } = await machine.next()
 *
 * Run as a program, this file is that socket: it sends what it reads from standard input and prints what it hears.
 */
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

import { openUdp, type UdpOptions } from '../../src/net/udp-socket.ts'
import type { Host } from './lab.ts'

export interface Heard {
  readonly bytes: Buffer
  readonly from: { readonly address: string; readonly port: number }
}

export interface Probe {
  send(bytes: Uint8Array, address: string, port: number): void
  /** All that was heard so far. */
  readonly heard: () => readonly Heard[]
  /** The first that fits, heard before or after the call; rejects after `waitMs`. */
  next(fits?: (heard: Heard) => boolean, waitMs?: number): Promise<Heard>
}

/** On `eth0` unless `device` says otherwise. */
export async function openProbe(host: Host, options: UdpOptions): Promise<Probe> {
  const wanted: UdpOptions = { device: 'eth0', reuse: true, broadcast: true, receiveBufferBytes: 4 << 20, ...options }
  const program = host.start(
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    import.meta.filename,
    JSON.stringify(wanted),
  )
  await program.waitFor(/ready\n/)
  const heard = (): Heard[] =>
    program
      .output()
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => {
        const { hex, address, port } = JSON.parse(line) as Line
        return { bytes: Buffer.from(hex, 'hex'), from: { address, port } }
      })
  return {
    send: (bytes, address, port) =>
      void program.process.stdin!.write(
        `${JSON.stringify({ hex: Buffer.from(bytes).toString('hex'), address, port })}\n`,
      ),
    heard,
    async next(fits = () => true, waitMs = 5000) {
      for (const deadline = Date.now() + waitMs; ; await sleep(10)) {
        const found = heard().find(fits)
        if (found !== undefined) return found
        if (Date.now() > deadline) throw new Error(`nothing that fits was heard in ${waitMs} ms, of ${heard().length}`)
      }
    },
  }
}

interface Line {
  readonly hex: string
  readonly address: string
  readonly port: number
}

async function runProbe(options: UdpOptions): Promise<void> {
  const { socket } = await openUdp(options)
  socket.on('message', (bytes, { address, port }) =>
    process.stdout.write(`${JSON.stringify({ hex: bytes.toString('hex'), address, port })}\n`),
  )
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { hex, address, port } = JSON.parse(line) as Line
    socket.send(Buffer.from(hex, 'hex'), port, address)
  })
  process.stdout.write('ready\n')
}

if (process.argv[1] === import.meta.filename) await runProbe(JSON.parse(process.argv[2]!) as UdpOptions)
