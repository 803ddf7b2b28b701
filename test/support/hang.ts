/**
 * Hangs a machine of QEMU for good, as a fault of its kernel would: the place where its processors wait for work becomes a loop
 * without interrupts. By QEMU's own debugger, so that the machine needs nothing for it.
 *
 * The protocol is that of GDB's manual, appendix E: `$packet#checksum`, answered by `+`.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import type { RunningAppliance } from './appliance.ts'
import { temporaryFolder } from './site.ts'

/** cli; jmp to itself. */
const LOOP = 'faebfe'
/** x86-64: above it is the kernel. */
const KERNEL = 0xffff_8000_0000_0000n
/** In the answer to `g`, after sixteen registers of eight bytes. */
const RIP = { from: 16 * 16, to: 17 * 16 }
/** Programs are at work on and off. */
const TRIES = 500

/** Resolves once every one of its processors hangs, or will as soon as it has nothing to do. */
export async function hang(box: RunningAppliance): Promise<void> {
  using folder = temporaryFolder()
  const path = join(folder.path, 'gdb')
  await box.monitor(`gdbserver unix:${path},server=on,wait=off`)
  for (let tries = 0; tries < TRIES; tries++) {
    using session = await open(path) // the machine stands still meanwhile
    const { ask } = session
    const threads = (await ask('qfThreadInfo')).slice(1).split(',')
    const places: { thread: string; rip: bigint }[] = []
    for (const thread of threads) {
      await ask(`Hg${thread}`)
      places.push({ thread, rip: ripOf(await ask('g')) })
    }
    const isIdle = places.every(({ rip }) => rip >= KERNEL)
    if (isIdle) {
      for (const { thread, rip } of places) {
        await ask(`Hg${thread}`)
        if ((await ask(`M${rip.toString(16)},${(LOOP.length / 2).toString(16)}:${LOOP}`)) !== 'OK')
          throw new Error(`cannot write at ${rip.toString(16)}`)
      }
    }
    await ask('D')
    if (isIdle) return
    await sleep(20)
  }
  throw new Error('the machine is never without work')
}

function ripOf(registers: string): bigint {
  return Buffer.from(registers.slice(RIP.from, RIP.to), 'hex').readBigUInt64LE()
}

async function open(path: string): Promise<{ readonly ask: (packet: string) => Promise<string> } & Disposable> {
  const socket: Socket = connect(path)
  await once(socket, 'connect')
  let heard = ''
  let tell = (): void => {}
  socket.setEncoding('latin1').on('data', (text: string) => {
    heard += text
    tell()
  })
  return {
    ask: async (packet) => {
      heard = ''
      socket.write(`$${packet}#${checksum(packet)}`)
      for (;;) {
        const [, answer] = /\$(?!T)([^#]*)#../.exec(heard) ?? [] // T: it has stopped, as it says unasked
        if (answer !== undefined) {
          socket.write('+')
          return answer
        }
        await new Promise<void>((resolve) => (tell = resolve))
      }
    },
    [Symbol.dispose]: () => void socket.destroy(),
  }
}

function checksum(packet: string): string {
  const sum = Buffer.from(packet, 'latin1').reduce((all, byte) => (all + byte) & 0xff, 0)
  return sum.toString(16).padStart(2, '0')
}
