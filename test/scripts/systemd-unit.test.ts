/**
 * contrib/systemd/bootcfg.service as far as it can be held without systemd: it is well-formed, and the rights that it
 * grants are enough.
 *
 * Under systemd itself: test/slow/systemd.test.ts.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { helpText } from '../../src/core/settings.ts'
import { decode } from '../../src/dhcp/message.ts'
import { packet } from '../support/dhcp-packets.ts'
import { createLab, requireLab } from '../support/lab.ts'
import { require, skip } from '../support/requirements.ts'
import { siteFlags, startServer } from '../support/server.ts'
import { temporaryFolder, writeFiles } from '../support/site.ts'
import { openProbe } from '../support/udp-probe.ts'

const MAC = '52:54:00:aa:bb:cc'
const ROOT = join(import.meta.dirname, '../..')
const UNIT = readFileSync(join(ROOT, 'contrib/systemd/bootcfg.service'), 'utf8')

/** All values of a setting that may stand several times. */
function valuesOf(setting: string): string[] {
  return [...UNIT.matchAll(new RegExp(`^${setting}=(.*)$`, 'gm'))].flatMap((match) => match[1]!.split(' '))
}

test('systemd finds nothing wrong with it', (context) => {
  require(context, [['systemd-analyze', 'systemd']])
  using folder = temporaryFolder()
  const path = join(folder.path, 'bootcfg.service')
  writeFileSync(path, UNIT.replaceAll('/opt/bootcfg', ROOT))
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' })
  expect([stderr, status]).toEqual(['', 0])
})

test('its variables are ones that bootcfg knows', () => {
  const variables = [...UNIT.matchAll(/\bBOOTCFG_[A-Z_]+/g)].map((match) => match[0])
  expect(variables.length).toBeGreaterThan(4)
  for (const variable of variables) expect(helpText()).toContain(`        ${variable}\n`)
})

test('the rights that it grants are enough to boot machines: ports 67, 69 and 4011, and router advertisements', async (context) => {
  requireLab(context, [
    ['setpriv', 'util-linux'],
    ['curl', 'curl'],
    ['tcpdump', 'tcpdump'],
  ])
  const granted = valuesOf('AmbientCapabilities')
  expect(valuesOf('CapabilityBoundingSet')).toEqual(granted)
  const rights = ['-all', ...granted.map((name) => name.toLowerCase().replace('cap_', '+'))].join(',')
  const sets = ['--inh-caps', '--ambient-caps', '--bounding-set'].map((set) => `${set}=${rights}`)
  const setpriv = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs', ...sets]
  if (spawnSync(setpriv[0]!, [...setpriv.slice(1), join(ROOT, 'bin/bootcfg'), '-version']).status !== 0) {
    skip(context, 'needs that nobody may read this clone')
  }
  using site = temporaryFolder()
  writeFiles(site.path, {
    'config.yaml': 'api_version: v1alpha1\ngroups: []\n',
    'firmware/undionly.kpxe': 'for BIOS',
    'firmware/snponly.efi': 'for UEFI',
  })
  chmodSync(site.path, 0o755)
  await using lab = await createLab()
  const app = await lab.host('app', '10.9.0.2/24')
  const flags = [...siteFlags(site.path), '-net', 'eth0', '-firmware-path', join(site.path, 'firmware')]
  await using server = await startServer(flags, {}, [...app.wrapper, ...setpriv])
  const identity = readFileSync(`/proc/${server.process.pid}/status`, 'utf8')
  expect(identity).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m)
  expect(identity).toMatch(/^CapEff:\t0000000000002400$/m)

  const machine = await lab.host('machine', '10.9.0.9/24')
  await machine.ip('link set eth0 down') // it makes its link-local address, as iPXE does, when it comes up
  await machine.ip(`link set eth0 address ${MAC} up`)
  const capture = machine.start('tcpdump', '-i', 'eth0', '-n', '-l', '--immediate-mode', 'icmp6 and ip6[40] == 134')
  await capture.waitFor(/listening on eth0/)
  const firmware = await openProbe(machine, { address: '0.0.0.0', port: 68 })
  firmware.send(packet('ipxe-bios-rom-discover', { mac: MAC }), '255.255.255.255', 67)
  expect(decode((await firmware.next()).bytes)).toMatchObject({ type: 'offer', file: 'undionly.kpxe' })
  await capture.waitFor(/router advertisement/)
  const { stdout } = await machine.run('curl', '-s', 'tftp://10.9.0.2/undionly.kpxe')
  expect(stdout).toBe('for BIOS')
  const boot = await openProbe(machine, { address: '10.9.0.9', port: 4011 })
  boot.send(packet('edk2-x64-request4011', { ciaddr: '10.9.0.9' }), '10.9.0.2', 4011)
  expect((await boot.next()).from).toEqual({ address: '10.9.0.2', port: 4011 })
  expect(server.log.filter(({ level }) => level === 'error' || level === 'critical')).toEqual([])
})
