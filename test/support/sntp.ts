/**
 * A time server on the wire of a lab: answers who asks with this host's time (SNTP, RFC 4330).
 */
import { setTimeout as sleep } from 'node:timers/promises'

import type { Host } from './lab.ts'
import { openProbe } from './udp-probe.ts'

const PORT = 123
const PACKET_BYTES = 48
/** No warning, version 4, mode 4: a server. */
const SERVER = 0b00_100_100
/** Of a message: when it was sent, by who sent it. */
const TRANSMIT = 40
/** From 1900 to 1970. */
const EPOCH_S = 2_208_988_800
const LOOK_EVERY_MS = 20

export interface TimeServer extends AsyncDisposable {
  /** How often it was. */
  asked(): number
}

export async function startTimeServer(host: Host): Promise<TimeServer> {
  const probe = await openProbe(host, { address: '0.0.0.0', port: PORT })
  let answered = 0
  const end = new AbortController()
  async function serve(): Promise<void> {
    for (; !end.signal.aborted; await sleep(LOOK_EVERY_MS)) {
      const questions = probe.heard().slice(answered)
      for (const { bytes, from } of questions) probe.send(answerTo(bytes, Date.now()), from.address, from.port)
      answered += questions.length
    }
  }
  const serving = serve()
  return {
    asked: () => answered,
    async [Symbol.asyncDispose]() {
      end.abort()
      await serving
    },
  }
}

function answerTo(question: Buffer, nowMs: number): Buffer {
  const answer = Buffer.alloc(PACKET_BYTES)
  answer[0] = SERVER
  answer[1] = 1 // stratum: knows the time by itself
  answer[2] = question[2] ?? 0 // poll
  answer[3] = 0xec // precision, 2 to the power of -20 s
  answer.write('TEST', 12, 'latin1')
  question.copy(answer, 24, TRANSMIT, TRANSMIT + 8)
  for (const at of [16, 32, TRANSMIT]) {
    answer.writeUInt32BE(Math.floor(nowMs / 1000) + EPOCH_S, at)
    answer.writeUInt32BE(Math.floor(((nowMs % 1000) * 2 ** 32) / 1000), at + 4)
  }
  return answer
}
