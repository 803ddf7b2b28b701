/**
 * How fast the HTTP core is, beside a bare node:http server that answers a constant.
 *
 * The two are loaded in turn, round by round, and the ratio of each round counts, so that a machine whose speed drifts
 * does not decide. Processor time a request says more where the machine has other work. Prints, never judges.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'

import { benchRecorder } from './bench-recorder.ts'
import { atRest, Bench, measured, median, memoryOf, ROOT, type Server } from './http-load.ts'

const ROUNDS = 5
const SIZES = [10, 1000, 100_000]
const RECORDER_SIZES = [10, 100_000]
const ROUTES = ['ipxe', 'ignition', 'cloud']

const BARE = `require('node:http').createServer((request, response) => {
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.end('x'.repeat(300))
}).listen(0, '127.0.0.1', function () { console.log('{"event":"ready","url":"http://127.0.0.1:' + this.address().port + '"}') })`

export async function benchHttp(): Promise<void> {
  using bench = new Bench()
  await benchStart(bench)
  const bare = await bench.launch(process.execPath, ['-e', BARE])
  for (const size of SIZES) await benchSize(bench, size, bare)
  await bench.end(bare)
  for (const size of RECORDER_SIZES) await benchRecorder(bench, size)
}

/** Process start to first answer, with the examples. */
async function benchStart(bench: Bench): Promise<void> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now()
    const server = await bench.serve(join(ROOT, 'examples'))
    await fetch(`${server.url}/boot.ipxe`)
    times.push(performance.now() - started)
    await bench.end(server)
  }
  console.log(`start to first answer with the examples: ${Math.round(median(times))} ms`)
}

async function benchSize(bench: Bench, size: number, bare: Server): Promise<void> {
  const site = bench.site(size)
  const megabytes = Math.round(statSync(join(site, 'config.yaml')).size / 1e6)
  if (megabytes > 0) console.log(`${size} groups: a file of ${megabytes} MB`)
  const started = performance.now()
  const server = await bench.serve(site)
  const readyMs = Math.round(performance.now() - started)
  await atRest(server)
  for (const route of ROUTES) benchRoute(bench, route, size, server, bare)
  const { peak, now } = memoryOf(server)
  console.log(`${size} groups: loaded in ${readyMs} ms, ${peak} MB at the peak, ${now} MB after serving`)
  await bench.end(server)
}

function benchRoute(bench: Bench, route: string, size: number, server: Server, bare: Server): void {
  const script = bench.requests(route, size)
  const rounds = Array.from({ length: ROUNDS }, () => {
    const [reference, own] = [measured(bare, script), measured(server, script)]
    return { reference, own, ratio: own.perSecond / reference.perSecond }
  })
  const own = median(rounds.map((round) => round.own.perSecond))
  const reference = median(rounds.map((round) => round.reference.perSecond))
  const ratio = median(rounds.map((round) => round.ratio))
  const [ownUs, referenceUs] = [
    median(rounds.map((round) => round.own.requestUs)),
    median(rounds.map((round) => round.reference.requestUs)),
  ]
  console.log(
    `/${route}`.padEnd(10),
    `${size} groups`.padStart(14),
    `${Math.round(own)}/s`.padStart(9),
    `bare ${Math.round(reference)}/s`.padStart(14),
    `ratio ${ratio.toFixed(2)}`,
    `  processor ${ownUs.toFixed(1)} µs a request, bare ${referenceUs.toFixed(1)}`,
  )
}
