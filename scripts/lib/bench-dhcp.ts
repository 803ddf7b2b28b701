/**
 * Offers a second of the DHCP room beside dnsmasq in proxy mode, in one run, on one veth pair in namespaces. Needs root,
 * dnsmasq (Debian package dnsmasq-base) and perfdhcp (kea-admin).
 *
 * Each server climbs a ladder of rates, round by round in turn, and the highest rate at which less than 1 % of the requests
 * stayed unanswered counts. An answer counts when it arrives at perfdhcp's host: on a small machine perfdhcp itself is too
 * busy to read each.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { startDhcpRoom } from '../../test/support/dhcp-room.ts'
import { createLab, type Host, type Program } from '../../test/support/lab.ts'

const ROUNDS = 3
const STEP_SECONDS = 2
/** Of each rate: other work on the machine must not decide. */
const TRIES = 3
/** The next rate is so much higher. */
const STEP_FACTOR = 1.25
const RATE_MIN = 6000
const RATE_MAX = 60_000
const LOST_MAX = 0.01

const SERVERS = {
  dnsmasq: async (host: Host): Promise<Program> => {
    const server = host.start(
      'dnsmasq',
      ...'--conf-file=/dev/null --pid-file= --keep-in-foreground --port=0 --user=root --log-facility=/dev/null'.split(
        ' ',
      ),
      ...'--interface=eth0 --dhcp-range=10.9.0.0,proxy --dhcp-boot=undionly.kpxe'.split(' '),
      '--pxe-service=x86PC,boot,undionly',
    )
    await sleep(500) // it says nothing once its log is elsewhere
    return server
  },
  bootcfg: async (host: Host): Promise<Program> => (await startDhcpRoom(host, 'eth0', { logLevel: 'info' })).program,
}

export async function benchDhcp(): Promise<void> {
  await using lab = await createLab()
  const server = await lab.host('server', '10.9.0.2/24')
  // The far end of the server's veth pair, without the bridge.
  await lab.wire.ip('link set to-server nomaster')
  await lab.wire.ip('addr add 10.9.0.9/24 brd + dev to-server')

  const rounds: Record<keyof typeof SERVERS, number>[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const dnsmasq = await climb('dnsmasq', server, lab.wire)
    const bootcfg = await climb('bootcfg', server, lab.wire)
    rounds.push({ dnsmasq, bootcfg })
    console.log(`  round ${round + 1}: dnsmasq ${dnsmasq}, bootcfg ${bootcfg} offers/s`)
  }
  const of = (name: keyof typeof SERVERS): number => median(rounds.map((round) => round[name]))
  const ratio = median(rounds.map(({ bootcfg, dnsmasq }) => bootcfg / dnsmasq))
  console.log(
    `DHCP: ${of('bootcfg')} offers/s with under 1 % lost, dnsmasq ${of('dnsmasq')}, ratio ${ratio.toFixed(2)} (wanted: 1.5)`,
  )
}

/** @returns the most offers a second with few enough lost */
async function climb(name: keyof typeof SERVERS, host: Host, from: Host): Promise<number> {
  const server = await SERVERS[name](host)
  try {
    await load(from, 2000) // warm
    let best = 0
    for (let rate = RATE_MIN; rate <= RATE_MAX; rate *= STEP_FACTOR) {
      const answered = await hold(from, Math.round(rate))
      if (answered === undefined) break
      best = answered
    }
    return best
  } finally {
    await server.stop()
  }
}

/** @returns the answers a second, or undefined when each time too many were lost */
async function hold(from: Host, rate: number): Promise<number | undefined> {
  for (let count = 0; count < TRIES; count++) {
    const { sent, answered } = await load(from, rate)
    if (1 - answered / sent <= LOST_MAX) return Math.round(answered / STEP_SECONDS)
  }
  return undefined
}

const AS_PXE = [
  ['-o', `60,${Buffer.from('PXEClient:Arch:00000:UNDI:002001').toString('hex')}`],
  ['-o', '93,0000'],
  ['-o', '97,0000112233445566778899aabbccddeeff'],
].flat()

async function load(from: Host, rate: number): Promise<{ sent: number; answered: number }> {
  const before = await datagramsArrived(from)
  const words = `-4 -i -l to-server -r ${rate} -R 5000 -p ${STEP_SECONDS}`.split(' ')
  // Its exit status is 3 when an answer was lost.
  const { stdout } = await from.run('sh', '-c', 'perfdhcp "$@" || true', 'sh', ...words, ...AS_PXE, '10.9.0.2')
  await sleep(500) // for those that are still on their way
  const answered = (await datagramsArrived(from)) - before
  return { sent: Number(/sent packets: (\d+)/.exec(stdout)?.[1]), answered }
}

/** UDP datagrams that came to a namespace, read by somebody or not. */
async function datagramsArrived(host: Host): Promise<number> {
  const { stdout } = await host.run('cat', '/proc/net/snmp')
  const [names, values] = [...stdout.matchAll(/^Udp: (.*)$/gm)].map((match) => match[1]!.split(' '))
  const count = (name: string): number => Number(values![names!.indexOf(name)])
  return count('InDatagrams') + count('InErrors') + count('NoPorts')
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}
