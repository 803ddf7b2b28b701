/**
 * The TFTP room on a wire of its own, started by its door, as the program is.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test, type TestContext } from 'vitest'

import { createLab, type Host, type Lab, requireLab } from '../support/lab.ts'
import { skip } from '../support/requirements.ts'
import { type Server, siteFlags, startServer } from '../support/server.ts'
import { writeFiles } from '../support/site.ts'

const SERVER = '10.9.0.2'

interface Net extends AsyncDisposable {
  readonly lab: Lab
  readonly server: Host
  readonly machine: Host
  readonly file: Buffer
  readonly start: () => Promise<Server>
  /** What atftp says, and the file if it got one. */
  readonly fetch: (options?: string) => Promise<Buffer>
}

async function openNet(context: TestContext): Promise<Net> {
  requireLab(context, [
    ['atftp', 'atftp'],
    ['tc', 'iproute2'],
  ])
  const lab = await createLab()
  const server = await lab.host('server', `${SERVER}/24`)
  const machine = await lab.host('machine', '10.9.0.9/24')
  const site = join(lab.folder, 'site')
  const file = randomBytes(300_000)
  writeFiles(site, { 'config.yaml': 'api_version: v1alpha1\ngroups: []\n', 'firmware/f.efi': file })
  const flags = ['-net', 'eth0', '-dhcp', 'off', '-firmware-path', join(site, 'firmware')]
  const local = join(lab.folder, 'fetched')
  return {
    lab,
    server,
    machine,
    file,
    start: () => startServer([...siteFlags(site), ...flags], {}, server.wrapper),
    async fetch(options = '') {
      await machine.run(
        'sh',
        '-c',
        `rm -f ${local}; atftp ${options} --tftp-timeout 1 -g -r f.efi -l ${local} ${SERVER}`,
      )
      return readFileSync(local)
    },
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  }
}

const WINDOWS = '--option "blksize 1468" --option "windowsize 8"'

test('a machine on the wire gets its file', async (context) => {
  await using net = await openNet(context)
  await using server = await net.start()
  expect((await net.fetch(WINDOWS)).equals(net.file)).toBe(true)
  expect(await server.waitFor('tftp.sent')).toMatchObject({ peer: '10.9.0.9', file: 'f.efi', block: 1468, window: 8 })
})

test('who asks from a network that -net does not name is not served', async (context) => {
  await using net = await openNet(context)
  await net.server.ip(`link add eth9 type veth peer name eth9 netns ${net.machine.name}`)
  for (const [host, address] of [
    [net.server, '10.8.0.2'],
    [net.machine, '10.8.0.9'],
  ] as const) {
    await host.ip(`addr add ${address}/24 dev eth9`)
    await host.ip('link set eth9 up')
  }
  await using server = await net.start()
  await net.machine.ip(`route add ${SERVER}/32 via 10.8.0.2`)
  await expect(net.fetch()).rejects.toThrow()
  await net.machine.ip(`route del ${SERVER}/32`)
  expect((await net.fetch()).equals(net.file)).toBe(true)
  expect(await server.waitFor('tftp.sent')).toMatchObject({ peer: '10.9.0.9' })
})

test('where the network takes no packets so large, the kernel cuts no windows, and the file arrives all the same', async (context) => {
  await using net = await openNet(context)
  await net.server.ip('link set eth0 mtu 1280')
  await using server = await net.start()
  expect((await net.fetch(WINDOWS)).equals(net.file)).toBe(true)
  await server.waitFor('tftp.sent')
})

test('a packet that the kernel refuses to send ends its transfer, and no other', async (context) => {
  await using net = await openNet(context)
  await using server = await net.start()
  await net.server.ip('route add prohibit 10.9.0.9/32')
  await expect(net.fetch()).rejects.toThrow()
  expect(await server.waitFor('tftp.failed')).toMatchObject({ file: 'f.efi', reason: 'permission denied' })
  await net.server.ip('route del prohibit 10.9.0.9/32')
  expect((await net.fetch()).equals(net.file)).toBe(true)
})

for (const percent of [5, 20]) {
  const rule = `the kernel loses ${percent} % of the packets in each direction, and the file is whole`
  test(rule, { timeout: 120_000 }, async (context) => {
    await using net = await openNet(context)
    for (const host of [net.server, net.machine]) {
      await host.run('tc', ...`qdisc add dev eth0 root netem loss ${percent}%`.split(' ')).catch((error: unknown) => {
        skip(
          context,
          `this kernel has no netem (tc says: ${String(error).trim().split('\n').at(-1)}); test/tftp/lossy-relay.ts stands in`,
        )
      })
    }
    await using server = await net.start()
    expect((await net.fetch('--option "blksize 1468"')).equals(net.file)).toBe(true)
    await server.waitFor('tftp.sent')
  })
}

test('an interface that goes and comes back is served again', async (context) => {
  await using net = await openNet(context)
  await using server = await net.start()
  await net.server.ip('link set eth0 down')
  await server.waitFor('net.waiting')
  await net.server.ip('link set eth0 up')
  await expect.poll(() => server.log.filter(({ event }) => event === 'net.usable').length, { timeout: 10_000 }).toBe(2)
  expect((await net.fetch()).equals(net.file)).toBe(true)
})

test('a port that another program holds is named with that program, and what to do', async (context) => {
  await using net = await openNet(context)
  const words = '--conf-file=/dev/null --pid-file= --keep-in-foreground --port=0 --user=root --log-facility=-'
  const other = net.server.start('dnsmasq', ...words.split(' '), '--enable-tftp', `--tftp-root=${net.lab.folder}`)
  await other.waitFor(/TFTP/)
  await expect(net.start()).rejects.toThrow(
    new RegExp(
      `cannot listen on ${SERVER}:69 \\(TFTP\\): dnsmasq \\(pid ${other.process.pid}\\) holds the port: .*-tftp off`,
    ),
  )
})
