/**
 * A rack of machines that are switched on at once, simulated in one process: run it in a namespace of a lab.
 *
 *   node test/support/rack.ts COUNT
 *
 * Each does what a machine does, from an address of its own: DISCOVER until an offer comes, the boot file and
 * `autoexec.ipxe` by TFTP in windows of four blocks, `/boot.ipxe`, `/ipxe` and `/ignition`. Prints one line of JSON: what
 * each machine got in the end, or what went wrong.
 */
import { createHash } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

export interface RackMachine {
  readonly mac: string
  readonly uuid: string
  readonly address: string
  /** Option 93: 0 BIOS, 7 UEFI on x86-64. */
  readonly arch: number
}

/** The machines of a rack; half of them have BIOS. */
export function rackMachines(count: number): RackMachine[] {
  return Array.from({ length: count }, (_, at) => {
    const hex = at.toString(16).padStart(4, '0')
    return {
      mac: `52:54:00:00:${hex.slice(0, 2)}:${hex.slice(2)}`,
      uuid: `00000000-0000-4000-8000-00000000${hex}`,
      address: `10.9.${1 + (at >> 7)}.${1 + (at & 127)}`,
      arch: at % 2 === 0 ? 0 : 7,
    }
  })
}

export type Outcome =
  | { readonly mac: string; readonly file: string; readonly sha256: string; readonly ignition: string }
  | { readonly mac: string; readonly failed: string }

const RETRY_MS = 1000
const RETRIES_MAX = 20

async function bootRack(count: number): Promise<Outcome[]> {
  const offers = await openOffers()
  const outcomes = await Promise.all(
    rackMachines(count).map((machine) =>
      bootMachine(machine, offers).catch((error: unknown) => ({ mac: machine.mac, failed: String(error) })),
    ),
  )
  offers.close()
  return outcomes
}

async function bootMachine(machine: RackMachine, offers: Offers): Promise<Outcome> {
  const { mac, uuid, address, arch } = machine
  const { server, file } = await offers.ask(machine)
  const program = await readByTftp(address, server, file)
  const script =
    arch === 0 ? `http://${server}:8080/boot.ipxe` : scriptIn(await readByTftp(address, server, 'autoexec.ipxe'))
  await getText(script, address)
  const query = `uuid=${uuid}&mac=${mac.replaceAll(':', '-')}`
  await getText(new URL(`/ipxe?${query}`, script).href, address)
  const ignition = await getText(new URL(`/ignition?${query}`, script).href, address)
  return { mac, file, sha256: createHash('sha256').update(program).digest('hex'), ignition }
}

function scriptIn(autoexec: Buffer): string {
  return /^chain (\S+)$/m.exec(autoexec.toString())?.[1] ?? ''
}

// ---- DHCP

interface Offers {
  ask(machine: RackMachine): Promise<{ server: string; file: string }>
  close(): void
}

/** One socket for all: offers are broadcast, and the transaction id says whose one is. */
async function openOffers(): Promise<Offers> {
  const waiting = new Map<number, (offer: { server: string; file: string }) => void>()
  const socket = await bound('0.0.0.0', 68)
  socket.setBroadcast(true)
  socket.on('message', (message) => {
    const server = message.subarray(20, 24).join('.')
    const file = message.toString('latin1', 108, message.indexOf(0, 108))
    if (file !== '') waiting.get(message.readUInt32BE(4))?.({ server, file })
  })
  let ids = 0x5eed_0000
  return {
    async ask(machine) {
      const xid = ids++
      const offered = new Promise<{ server: string; file: string }>((resolve) => waiting.set(xid, resolve))
      return retried(() => socket.send(discover(machine, xid), 67, '255.255.255.255'), offered, 'no offer')
    },
    close: () => socket.close(),
  }
}

function discover({ mac, uuid, arch }: RackMachine, xid: number): Buffer {
  const header = Buffer.alloc(240)
  header.set([1, 1, 6, 0])
  header.writeUInt32BE(xid, 4)
  header.writeUInt16BE(0x8000, 10) // answer by broadcast
  header.write(mac.replaceAll(':', ''), 28, 'hex')
  header.write('63825363', 236, 'hex')
  const option = (code: number, ...value: readonly number[]): number[] => [code, value.length, ...value]
  return Buffer.concat([
    header,
    Buffer.from([
      ...option(53, 1),
      ...option(60, ...Buffer.from(`PXEClient:Arch:0000${arch}:UNDI:003000`)),
      ...option(93, 0, arch),
      ...option(97, 0, ...Buffer.from(uuid.replaceAll('-', ''), 'hex')),
      255,
    ]),
  ])
}

// ---- TFTP

const TFTP = { read: 1, data: 3, ack: 4, error: 5, options: 6 } as const
const BLOCK_BYTES = 1468

/** RFC 1350 with blksize and windowsize, as EDK2 reads. */
async function readByTftp(address: string, server: string, file: string): Promise<Buffer> {
  const socket = await bound(address, 0)
  const words = [file, 'octet', 'blksize', String(BLOCK_BYTES), 'windowsize', '4']
  let say = Buffer.concat([Buffer.from([0, TFTP.read]), Buffer.from(`${words.join('\0')}\0`)])
  let port = 69
  let heard = false
  const blocks: Buffer[] = []
  const whole = new Promise<Buffer>((resolve, reject) => {
    socket.on('message', (packet, from) => {
      const [operation, number] = [packet.readUInt16BE(0), packet.readUInt16BE(2)]
      port = from.port
      heard = true
      if (operation === TFTP.error) return reject(new Error(`TFTP error ${number}: ${packet.toString('latin1', 4)}`))
      const isNext = operation === TFTP.data && number === blocks.length + 1
      if (isNext) blocks.push(packet.subarray(4))
      const isLast = isNext && packet.length < BLOCK_BYTES + 4
      if (operation === TFTP.options || isLast || (isNext && number % 4 === 0)) {
        say = Buffer.from([0, TFTP.ack, blocks.length >> 8, blocks.length & 255])
        socket.send(say, port, server)
      }
      if (isLast) resolve(Buffer.concat(blocks))
    })
  })
  try {
    return await retried(
      () => socket.send(say, port, server),
      whole,
      `no ${file}`,
      () => {
        const wasHeard = heard
        heard = false
        return wasHeard
      },
    )
  } finally {
    socket.close()
  }
}

// ---- parts

async function getText(url: string, localAddress: string): Promise<string> {
  const [response] = (await once(get(url, { localAddress, agent: false }), 'response')) as [IncomingMessage]
  const body = await text(response)
  if (response.statusCode !== 200) throw new Error(`${url}: ${response.statusCode} ${body}`)
  return body
}

async function bound(address: string, port: number): Promise<Socket> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(port, address, resolve))
  return socket
}

/** Says it again every second until there is an answer; `goesOn` tells that there was something meanwhile. */
async function retried<T>(send: () => void, answer: Promise<T>, failure: string, goesOn = () => false): Promise<T> {
  for (let attempt = 0; attempt < RETRIES_MAX; attempt++) {
    if (!goesOn()) send()
    const got = await Promise.race([answer.then((value) => ({ value })), sleep(RETRY_MS)])
    if (got !== undefined) return got.value
  }
  throw new Error(`${failure} after ${RETRIES_MAX} attempts`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(JSON.stringify(await bootRack(Number(process.argv[2]))))
}
