/**
 * The container as scripts/image makes it: other people's tools read it, a runtime and an engine run it.
 *
 *   skopeo, umoci    is it an OCI image, and what is in it
 *   crun             a runtime alone, as pid 1: read-only, no rights, ended by SIGTERM
 *   podman           an engine: which rights each way of running it needs (docs/container.md has the table)
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest'

import { run } from '../../images/appliance/build/run.ts'
import { decode } from '../../src/dhcp/message.ts'
import { CELL_REQUIREMENTS, startCell } from '../support/cell.ts'
import { answered, buildContainer, type BuiltContainer } from '../support/container.ts'
import { packet } from '../support/dhcp-packets.ts'
import { LASTING, MODESTY, MOUNTS, NO_RIGHTS, openPodman, restrict, statusOf } from '../support/engine.ts'
import { createLab, type Host, requireLab } from '../support/lab.ts'
import { require, skip } from '../support/requirements.ts'
import { temporaryFolder } from '../support/site.ts'
import { spdxProblems } from '../support/spdx.ts'
import { openProbe } from '../support/udp-probe.ts'

const place = temporaryFolder()
let built: BuiltContainer | string
beforeAll(async () => {
  built = await buildContainer(place.path)
}, 300_000)
afterAll(() => place[Symbol.dispose]())

/** Skips the running test, with its reason, where the container cannot be built. */
function requireContainer(context: TestContext): BuiltContainer {
  return typeof built === 'string' ? skip(context, built) : built
}

const IMAGE_TOOLS = [
  ['skopeo', 'skopeo'],
  ['umoci', 'umoci'],
] as const

/** `umoci unpack`, in a folder of its own. @returns the bundle's folder */
async function unpack({ layout, version }: BuiltContainer, to: string): Promise<string> {
  await run(['umoci', 'unpack', '--image', `${layout}:${version}`, to])
  return to
}

describe('as an image', () => {
  test('skopeo reads the layout and the archive, and they say what it is', async (context) => {
    require(context, IMAGE_TOOLS)
    const { layout, archive, version, architecture } = requireContainer(context)
    const inspect = async (...args: string[]): Promise<unknown> =>
      JSON.parse((await run(['skopeo', 'inspect', ...args])).toString())
    const seen = await inspect(`oci:${layout}:${version}`)
    expect(seen).toMatchObject({
      Architecture: architecture,
      Os: 'linux',
      Labels: { 'org.opencontainers.image.version': version, 'org.opencontainers.image.licenses': 'Apache-2.0' },
    })
    expect(await inspect(`oci-archive:${archive}`)).toMatchObject({ Digest: (seen as { Digest: string }).Digest })
    expect(await inspect(`docker-archive:${archive}:bootcfg:${version}`)).toMatchObject({ Architecture: architecture })
    expect(await inspect('--config', `oci:${layout}:${version}`)).toMatchObject({
      config: { User: '900:900', Volumes: { '/data': {} }, StopSignal: 'SIGTERM' },
    })
  })

  test('it holds what serves, what the licences ask for, and no shell', async (context) => {
    require(context, IMAGE_TOOLS)
    const container = requireContainer(context)
    if (process.getuid?.() !== 0) skip(context, 'needs root: files in an image have owners')
    using folder = temporaryFolder()
    const root = join(await unpack(container, join(folder.path, 'bundle')), 'rootfs')
    const find = async (...what: string[]): Promise<string[]> =>
      (await run(['find', root, '-mindepth', '1', ...what, '-printf', '%P %U %m\n'])).toString().split('\n')
    const files = (await find()).map((line) => line.split(' ')[0])
    expect(files).toEqual(
      expect.arrayContaining(
        'usr/bin/node app/bootcfg.mjs app/firmware/snponly.efi data/config.yaml usr/share/licenses/NOTICE'.split(' '),
      ),
    )
    expect(files.filter((path) => /\/(?:sh|bash|dash|busybox|apt|dpkg)$/.test(path ?? ''))).toEqual([])
    expect(await find('!', '-type', 'l', '(', '!', '-uid', '0', '-o', '-perm', '/6022', ')')).toEqual([
      'state 900 755',
      '',
    ])
    const notice = readFileSync(join(root, 'usr/share/licenses/NOTICE'), 'utf8')
    expect(notice).toMatch(/^ {2}libc6 .*$/m)
    expect(notice).toMatch(/^ {2}fastify .*: MIT$/m)
    expect(notice).not.toContain('busybox')
  })

  test('its bill of materials is a sound SPDX document', (context) => {
    const { bill } = requireContainer(context)
    const document: { packages: { name: string }[] } = JSON.parse(readFileSync(bill, 'utf8'))
    expect(spdxProblems(document)).toEqual([])
    const names = document.packages.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['libc6', 'ipxe', 'fastify', 'preact', 'systeminformation']))
  })
})

const PATIENT = { timeout: 20_000, interval: 100 }

test(
  'crun runs it as pid 1: user 900, read-only, without rights; SIGTERM ends it at once',
  { timeout: 60_000 },
  async (context) => {
    requireLab(context, [...CELL_REQUIREMENTS, ...IMAGE_TOOLS, ['crun', 'crun'], ['curl', 'curl']])
    const container = requireContainer(context)
    await using lab = await createLab()
    const [app, machine] = [await lab.host('app', '10.9.0.2/24'), await lab.host('machine', '10.9.0.9/24')]
    const bundle = await unpack(container, join(lab.folder, 'bundle'))
    restrict(join(bundle, 'config.json'))
    const options = ['--cgroup-manager=disabled', `--root=${join(lab.folder, 'crun')}`]
    await using cell = await startCell(app, `${MOUNTS}; exec crun ${options.join(' ')} run --bundle ${bundle} served`)

    await expect.poll(() => answered(machine, '/readyz'), PATIENT).toContain('"ready":true')
    expect(JSON.parse(await answered(machine, '/api/host'))).toMatchObject({ process: { version: container.version } })
    const { pid }: { pid: number } = JSON.parse(await cell.run('crun', ...options, 'state', 'served'))
    expect(await statusOf(cell, String(pid))).toMatchObject({
      Uid: '900\t900\t900\t900',
      Gid: '900\t900\t900\t900',
      CapPrm: NO_RIGHTS,
      CapEff: NO_RIGHTS,
      CapAmb: NO_RIGHTS,
      NoNewPrivs: '1',
      NSpid: expect.stringMatching(/\t1$/),
    })
    expect(await cell.run('cat', `/proc/${pid}/mounts`)).toMatch(/ \/ \S+ ro,/)

    await cell.run('crun', ...options, 'kill', 'served', 'TERM')
    expect(await cell.program.exited).toBe(0)
    const lines = cell.program.output().match(/^\{.*\}$/gm) ?? []
    const [asked, done] = lines.slice(-2).map((line) => JSON.parse(line) as { event: string; time: string })
    expect([asked?.event, done?.event]).toEqual(['stopping', 'stopped'])
    expect(Date.parse(done!.time) - Date.parse(asked!.time)).toBeLessThan(2000)
  },
)

const PORTS_FOR_ALL = 'echo 67 >/proc/sys/net/ipv4/ip_unprivileged_port_start'
/** CAP_NET_BIND_SERVICE is the tenth, CAP_NET_RAW the thirteenth. */
const BIND = '0000000000000400'
const BIND_AND_RAW = '0000000000002400'

interface Way {
  readonly name: string
  /** Lines for `sh`, on the host. */
  readonly host?: string
  /** Of `podman run`. */
  readonly options?: string
  readonly flags?: string
  readonly rights: string
  /** iPXE is spared its wait. */
  readonly advertises?: true
}

const WAYS: readonly Way[] = [
  { name: 'HTTP alone', rights: NO_RIGHTS },
  { name: 'network boot', options: '--cap-add=net_bind_service', flags: '-net eth0', rights: BIND },
  {
    name: 'network boot with advertisements',
    options: '--cap-add=net_bind_service --cap-add=net_raw',
    flags: '-net eth0',
    rights: BIND_AND_RAW,
    advertises: true,
  },
  { name: 'network boot, ports for all', host: PORTS_FOR_ALL, flags: '-net eth0', rights: NO_RIGHTS },
  {
    name: 'root until its socket is open',
    host: PORTS_FOR_ALL,
    options: '--user=0 --cap-add=net_raw --cap-add=setuid --cap-add=setgid',
    flags: '-net eth0 -user 900:900',
    rights: NO_RIGHTS,
    advertises: true,
  },
]

const FENCE = '--network=host --read-only --cap-drop=all --security-opt=no-new-privileges'

test('podman runs it with the rights that the documentation names', { timeout: 180_000 }, async (context) => {
  requireLab(context, [...CELL_REQUIREMENTS, ['podman', 'podman'], ['crun', 'crun'], ['curl', 'curl']])
  const { archive, version } = requireContainer(context)
  await using lab = await createLab()
  const [app, machine] = [await lab.host('app', '10.9.0.2/24'), await lab.host('machine', '10.9.0.9/24')]
  await using cell = await startCell(app, LASTING)
  const podman = await openPodman(context, cell, join(lab.folder, 'pods'))
  await podman('load', '--input', archive)

  for (const { name, host = ':', options = '', flags = '', rights, advertises = false } of WAYS) {
    await app.run('sh', '-c', host)
    const before = words(`--detach ${MODESTY} ${FENCE} ${options}`)
    const id = await podman('run', ...before, `bootcfg:${version}`, ...words(flags))
    await expect.poll(() => answered(machine, '/readyz'), { ...PATIENT, message: name }).toContain('"ready":true')
    const { Uid, CapEff, CapPrm } = await statusOf(cell, await podman('inspect', '--format={{.State.Pid}}', id))
    expect([name, Uid, CapEff, CapPrm]).toEqual([name, '900\t900\t900\t900', rights, rights])
    if (flags !== '') await bootsFrom(machine)
    await podman('stop', '--time=5', id)
    expect([name, await podman('inspect', '--format={{.State.ExitCode}}', id)]).toEqual([name, '0'])
    const isSpared = !(await podman('logs', id)).includes('"dhcp.ra-off"')
    expect([name, flags !== '' && isSpared]).toEqual([name, advertises])
  }
})

function words(text: string): string[] {
  return text.split(' ').filter((word) => word !== '')
}

/** It is told a file, and gets it. */
async function bootsFrom(machine: Host): Promise<void> {
  const firmware = await openProbe(machine, { address: '0.0.0.0', port: 68 })
  firmware.send(packet('ipxe-bios-rom-discover'), '255.255.255.255', 67)
  expect(decode((await firmware.next()).bytes)).toMatchObject({ type: 'offer', file: 'undionly.kpxe' })
  const { stdout } = await machine.run('curl', '--silent', 'tftp://10.9.0.2/undionly.kpxe')
  expect(stdout.length).toBeGreaterThan(50_000)
}
