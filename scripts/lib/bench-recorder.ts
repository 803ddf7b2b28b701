/**
 * What the flight recorder costs a request: one server under a flood of `/ipxe`, in turn with and without it.
 *
 * One process, since two of the same program differ by more than the recorder costs; its processor time, which a machine
 * with other work changes less than requests per second. `recorder-door.ts` shuts the recorder's door in there on a signal.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { atRest, type Bench, load, measured, median, type Server } from './http-load.ts'

const DOOR = new URL('recorder-door.ts', import.meta.url).href
/** In each, the one that comes first is the other: a machine that gets slower or faster decides nothing. */
const ROUNDS = 10
/** Until a signal has arrived, and what waited is looked at. */
const SETTLE_MS = 300

export async function benchRecorder(bench: Bench, size: number): Promise<void> {
  const server = await bench.serve(bench.site(size), { NODE_OPTIONS: `--import=${DOOR}` })
  const script = bench.requests('ipxe', size)
  await atRest(server)
  load(server.url, script) // uses up the time that it has saved, here and below: a flood lasts
  const rounds: { own: number; without: number }[] = []
  for (let round = 0; round < ROUNDS; round += 2) {
    const own = measured(server, script).requestUs
    await turnDoor(server)
    const without = [measured(server, script).requestUs, measured(server, script).requestUs] as const
    await turnDoor(server)
    load(server.url, script)
    rounds.push({ own, without: without[0] })
    rounds.push({ own: measured(server, script).requestUs, without: without[1] })
  }
  const own = median(rounds.map((round) => round.own))
  const without = median(rounds.map((round) => round.without))
  const share = median(rounds.map((round) => round.own / round.without - 1))
  console.log(
    `recorder`.padEnd(10),
    `${size} groups`.padStart(14),
    `processor ${own.toFixed(1)} µs a request with it, ${without.toFixed(1)} without: ${(share * 100).toFixed(1)} %`,
  )
  await bench.end(server)
}

async function turnDoor({ child }: Server): Promise<void> {
  child.kill('SIGUSR2')
  await sleep(SETTLE_MS)
}
