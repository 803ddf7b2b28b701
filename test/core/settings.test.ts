import { describe, expect, test } from 'vitest'

import { ARCHITECTURE_NAMES } from '../../src/core/architectures.ts'
import { helpText, parseInvocation, UsageError } from '../../src/core/settings.ts'

describe('a setting comes from', () => {
  const cases: [rule: string, args: string[], env: Record<string, string>, config: string][] = [
    ['its default', [], {}, './data/config.yaml'],
    ['its flag', ['-config', 'a'], {}, 'a'],
    ['its flag with two dashes', ['--config', 'a'], {}, 'a'],
    ['its flag with an equals sign', ['-config=a=b'], {}, 'a=b'],
    ['the last of several flags', ['-config', 'a', '-config=b'], {}, 'b'],
    ['its variable', [], { BOOTCFG_CONFIG: 'v' }, 'v'],
    ['its flag before its variable', ['-config', 'a'], { BOOTCFG_CONFIG: 'v' }, 'a'],
    ['its default when the variable is empty', [], { BOOTCFG_CONFIG: '' }, './data/config.yaml'],
  ]
  for (const [rule, args, env, config] of cases) {
    test(rule, () => expect(parseInvocation(args, env).settings.config).toBe(config))
  }
})

test('flags keep the defaults of the old program', () => {
  expect(parseInvocation([], {}).settings).toMatchObject({
    address: ['127.0.0.1:8080'],
    config: './data/config.yaml',
    'data-path': './data',
    'assets-path': './assets',
    'key-ring-path': '',
    'log-level': 'info',
    version: false,
    help: false,
  })
})

test('-net names interfaces, and opens HTTP to the network unless -address says otherwise', () => {
  expect(parseInvocation([], {}).settings).toMatchObject({ net: [], dhcp: 'proxy', tftp: true, ra: true })
  expect(parseInvocation(['-net', 'br0,eth1.5'], {}).settings).toMatchObject({
    net: ['br0', 'eth1.5'],
    address: ['0.0.0.0:8080'],
    advertise: undefined,
  })
  const own = ['-net=br0', '-address=127.0.0.1:8080']
  expect(parseInvocation(own, {}).settings.address).toEqual(['127.0.0.1:8080'])
  expect(parseInvocation(['-net=br0'], { BOOTCFG_ADDRESS: '127.0.0.1:80' }).settings.address).toEqual(['127.0.0.1:80'])
})

test('-address may name several', () => {
  expect(parseInvocation(['-address', ':8080,[::1]:80'], {}).settings.address).toEqual([':8080', '[::1]:80'])
  expect(() => parseInvocation(['-address', ':8080,'], {})).toThrow('expected host:port')
})

test('dashes become underscores in the name of a variable', () => {
  const { settings } = parseInvocation([], {
    BOOTCFG_DATA_PATH: '/d',
    BOOTCFG_LOG_LEVEL: 'debug',
    BOOTCFG_VERSION: 'true',
  })
  expect(settings).toMatchObject({ 'data-path': '/d', 'log-level': 'debug', version: true })
})

test('a switch takes no argument, so what follows it is a flag of its own', () => {
  expect(parseInvocation(['-version', '-config', 'a'], {}).settings).toMatchObject({ version: true, config: 'a' })
  expect(parseInvocation(['-version=false'], {}).settings.version).toBe(false)
})

test('the passphrase is a variable and no flag', () => {
  expect(parseInvocation([], { BOOTCFG_PASSPHRASE: 'x' }).passphrase).toBe('x')
  expect(() => parseInvocation(['-passphrase', 'x'], {})).toThrow(UsageError)
})

test('the command stands first, and is to serve when there is none', () => {
  expect(parseInvocation([], {}).command).toBe('serve')
  expect(parseInvocation(['serve'], {}).command).toBe('serve')
  const { command, settings } = parseInvocation(['check', '-json'], {})
  expect([command, settings.json]).toEqual(['check', true])
})

test('explain takes what a machine is, in its own normal form', () => {
  const args = ['explain', '-mac', '52-54-00-89-D8-10', '-label', 'a=b', '-label=c=d=e', '-arch', 'x64-uefi', '-uuid=A']
  const { command, machine } = parseInvocation(args, { BOOTCFG_MAC: 'x' })
  expect([command, machine]).toEqual([
    'explain',
    {
      mac: '52:54:00:89:d8:10',
      uuid: 'A',
      arch: 'x64-uefi',
      label: [
        ['a', 'b'],
        ['c', 'd=e'],
      ],
    },
  ])
  expect(parseInvocation(['explain'], {}).machine).toEqual({ label: [] })
})

describe('what cannot be used is named', () => {
  const cases: [args: string[], env: Record<string, string>, message: string][] = [
    [['-unknown'], {}, 'flag provided but not defined: -unknown'],
    [['-data_path', 'x'], {}, 'flag provided but not defined: -data_path (did you mean -data-path?)'],
    [['-config'], {}, 'flag needs an argument: -config'],
    [['extra'], {}, 'unexpected argument: extra'],
    [['--'], {}, 'bad flag syntax: --'],
    [['-=x'], {}, 'bad flag syntax: -=x'],
    [['-address', '8080'], {}, 'invalid value "8080" for -address: expected host:port'],
    [['-address', ':70000'], {}, 'the port must be at most 65535'],
    [['-net', 'eth0:1'], {}, 'invalid value "eth0:1" for -net: expected names of interfaces'],
    [['-net', 'br0,br0'], {}, 'an interface is named twice'],
    [['-net', 'a,,b'], {}, 'expected names of interfaces'],
    [['-tftp', 'yes'], {}, 'invalid value "yes" for -tftp: expected on or off'],
    [['-advertise', 'http://x'], {}, 'expected a host name or IPv4 address'],
    [['-log-level', 'loud'], {}, 'invalid value "loud" for -log-level: expected one of critical, error'],
    [[], { BOOTCFG_LOG_LEVEL: 'loud' }, 'invalid value "loud" for BOOTCFG_LOG_LEVEL'],
    [['-max-connections', '0'], {}, 'expected at least 1'],
    [['-max-connections', 'many'], {}, 'expected a whole number'],
    [['-version=maybe'], {}, 'expected true or false'],
    [['-mac', '52:54:00:89:d8:10'], {}, 'flag provided but not defined: -mac (only bootcfg explain takes it'],
    [['check', '-label', 'a=b'], {}, 'flag provided but not defined: -label'],
    [['explain', '-mac', 'x'], {}, 'invalid value "x" for -mac: expected a MAC address'],
    [['explain', '-arch', 'x64'], {}, 'invalid value "x64" for -arch: expected the name of an architecture'],
    [['explain', '-arch', 'x64-uefi'], {}, 'invalid value "x64-uefi" for -arch: needs a mac of 6 bytes'],
    [['explain', '-label', 'a=1', '-label', 'b'], {}, 'invalid value "b" for -label: expected key=value'],
    [['explain', '-label', 'mac=x'], {}, 'mac and uuid are given by those names'],
    [['explain', '-label', 'a=1', '-label', 'a=2'], {}, 'a key is given twice'],
  ]
  for (const [args, env, message] of cases) {
    test(message, () => expect(() => parseInvocation(args, env)).toThrow(message))
  }
  test('all at once', () => {
    const parse = () => parseInvocation(['-x', '-log-level', 'y', 'z'], {})
    expect(parse).toThrow('-x')
    expect(parse).toThrow('"y"')
    expect(parse).toThrow('z')
  })
})

test('the help names what explain takes, without variables, and every architecture', () => {
  const help = helpText()
  for (const flag of ['mac', 'uuid', 'arch', 'label']) expect(help).toContain(`  -${flag}\n`)
  expect(help).not.toContain('BOOTCFG_MAC')
  for (const name of ARCHITECTURE_NAMES) expect(help).toMatch(new RegExp(`^  (.* )?${name}( .*)?$`, 'm'))
})

test('the help names every flag with its variable', () => {
  const help = helpText()
  for (const flag of Object.keys(parseInvocation([], {}).settings)) {
    expect(help).toContain(`  -${flag}\n`)
    expect(help).toContain(`BOOTCFG_${flag.toUpperCase().replaceAll('-', '_')}\n`)
  }
})
