/**
 * contrib/systemd/bootcfg.service as it stands, run by systemd: the first process of a cell, which has no other units.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test, type TestContext } from 'vitest'

import { decode } from '../../src/dhcp/message.ts'
import { type Cell, CELL_REQUIREMENTS, startCell } from '../support/cell.ts'
import { packet } from '../support/dhcp-packets.ts'
import { createLab, type Host, type Lab, requireLab } from '../support/lab.ts'
import { skip } from '../support/requirements.ts'
import type { LogLine } from '../support/server.ts'
import { writeFiles } from '../support/site.ts'
import { openProbe } from '../support/udp-probe.ts'

const ROOT = join(import.meta.dirname, '../..')
const SYSTEMD = '/lib/systemd/systemd'

const UNIT = readFileSync(join(ROOT, 'contrib/systemd/bootcfg.service'), 'utf8')

/** What the unit leans on, and what systemd wants to see at its own end. */
const TARGETS = ['sysinit', 'basic', 'network', 'multi-user', 'shutdown']

/** Lines for `sh`: the system that the unit was written for, and systemd. */
function setupOf(folder: string): string {
  return `
    mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /var/cache; mount -t tmpfs tmpfs /var/lib; mount -t tmpfs tmpfs /opt
    chmod 755 /run /var/cache /var/lib /opt
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mkdir /opt/bootcfg; mount --bind '${ROOT}' /opt/bootcfg
    cp -r ${folder}/site /var/lib/bootcfg; cp -r ${folder}/units /run/units
    export container=lab SYSTEMD_UNIT_PATH=/run/units
    exec ${SYSTEMD} --system --unit=bootcfg.service --log-target=console --show-status=no`
}

interface System extends AsyncDisposable {
  readonly cell: Cell
  /** What bootcfg has logged in all its runs. */
  log(): Promise<LogLine[]>
  /** A property of the unit. */
  show(property: string): Promise<string>
}

/** Starts systemd with the unit and a drop-in. Skips the test where systemd itself does not come up. */
async function startSystem(context: TestContext, lab: Lab, host: Host, dropIn: string): Promise<System> {
  writeFiles(lab.folder, {
    'units/bootcfg.service': UNIT,
    'units/bootcfg.service.d/test.conf': `[Service]\nStandardOutput=append:/run/bootcfg.log\nStandardError=inherit\n${dropIn}`,
    ...Object.fromEntries(TARGETS.map((name) => [`units/${name}.target`, '[Unit]\nDefaultDependencies=no\n'])),
    'site/config.yaml': 'api_version: v1alpha1\ngroups: []\n',
    'site/assets/hello': 'hello',
    'site/firmware/undionly.kpxe': 'iPXE',
  })
  const cell = await startCell(host, setupOf(lab.folder))
  await cell.runUntilDone('systemctl', 'show', '--property=Version').catch(async (error: unknown) => {
    await cell[Symbol.asyncDispose]()
    skip(context, `systemd does not run in a namespace here: ${cell.program.output() || String(error)}`)
  })
  return {
    cell,
    log: async () => {
      const text = await cell.run('sh', '-c', 'cat /run/bootcfg.log 2>/dev/null || :')
      return text
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as LogLine)
    },
    show: async (property) =>
      (await cell.run('systemctl', 'show', `--property=${property}`, '--value', 'bootcfg')).trim(),
    [Symbol.asyncDispose]: () => cell[Symbol.asyncDispose](),
  }
}

async function countOf(system: System, event: string): Promise<number> {
  return (await system.log()).filter((line) => line.event === event).length
}

const MAC = '52:54:00:aa:bb:cc'
const PATIENT = { timeout: 20_000 }

test(
  'machines boot from it, it reads its data again, it comes back when it dies, and remembers what it saw',
  { timeout: 120_000 },
  async (context) => {
    requireLab(context, [...CELL_REQUIREMENTS, [SYSTEMD, 'systemd'], ['curl', 'curl']])
    await using lab = await createLab()
    const app = await lab.host('app', '10.9.0.2/24')
    await using system = await startSystem(context, lab, app, 'Environment=BOOTCFG_NET=eth0\n')
    await expect.poll(() => countOf(system, 'ready'), PATIENT).toBe(1)

    const machine = await lab.host('machine', '10.9.0.9/24')
    const firmware = await openProbe(machine, { address: '0.0.0.0', port: 68 })
    firmware.send(packet('ipxe-bios-rom-discover'), '255.255.255.255', 67)
    expect(decode((await firmware.next()).bytes)).toMatchObject({ type: 'offer', file: 'undionly.kpxe' })
    expect((await machine.run('curl', '-s', 'tftp://10.9.0.2/undionly.kpxe')).stdout).toBe('iPXE')
    expect((await machine.run('curl', '-s', 'http://10.9.0.2:8080/assets/hello')).stdout).toBe('hello')

    const first = await system.show('MainPID')
    const status = await system.cell.run('cat', `/proc/${first}/status`)
    expect(status).not.toMatch(/^Uid:\t0\t/m)
    expect(status).toMatch(/^NoNewPrivs:\t1$/m)
    expect(status).toMatch(/^Seccomp:\t2$/m)

    await system.cell.run('systemctl', 'reload', 'bootcfg')
    await expect.poll(() => countOf(system, 'store.loaded'), PATIENT).toBe(2)

    await system.cell.run('kill', '-KILL', first)
    await expect.poll(() => countOf(system, 'ready'), PATIENT).toBe(2)
    expect(await system.show('MainPID')).not.toBe(first)

    firmware.send(packet('ipxe-bios-rom-discover', { mac: MAC }), '255.255.255.255', 67)
    await expect.poll(() => countOf(system, 'dhcp.offer'), PATIENT).toBe(2)
    await system.cell.run('systemctl', 'restart', 'bootcfg')
    await expect.poll(() => countOf(system, 'ready'), PATIENT).toBe(3)
    expect((await machine.run('curl', '-s', 'http://10.9.0.2:8080/api/machines')).stdout).toContain(MAC)
    expect(await system.cell.run('stat', '--format=%a', '/var/lib/bootcfg-state/boots.jsonl')).toBe('600\n')

    await system.cell.run('systemctl', 'stop', 'bootcfg')
    expect((await system.log()).at(-1)).toMatchObject({ event: 'stopped' })
    expect(await system.show('Result')).toBe('success')
    const complaints = (await system.log()).filter(({ level }) => !['info', 'notice'].includes(String(level)))
    expect(await countOf(system, 'dhcp.ra-off')).toBe(0)
    // The folder holds what this machine needs, and nothing for others.
    expect(complaints.filter(({ event }) => event !== 'firmware.missing')).toEqual([])
  },
)

test('wrong usage is not tried again', { timeout: 120_000 }, async (context) => {
  requireLab(context, [...CELL_REQUIREMENTS, [SYSTEMD, 'systemd']])
  await using lab = await createLab()
  const app = await lab.host('app', '')
  await using system = await startSystem(context, lab, app, 'Environment=BOOTCFG_DHCP=perhaps\nRestartSec=0\n')
  await expect.poll(() => system.show('ActiveState'), PATIENT).toBe('failed')
  expect([await system.show('ExecMainStatus'), await system.show('NRestarts')]).toEqual(['2', '0'])
})
