/** What the scripts of the box and its server are told, and what is said when that is not what somebody wrote. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, onTestFinished, test } from 'vitest'

import { readConfig } from '../../src/appliance/config.ts'
import { planLines, serverFlags } from '../../src/appliance/plan.ts'
import { runPlan } from '../../src/appliance/run-plan.ts'
import { parseInvocation } from '../../src/core/settings.ts'
import { temporaryFolder, writeFiles } from '../support/site.ts'

const PLACES = { data: '/data', run: '/run/bootcfg', groups: '/data/config.yaml', assets: '/data/assets' }

function planned(text: string, cmdline = 'quiet bootcfg.slot=a') {
  const { config, problems } = readConfig(text)
  expect(problems).toEqual([])
  return { lines: planLines(config), flags: serverFlags(config, cmdline, PLACES) }
}

test('without a file every port has DHCP, and the server waits for machines on each', () => {
  expect(planned('')).toEqual({
    lines: ['hostname bootcfg', 'address eth0 dhcp', 'address eth1 dhcp', 'address eth2 dhcp', 'address eth3 dhcp'],
    flags: [
      '-address=0.0.0.0:80,0.0.0.0:8080',
      '-config=/data/config.yaml',
      '-data-path=/data',
      '-assets-path=/data/assets',
      '-firmware-path=/app/firmware',
      '-state-path=/data/state',
      '-net=eth0,eth1,eth2,eth3',
      '-dhcp=proxy',
      '-tftp=on',
      '-user=900:900',
      '-appliance=/run/bootcfg',
    ],
  })
})

test('bridges come before VLANs, and these before addresses', () => {
  const { lines, flags } = planned(`hostname: boot1
network:
  - port: eth0
    vlan: 7
    boot: off
  - bridge: [eth1, eth2]
    address: 192.168.1.2/24
    gateway: 192.168.1.1
  - bridge: [eth1, eth2]
    vlan: 20
    address: 10.20.0.2/16
dns: [192.168.1.1, 9.9.9.9]
search: [example.com]
ntp: [pool.ntp.org]
log: {syslog: 192.168.1.9}
`)
  expect(lines).toEqual([
    'hostname boot1',
    'bridge br0 eth1 eth2',
    'vlan eth0.7 eth0 7',
    'vlan br0.20 br0 20',
    'address eth0.7 dhcp',
    'address br0 static 192.168.1.2/24 192.168.1.1',
    'address br0.20 static 10.20.0.2/16',
    'dns 192.168.1.1 9.9.9.9',
    'search example.com',
    'ntp pool.ntp.org',
    'syslog 192.168.1.9 514',
  ])
  for (const line of lines) expect(line).toMatch(/^[A-Za-z0-9_.:/ -]+$/)
  expect(flags).toContain('-net=br0,br0.20')
})

describe('the server', () => {
  test('answers on 8080 in any case', () => {
    expect(planned('modules: {http: {port: 8080}}').flags).toContain('-address=0.0.0.0:8080')
    expect(planned('modules: {http: {port: 81}}').flags).toContain('-address=0.0.0.0:81,0.0.0.0:8080')
  })
  test('does not do what is switched off', () => {
    expect(planned('modules: {dhcp: off, tftp: off}').flags).toEqual(expect.arrayContaining(['-dhcp=off', '-tftp=off']))
  })
  test('of a copy that was booted over the network is silent to machines', () => {
    expect(planned('', 'bootcfg.slot=net bootcfg.dhcp=off\n').flags).toContain('-dhcp=off')
    expect(planned('', 'x-bootcfg.dhcp=off bootcfg.dhcp=offer').flags).toContain('-dhcp=proxy')
  })
  test('boots nobody where no interface is for that', () => {
    expect(planned('network: {port: eth0, boot: off}').flags).toContain('-net=')
  })
  test('knows its flags', () => {
    expect(parseInvocation(planned('').flags, {}).settings).toMatchObject({
      address: ['0.0.0.0:80', '0.0.0.0:8080'],
      appliance: '/run/bootcfg',
      net: ['eth0', 'eth1', 'eth2', 'eth3'],
      tftp: true,
    })
  })
})

describe('box.mjs plan', () => {
  function box(files: Record<string, string>) {
    const folder = temporaryFolder()
    onTestFinished(() => folder[Symbol.dispose]())
    const data = join(folder.path, 'data')
    const run = join(folder.path, 'run')
    mkdirSync(data)
    writeFiles(data, files)
    const text = (name: string) => (existsSync(join(run, name)) ? readFileSync(join(run, name), 'utf8') : undefined)
    return { data, run, text, plan: async () => runPlan(data, run, 'bootcfg.slot=a') }
  }
  const GROUPS = { 'config.yaml': 'api_version: v1alpha1\ngroups: []\n', 'assets/README.txt': '' }

  test('writes the plan and the flags, and no problems where there are none', async () => {
    const { data, run, text, plan } = box({ ...GROUPS, 'appliance.yaml': 'hostname: boot1\r\n' })
    expect(await plan()).toEqual([])
    expect(text('plan')).toMatch(/^hostname boot1\naddress eth0 dhcp\n/)
    expect(text('flags')).toContain(`\n-config=${data}/config.yaml\n-data-path=${data}\n-assets-path=${data}/assets\n`)
    expect(readdirSync(run).toSorted()).toEqual(['flags', 'plan', 'problems'])
    expect(readdirSync(join(run, 'problems'))).toEqual([])
  })
  test('with a broken file the box has the defaults, and says why until it is mended', async () => {
    const { data, text, plan } = box({ ...GROUPS, 'appliance.yaml': 'hostname: boot1\nnetwork: {prot: eth0}\n' })
    const problems = await plan()
    expect(text('plan')).toMatch(/^hostname bootcfg\n/)
    expect(problems[0]).toBe(
      'appliance.yaml is left out, and the defaults hold: correct it on the BOOTCFG partition and restart the box',
    )
    expect(problems).toContain('appliance.yaml, line 2: network[1].prot: there is no such key, did you mean port?')
    expect(text('problems/appliance')).toBe(problems.map((line) => `${line}\n`).join(''))
    writeFiles(data, { 'appliance.yaml': 'hostname: boot1\n' })
    expect(await plan()).toEqual([])
    expect(text('problems/appliance')).toBeUndefined()
  })
  const unreadable: [name: string, file: Record<string, string>, said: RegExp][] = [
    ['too large', { 'appliance.yaml': '#'.repeat(70_000) }, /^appliance\.yaml: it has 70000 bytes, more than 65536$/],
    [
      'not UTF-8 (UTF-16 of an old Notepad)',
      { 'appliance.yaml': 'h\0o\0s\0t\0' },
      /^appliance\.yaml, line 1: control characters/,
    ],
    ['a folder', { 'appliance.yaml/x': '' }, /^appliance\.yaml: not a regular file$/],
  ]
  for (const [name, files, said] of unreadable) {
    test(`an appliance.yaml that is ${name} is said to be so`, async () => {
      const problems = await box({ ...GROUPS, ...files }).plan()
      expect(problems[1]).toMatch(said)
    })
  }
  test('a groups file that the server would refuse does not keep it from starting', async () => {
    const { run, text, plan } = box({
      ...GROUPS,
      'config.yaml': 'api_version: v1alpha1\ngroups:\n  - require: {mac: nonsense}\n',
    })
    expect(await plan()).toEqual([
      'config.yaml cannot be used, and no machine is booted: correct it and restart the box',
      'config.yaml, line 3: require.mac is no MAC address: "nonsense"',
    ])
    expect(text('flags')).toContain(`\n-config=${run}/no-groups.yaml\n`)
    expect(text('no-groups.yaml')).toBe('api_version: v1alpha1\ngroups: []\n')
  })
  test('what Windows made a .txt of is found', async () => {
    const named = { 'appliance.yaml.txt': 'hostname: boot1\n', 'config.yaml.txt': '', 'assets/README.txt': '' }
    expect(await box(named).plan()).toEqual([
      'appliance.yaml.txt is not looked at: its name must be appliance.yaml',
      'config.yaml cannot be used, and no machine is booted: correct it and restart the box',
      'config.yaml: there is no such file',
      'config.yaml.txt is not looked at: its name must be config.yaml',
    ])
  })
  test('nor does an empty partition', async () => {
    const { text, plan } = box({})
    expect(await plan()).toEqual([
      'config.yaml cannot be used, and no machine is booted: correct it and restart the box',
      'config.yaml: there is no such file',
      'assets is no folder, and nothing is served below /assets/: make it and restart the box',
    ])
    expect(text('flags')).toContain('\n-assets-path=\n')
  })
})
