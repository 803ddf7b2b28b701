/**
 * The TFTP service on a free port of the loopback, with a firmware folder of its own, and a client that shows every packet.
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { onTestFinished } from 'vitest'

import { openFirmware } from '../../src/core/firmware.ts'
import { type BootEvent, createJournal } from '../../src/core/journal.ts'
import { createLog } from '../../src/core/log.ts'
import { nativeLibc } from '../../src/net/libc.ts'
import type { TftpConfig } from '../../src/tftp/config.ts'
import type { Host } from '../../src/tftp/native.ts'
import { decode, encode, type Option, type Packet } from '../../src/tftp/packet.ts'
import { Server } from '../../src/tftp/server.ts'

export interface Room {
  readonly port: number
  readonly folder: string
  /** Lines of the log, of one event or all. */
  readonly lines: (event?: string) => Record<string, unknown>[]
  /** What the DHCP room heeds of it. */
  readonly journal: readonly BootEvent[]
  /** All of it. */
  readonly reported: readonly BootEvent[]
  /** Faults of ours. */
  readonly faults: readonly unknown[]
  /** Ends what listens, and everything that runs. Safe to call twice. */
  readonly stop: () => Promise<void>
}

const ADDRESS = '127.0.0.1'

export interface RoomOptions {
  readonly config?: Partial<TftpConfig>
  readonly host?: Host
  readonly port?: number
}

/** It ends with the test. */
export async function openRoom(
  files: Readonly<Record<string, string | Uint8Array>>,
  { config = {}, host = { libc: nativeLibc() }, port }: RoomOptions = {},
): Promise<Room> {
  const folder = mkdtempSync(join(tmpdir(), 'bootcfg-tftp-'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  const lines: Record<string, unknown>[] = []
  const write = (text: string): void => {
    for (const line of text.trim().split('\n')) lines.push(JSON.parse(line) as Record<string, unknown>)
  }
  const log = createLog({ level: 'debug', pretty: false, write })
  const firmware = await openFirmware(folder, log, 20)
  const journal = createJournal()
  const events: BootEvent[] = []
  const all: BootEvent[] = []
  journal.listen((event) => {
    all.push(event)
    if (event.type === 'firmware' || event.type === 'autoexec') events.push(event)
  })
  const faults: unknown[] = []
  const limits = { transfersMax: 1024, transfersPerAddressMax: 256, blockBytesMax: 1468 }
  const settings = { advertise: undefined, httpPort: 8080, ...limits, ...config }
  const chosen = port ?? (await freePort())
  const server = new Server(settings, { firmware, journal, log }, (error) => faults.push(error), chosen, host)
  const iface = { name: 'lo', index: 1, address: ADDRESS, netmask: '255.0.0.0', mac: '00:00:00:00:00:00' }
  const listening = await server.listen(iface, (error) => faults.push(error))
  let stopped: Promise<void> | undefined
  async function end(): Promise<void> {
    await listening.close()
    server.stop()
    await firmware.stop()
    rmSync(folder, { recursive: true })
  }
  const stop = (): Promise<void> => (stopped ??= end())
  onTestFinished(stop)
  return {
    port: chosen,
    folder,
    lines: (event) => (event === undefined ? lines : lines.filter((line) => line['event'] === event)),
    journal: events,
    reported: all,
    faults,
    stop,
  }
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, ADDRESS)
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return port
}

export interface Heard {
  readonly packet: Packet
  readonly bytes: Buffer
  readonly port: number
}

/** One port of a machine. */
export class Client {
  readonly socket: Socket
  readonly #waiting: Heard[] = []
  readonly heard: Heard[] = []
  #wake: (() => void) | undefined
  #closed: Promise<void> | undefined

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('message', (bytes, { port }) => {
      const heard = { packet: decode(Uint8Array.from(bytes)), bytes: Buffer.from(bytes), port }
      this.heard.push(heard)
      this.#waiting.push(heard)
      this.#wake?.()
    })
  }

  static async open(): Promise<Client> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 }).bind(0, ADDRESS)
    await once(socket, 'listening')
    const client = new Client(socket)
    onTestFinished(() => client.close())
    return client
  }

  /** Safe to call twice. */
  close(): Promise<void> {
    return (this.#closed ??= new Promise((resolve) => this.socket.close(resolve)))
  }

  send(packet: Packet | Uint8Array, port: number): void {
    this.socket.send(packet instanceof Uint8Array ? packet : encode(packet), port, ADDRESS)
  }

  /** The next packet that nobody has taken yet; undefined when none comes. */
  async next(waitMs = 3000): Promise<Heard | undefined> {
    if (this.#waiting.length === 0) {
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, waitMs)
        this.#wake = () => {
          clearTimeout(late)
          resolve()
        }
      })
      this.#wake = undefined
    }
    return this.#waiting.shift()
  }
}

export interface Fetched {
  readonly bytes: Buffer
  readonly oack: readonly Option[] | undefined
  readonly error: Extract<Packet, { op: 'error' }> | undefined
  readonly dataPackets: number
}

export function readRequest(file: string, options: readonly Option[] = [], mode = 'octet'): Packet {
  return { op: 'read', file, mode, options }
}

/** Fetches a file as a well-behaved client does; `begun` is called when the first block is there. */
export async function fetchFile(
  room: Room,
  request: Packet | Uint8Array,
  begun: (serverPort: number) => void | Promise<void> = () => {},
): Promise<Fetched> {
  const client = await Client.open()
  client.send(request, room.port)
  const parts: Buffer[] = []
  let oack: readonly Option[] | undefined
  let [blockBytes, window, expected, inWindow] = [512, 1, 1, 0]
  for (;;) {
    const heard = await client.next()
    if (heard === undefined) throw new Error(`nothing came any more, after ${parts.length} blocks`)
    const { packet, port } = heard
    if (packet.op === 'error') return { bytes: Buffer.concat(parts), oack, error: packet, dataPackets: parts.length }
    if (packet.op === 'oack') {
      oack = packet.options
      const value = (name: string): number | undefined => {
        const found = packet.options.find(([option]) => option.toLowerCase() === name)
        return found === undefined ? undefined : Number(found[1])
      }
      blockBytes = value('blksize') ?? 512
      window = value('windowsize') ?? 1
      client.send({ op: 'ack', block: 0 }, port)
    } else if (packet.op === 'data' && packet.block === (expected & 0xffff)) {
      if (parts.length === 0) await begun(port)
      parts.push(Buffer.from(packet.bytes))
      const isLast = packet.bytes.length < blockBytes
      inWindow += 1
      if (isLast || inWindow === window) {
        client.send({ op: 'ack', block: packet.block }, port)
        inWindow = 0
      }
      if (isLast) return { bytes: Buffer.concat(parts), oack, error: undefined, dataPackets: parts.length }
      expected += 1
    }
  }
}
