/** What a person writes into appliance.yaml, and what is said of it. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { readConfig } from '../../src/appliance/config.ts'
import { DEFAULTS } from '../../src/appliance/schema.ts'

function accepted(text: string) {
  const { config, problems } = readConfig(text)
  expect(problems).toEqual([])
  return config
}

describe('a file that says nothing has the defaults', () => {
  for (const text of [
    '',
    '\n',
    '# only a comment\r\n',
    '\uFEFF',
    '~',
    '{}',
    'network: auto\n',
    'network:\nlog:\nmodules:\n',
  ]) {
    test(JSON.stringify(text), () => expect(accepted(text)).toEqual(DEFAULTS))
  }
  test('which are DHCP on every port, and all modules', () => {
    expect(DEFAULTS).toEqual({
      hostname: 'bootcfg',
      network: [],
      dns: [],
      search: [],
      ntp: [],
      modules: { dhcp: 'proxy', tftp: 'on', http: { port: 80 }, dns: 'off' },
      log: {},
    })
  })
})

const FULL = `hostname: boot1
network:
  - port: eth0
    address: 192.168.1.2/24
    gateway: 192.168.1.1
  - bridge: [eth1, eth2]
    vlan: 20
    boot: off
dns: [192.168.1.1]
modules: {dhcp: off, tftp: off, http: {port: 8081}}
log:
  syslog: logs.example.com:5514
`

test('every value means what was written: off is off', () => {
  expect(accepted(FULL)).toMatchObject({
    hostname: 'boot1',
    network: [
      { port: 'eth0', address: '192.168.1.2/24', gateway: '192.168.1.1', boot: 'on' },
      { bridge: ['eth1', 'eth2'], vlan: 20, address: 'dhcp', boot: 'off' },
    ],
    modules: { dhcp: 'off', tftp: 'off', http: { port: 8081 } },
    log: { syslog: { host: 'logs.example.com', port: 5514 } },
  })
})
test('what Notepad makes of it is the same', () => {
  expect(accepted(`\uFEFF${FULL.replaceAll('\n', '\r\n')}`)).toEqual(accepted(FULL))
})
test('one interface need not be in a list', () => {
  expect(accepted('network:\n  port: eth0\n  vlan: 7\n')).toEqual(accepted('network:\n  - port: eth0\n    vlan: 7\n'))
})
test('a port may be an interface and have VLANs', () => {
  expect(
    accepted('network:\n - port: eth0\n - {port: eth0, vlan: 7}\n - {port: eth0, vlan: 8}\n').network,
  ).toHaveLength(3)
})

test('everything that is wrong is named at once, in its order, with its line; none of it counts', () => {
  const text = `hostnmae: box
network:
  - prot: eth0
    adress: 10.0.0.2/24
  - port: eth0
    address: 10.0.0.300/24
dns: 1.2.3.4
modules:
  dhcp: full
  tftp: maybe
  http: {port: 22}
`
  for (const written of [text, `\uFEFF${text.replaceAll('\n', '\r\n')}`]) {
    const { config, problems } = readConfig(written)
    expect(config).toBe(DEFAULTS)
    expect(problems).toEqual([
      'line 1: hostnmae: there is no such key, did you mean hostname?',
      'line 3: network[1].prot: there is no such key, did you mean port?',
      'line 3: network[1]: expected either port or bridge, to say which network this is',
      'line 4: network[1].adress: there is no such key, did you mean address?',
      'line 6: network[2].address: expected dhcp, or an IPv4 address with the length of its network, such as 192.168.1.2/24, not 10.0.0.300/24',
      'line 7: dns: expected a list, such as [192.168.1.1], not 1.2.3.4',
      'line 9: modules.dhcp: full comes later: write proxy, and leave addresses to the DHCP server that the network has',
      'line 10: modules.tftp: expected on or off, not maybe',
      'line 11: modules.http.port: expected a whole number from 80 to 65535, not 22',
    ])
  }
})

describe('refused is', () => {
  //  name                                 text                                                              what is said
  const cases: [string, string, RegExp][] = [
    ['what is no YAML', 'hostname: [a\n', /^line \d: /],
    ['a list', '- hostname\n', /^line 1: expected keys such as hostname/],
    ['a key that comes twice', 'hostname: a\nhostname: b\n', /^line 2: hostname: the key stands there twice/],
    ['a host name with a blank', 'hostname: my box\n', /^line 1: hostname: expected letters, .* not my box/],
    ['the address of a network', 'network: {port: eth0, address: 10.0.0.0/24}\n', /address: expected dhcp, or/],
    ['a broadcast address', 'network: {port: eth0, address: 10.0.0.255/24}\n', /address: expected dhcp, or/],
    ['an address without its network', 'network: {port: eth0, address: 10.0.0.2}\n', /address: expected dhcp, or/],
    ['a multicast address', 'network: {port: eth0, address: 224.0.0.5/24}\n', /address: expected dhcp, or/],
    [
      'a gateway elsewhere',
      'network: {port: eth0, address: 10.0.0.2/24, gateway: 10.0.1.1}\n',
      /gateway: 10.0.1.1 is no other address in the network of 10.0.0.2\/24/,
    ],
    ['a gateway with DHCP', 'network: {port: eth0, gateway: 10.0.1.1}\n', /gateway: goes with an address/],
    [
      'two gateways',
      'network:\n - {port: eth0, address: 10.0.0.2/24, gateway: 10.0.0.1}\n - {port: eth1, address: 10.1.0.2/24, gateway: 10.1.0.1}\n',
      /^line 3: network\[2\]\.gateway: another interface has a gateway/,
    ],
    ['a port of a bridge by itself', 'network:\n - bridge: [eth0, eth1]\n - port: eth1\n', /eth1 is part of another/],
    [
      'an interface that is there twice',
      'network:\n - port: eth1\n - port: eth1\n',
      /^line 3: .* stands in the list twice/,
    ],
    ['a bridge of one port twice', 'network: {bridge: [eth0, eth0]}\n', /a port is named twice/],
    ['loopback', 'network: {port: lo}\n', /expected the name of a network port|expected the name of a port/],
    [
      'a VLAN that cannot be',
      'network: {port: eth0, vlan: 4095}\n',
      /vlan: expected a whole number from 1 to 4094, not 4095/,
    ],
    ['a port and a bridge at once', 'network: {port: eth0, bridge: [eth1, eth2]}\n', /either port or bridge/],
    ['a DNS server', 'modules: {dns: on}\n', /dns: on comes later: write off/],
    [
      'a syslog port that cannot be',
      'log: {syslog: "a:0"}\n',
      /syslog: expected a host name or IPv4 address, or host:port, not a:0/,
    ],
    ['words for a shell', 'ntp: ["$(reboot)"]\n', /ntp\[1\]: expected a host name/],
  ]
  for (const [name, text, said] of cases) {
    test(name, () => {
      const { config, problems } = readConfig(text)
      expect(problems.join('\n')).toMatch(said)
      expect(config).toBe(DEFAULTS)
    })
  }
  test('what unfolds without end', () => {
    const lines = Array.from({ length: 20 }, (_, at) => `k${at + 1}: &k${at + 1} [${`*k${at}, `.repeat(9)}]`)
    const bomb = ['k0: &k0 [x, x]', ...lines]
    expect(readConfig(bomb.join('\n')).problems).toHaveLength(1)
  })
})

test('of very many problems the first are named, and the rest counted', () => {
  const text = Array.from({ length: 300 }, (_, at) => `key${at}: 1\n`).join('')
  const { problems } = readConfig(text)
  expect(problems).toHaveLength(51)
  expect(problems[50]).toBe('and 250 more problems')
})

test('any text gives a config or problems of one line each, and no error', () => {
  const words = fc.constantFrom(
    'hostname',
    'network',
    'port',
    'bridge',
    'modules',
    'dhcp',
    '__proto__',
    'constructor',
    'eth0',
    'off',
    '[',
    ']',
    '{',
    '}',
    ':',
    ' ',
    '\n',
    '- ',
    '&a',
    '*a',
    '"',
    '\t',
    '\0',
    '<<',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ maxLength: 200 }),
        fc.array(words, { maxLength: 60 }).map((parts) => parts.join('')),
      ),
      (text) => {
        const { config, problems } = readConfig(text)
        if (problems.length > 0) expect(config).toBe(DEFAULTS)
        for (const problem of problems) expect(problem).toMatch(/^(line \d+: .+|and \d+ more problems)$/u)
      },
    ),
    { numRuns: 2000 },
  )
})
