/**
 * Flags and BOOTCFG_* variables. One table is type, default, help text and error text.
 *
 * Flags are read as Go's `flag` package reads them: one dash or two, `-flag value` or `-flag=value`, a switch without a
 * value; the last of several wins. A variable counts where its flag is not given and it is not empty. Nothing else in the
 * program looks at argv or the environment.
 */
import { z } from 'zod'

import { ARCHITECTURE_NAMES } from './architectures.ts'
import { type AskedMachine, MACHINE_HELP, parseAskedMachine } from './asked-machine.ts'

const LOG_LEVELS = ['critical', 'error', 'warning', 'notice', 'info', 'debug'] as const

const ADDRESS = /^(\[[0-9a-fA-F:.%a-z]+\]|[^:[\]]*):(\d{1,5})$/

const ADDRESSES_MAX = 8

/** Machines on the network must reach it. */
const ADDRESS_WITH_NET = '0.0.0.0:8080'

/** Names of network interfaces: at most 15 bytes, no slash, no blank. */
const INTERFACE = /^[^\s/:,]{1,15}$/
const INTERFACES_MAX = 64

/** As `useradd` allows them. */
const USER = /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,31})?)?$/

/** No longer than what a URL in one DHCP option leaves room for. */
const ADVERTISED = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,198}[A-Za-z0-9])?(?::\d{1,5})?)?$/

const switchValue = z
  .enum(['1', 't', 'T', 'true', 'TRUE', 'True', '0', 'f', 'F', 'false', 'FALSE', 'False'], 'expected true or false')
  .transform((text) => /^(1|t)/i.test(text))

function count(min: number, max: number) {
  return z.coerce
    .number(`expected a whole number from ${min} to ${max}`)
    .int(`expected a whole number from ${min} to ${max}`)
    .min(min, `expected at least ${min}`)
    .max(max, `expected at most ${max}`)
}

const path = z.string()

/** The flags in the order in which the help lists them. Defaults are texts, as a person would type them. */
const FLAGS = {
  address: {
    schema: z
      .string()
      .transform((text) => text.split(','))
      .refine(
        (addresses) => addresses.every((address) => ADDRESS.test(address)),
        'expected host:port, such as 127.0.0.1:8080 or [::1]:8080',
      )
      .refine((addresses) => addresses.every((address) => portOf(address) <= 65_535), 'the port must be at most 65535')
      .refine((addresses) => addresses.length <= ADDRESSES_MAX, `at most ${ADDRESSES_MAX} addresses`),
    default: '127.0.0.1:8080',
    help: `HTTP listen addresses, host:port, separated by commas, the one that machines are told first; an empty host listens on every address; with -net the default is ${ADDRESS_WITH_NET}`,
  },
  config: { schema: path.min(1, 'expected a path'), default: './data/config.yaml', help: 'groups file (YAML)' },
  'data-path': {
    schema: path.min(1, 'expected a path'),
    default: './data',
    help: 'data directory with specs, ignition, cloud and templates',
  },
  'assets-path': {
    schema: path,
    default: './assets',
    help: 'directory served at /assets/; empty switches it off',
  },
  'key-ring-path': {
    schema: path,
    default: '',
    help: 'OpenPGP secret key ring that signs; empty switches signing off',
  },
  net: {
    schema: z
      .string()
      .transform((text) => (text === '' ? [] : text.split(',')))
      .refine(
        (names) => names.every((name) => INTERFACE.test(name)),
        'expected names of interfaces, such as br0 or eth0,eth1',
      )
      .refine((names) => new Set(names).size === names.length, 'an interface is named twice')
      .refine((names) => names.length <= INTERFACES_MAX, `at most ${INTERFACES_MAX} interfaces`),
    default: '',
    help: 'interfaces on which machines boot, separated by commas; switches DHCP and TFTP on',
  },
  dhcp: {
    schema: z.enum(['proxy', 'off'], 'expected proxy or off'),
    default: 'proxy',
    help: 'with -net: proxy|off; proxy names the boot file beside the DHCP server that the network has',
  },
  tftp: {
    schema: z.enum(['on', 'off'], 'expected on or off').transform((text) => text === 'on'),
    default: 'on',
    help: 'with -net: on|off; serves the firmware folder, read-only',
  },
  answer: {
    schema: z.enum(['all', 'known'], 'expected all or known'),
    default: 'all',
    help: 'with -net: all|known; known is silent to a machine whose mac or uuid no group requires',
  },
  advertise: {
    schema: z
      .string()
      .regex(ADVERTISED, 'expected a host name or IPv4 address, with :port if need be')
      .transform((text) => text || undefined),
    default: '',
    help: "host that machines are given in URLs; by default the interface's own address",
  },
  'firmware-path': {
    schema: path.min(1, 'expected a path'),
    default: './firmware',
    help: 'with -net: directory with the iPXE binaries that machines load first (scripts/get-firmware)',
  },
  ra: {
    schema: z.enum(['on', 'off'], 'expected on or off').transform((text) => text === 'on'),
    default: 'on',
    help: 'with -net: on|off; tells an iPXE that boots that there is no IPv6 router, so that it does not wait for one',
  },
  user: {
    schema: z
      .string()
      .regex(USER, 'expected a user, as a name or number, and with a colon its group, such as 900:900')
      .transform((text) => (text === '' ? undefined : text)),
    default: '',
    help: 'started by root: become this user, user:group, before anything is read from files or the network',
  },
  appliance: {
    schema: path.transform((text) => text || undefined),
    default: '',
    help: "directory in which the appliance's scripts say what box it is; for the image",
  },
  'max-transfers': {
    schema: count(1, 100_000),
    default: '1024',
    help: 'TFTP transfers at once; a request beyond is not answered, and the machine asks again',
  },
  'max-transfers-per-address': {
    schema: count(1, 100_000),
    default: '256',
    help: 'TFTP transfers at once to one address',
  },
  'max-block-bytes': {
    schema: count(512, 65_464),
    default: '1468',
    help: 'largest TFTP block; lower it where the path to the machines has a smaller MTU than 1500',
  },
  webhook: {
    schema: z
      .union([z.literal(''), z.url({ protocol: /^https?$/, error: 'expected an http or https URL' })])
      .transform((text) => text || undefined),
    default: '',
    help: 'URL that each boot is posted to at its end, as JSON; empty posts to nobody',
  },
  'hide-bodies': {
    schema: switchValue,
    default: 'false',
    help: 'the status page shows no rendered configs, so that no secrets are on a screen',
    isSwitch: true,
  },
  'log-level': {
    schema: z.enum(LOG_LEVELS, `expected one of ${LOG_LEVELS.join(', ')}`),
    default: 'info',
    help: `least severe level to log: ${LOG_LEVELS.join('|')}`,
  },
  'state-path': {
    schema: path,
    default: '',
    help: 'directory in which boots are kept over a restart; empty keeps them in memory alone',
  },
  'max-machines': {
    schema: count(1, 1_000_000),
    default: '10000',
    help: 'machines whose boots are remembered, 20 each; the one heard of longest ago is forgotten',
  },
  'max-history-bytes': {
    schema: count(1 << 20, 2 ** 40),
    default: String(96 << 20),
    help: 'memory for boots that are over; the file in -state-path has up to a third of it',
  },
  'max-connections': {
    schema: count(1, 1_000_000),
    default: '4096',
    help: 'HTTP connections at once; more are refused',
  },
  'max-header-bytes': {
    schema: count(1024, 1 << 20),
    default: '16384',
    help: 'size of a request line with its headers',
  },
  'max-file-bytes': {
    schema: count(1024, 512 << 20),
    default: String(64 << 20),
    help: 'size of one file of the data directory, of the groups file and of the key ring',
  },
  'max-output-bytes': {
    schema: count(1024, 64 << 20),
    default: String(8 << 20),
    help: 'size of one rendered template',
  },
  'max-signatures': {
    schema: count(1, 1_000_000),
    default: '1000',
    help: 'signatures kept for bytes that are asked for again',
  },
  json: { schema: switchValue, default: 'false', help: 'check, explain: print JSON', isSwitch: true },
  version: { schema: switchValue, default: 'false', help: 'print the version and exit', isSwitch: true },
  help: { schema: switchValue, default: 'false', help: 'print this help and exit', isSwitch: true },
} as const satisfies Record<string, { schema: z.ZodType; default: string; help: string; isSwitch?: boolean }>

type FlagName = keyof typeof FLAGS

const SWITCHES: ReadonlySet<string> = new Set(flagNames().filter((name) => 'isSwitch' in FLAGS[name]))

export type Settings = { readonly [F in FlagName]: z.output<(typeof FLAGS)[F]['schema']> }

export type LogLevel = (typeof LOG_LEVELS)[number]

const COMMANDS = ['serve', 'check', 'explain'] as const
type Command = (typeof COMMANDS)[number]

export interface Invocation {
  readonly command: Command
  /** Whom to explain; says nothing for another command. */
  readonly machine: AskedMachine
  readonly settings: Settings
  /** From BOOTCFG_PASSPHRASE, which has no flag: a command line is for everyone to see. */
  readonly passphrase: string | undefined
}

/** The command line cannot be used; the message names every problem, one a line. Exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/**
 * What the command line and the environment ask for.
 *
 * @param args - the arguments after the program's name
 * @throws {UsageError} naming every problem at once
 */
export function parseInvocation(
  args: readonly string[] = process.argv.slice(2),
  env: Readonly<Record<string, string | undefined>> = process.env,
): Invocation {
  const problems: string[] = []
  const [first, ...others] = args
  const command = COMMANDS.find((name) => name === first)
  const known = command === 'explain' ? [...flagNames(), ...machineFlags()] : flagNames()
  const given = readFlags(command === undefined ? args : others, known, problems)
  const machine = machineOf(given, problems)
  const settings: Partial<Record<FlagName, unknown>> = {}
  for (const name of flagNames()) {
    const { text, origin } = textOf(name, given, env)
    const parsed = FLAGS[name].schema.safeParse(text)
    if (parsed.success) settings[name] = parsed.data
    else problems.push(`invalid value ${JSON.stringify(text)} for ${origin}: ${parsed.error.issues[0]!.message}`)
  }
  if (problems.length > 0) throw new UsageError(problems.join('\n'))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every flag was set just above
  const complete = settings as Settings
  const addressIsOpen = complete.net.length > 0 && textOf('address', given, env).isDefault
  return {
    command: command ?? 'serve',
    machine,
    settings: addressIsOpen ? { ...complete, address: [ADDRESS_WITH_NET] } : complete,
    passphrase: env['BOOTCFG_PASSPHRASE'] || undefined,
  }
}

type AnyFlag = FlagName | keyof AskedMachine

/** The texts that each flag was given, in their order. */
type Given = ReadonlyMap<AnyFlag, readonly string[]>

function readFlags(args: readonly string[], known: readonly AnyFlag[], problems: string[]): Given {
  const given = new Map<AnyFlag, readonly string[]>()
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!
    const [, dashed, inline] = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(arg) ?? []
    if (dashed === undefined) {
      problems.push(arg.startsWith('-') ? `bad flag syntax: ${arg}` : `unexpected argument: ${arg}`)
      continue
    }
    const name = known.find((flag) => flag === dashed) ?? (dashed === 'h' ? 'help' : undefined)
    const text = inline ?? (name !== undefined && SWITCHES.has(name) ? 'true' : undefined)
    if (name === undefined) problems.push(`flag provided but not defined: -${dashed}${suggestion(dashed)}`)
    else if (text === undefined && at + 1 === args.length) problems.push(`flag needs an argument: -${name}`)
    else given.set(name, [...(given.get(name) ?? []), text ?? args[++at]!])
  }
  return given
}

/** Of which machine the flags speak; without them, of one that says nothing of itself. */
function machineOf(given: Given, problems: string[]): AskedMachine {
  const texts = machineFlags().flatMap((name) => {
    const all = given.get(name)
    return all === undefined ? [] : [[name, name === 'label' ? all : all.at(-1)!] as const]
  })
  const asked = parseAskedMachine(Object.fromEntries(texts))
  if ('machine' in asked) return asked.machine
  for (const { name, text, message } of asked.problems) {
    problems.push(`invalid value ${JSON.stringify(text)} for -${name}: ${message}`)
  }
  return { label: [] }
}

/** Of `host:port`. */
export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}

function textOf(name: FlagName, given: Given, env: Readonly<Record<string, string | undefined>>) {
  const flag = given.get(name)?.at(-1)
  if (flag !== undefined) return { text: flag, origin: `-${name}`, isDefault: false }
  const variable = variableOf(name)
  const value = env[variable]
  if (value) return { text: value, origin: variable, isDefault: false }
  return { text: FLAGS[name].default, origin: `-${name}`, isDefault: true }
}

function suggestion(typed: string): string {
  if (machineFlags().some((name) => name === typed)) return ` (only bootcfg explain takes it, and its name comes first)`
  const near = flagNames().find((name) => name.replaceAll('-', '') === typed.toLowerCase().replaceAll(/[-_]/g, ''))
  return near === undefined ? '' : ` (did you mean -${near}?)`
}

/** That only `explain` takes, and no variable sets. */
function machineFlags(): (keyof AskedMachine)[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys forgets them
  return Object.keys(MACHINE_HELP) as (keyof AskedMachine)[]
}

function variableOf(name: FlagName): string {
  return `BOOTCFG_${name.toUpperCase().replaceAll('-', '_')}`
}

function flagNames(): FlagName[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys forgets them
  return Object.keys(FLAGS) as FlagName[]
}

/** What `-help` prints; docs/flags.md repeats it, and a test holds the two together. */
export function helpText(): string {
  const flags = flagNames().map((name) => {
    const { help, default: value } = FLAGS[name]
    const shown = SWITCHES.has(name) ? '' : ` (default ${JSON.stringify(value)})`
    return `  -${name}\n        ${help}${shown}\n        ${variableOf(name)}\n`
  })
  return [
    'Usage: bootcfg [serve] [flags]    match machines to specs and serve their boot configuration\n',
    '       bootcfg check [flags]      print every problem of a data directory; exit 1 if one is an error\n',
    '       bootcfg explain [flags]    print what one machine would get, and why; exit 1 if something of it fails\n',
    '\nFlags, each also as the variable below it (the flag wins):\n',
    ...flags,
    '  BOOTCFG_PASSPHRASE\n        unlocks the key ring; has no flag\n',
    '\nFlags of explain alone, without variables:\n',
    ...machineFlags().map((name) => `  -${name}\n        ${MACHINE_HELP[name]}\n`),
    '\nArchitectures:\n',
    wrapped(ARCHITECTURE_NAMES),
  ].join('')
}

/** Words with blanks between them, in lines that fit a terminal. */
function wrapped(words: readonly string[]): string {
  return words.join(' ').replaceAll(/(.{1,76})(?: |$)/g, '  $1\n')
}
