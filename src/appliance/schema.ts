/**
 * What `appliance.yaml` may say: one schema is the type, the defaults, the error text and the table of docs/appliance-yaml.md.
 *
 * Every value comes as the text that was written (`config.ts`), so that `off`, `080` and `1e3` mean what a person sees.
 */
import { z } from 'zod'

import { cidrOf, conflicts, wrongAddresses } from './network.ts'

/** Names as the kernel gives them, so short that `eth0.4094` fits the 15 bytes that it has for a name. */
const PORT = /^(?!lo$|br\d)[A-Za-z][A-Za-z0-9]{0,9}$/
/** RFC 1123 section 2.1. */
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
const HOST = new RegExp(`^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*$`)

/** The box watches itself by it, so it answers whatever the file says. */
export const HTTP_PORT_ALWAYS = 8080
/** A program without rights can have it here (net.ipv4.ip_unprivileged_port_start is 67). */
const HTTP_PORT_MIN = 80
const SYSLOG_PORT = 514

const LIST_MAX = 8
const INTERFACES_MAX = 16

/** @param later - what is asked for, and cannot be had yet, with what to write instead */
function oneOf<const T extends readonly string[]>(words: T, later?: { word: string; instead: string }) {
  const expected = `expected ${words.join(' or ')}`
  return z.enum(words, {
    error: ({ input }) =>
      later !== undefined && input === later.word ? `${input} comes later: ${later.instead}` : expected,
  })
}

function whole(min: number, max: number) {
  const expected = `expected a whole number from ${min} to ${max}`
  return z
    .string(expected)
    .refine((text) => /^\d{1,6}$/.test(text) && Number(text) >= min && Number(text) <= max, expected)
    .transform(Number)
}

function listOf<T extends z.ZodType>(item: T, example: string, max = LIST_MAX) {
  return z.array(item, `expected a list, such as [${example}]`).max(max, `expected at most ${max}`)
}

const ipv4 = z.ipv4('expected an IPv4 address, such as 192.168.1.1')
const host = z.string('expected a host name or IPv4 address').regex(HOST, 'expected a host name or IPv4 address')
const port = z
  .string('expected the name of a port, such as eth0')
  .regex(PORT, 'expected the name of a port, such as eth0')

const ADDRESS = 'expected dhcp, or an IPv4 address with the length of its network, such as 192.168.1.2/24'

export const interfaceSchema = z
  .strictObject(
    {
      port: port.optional().describe('a network port, counted as the kernel finds them: `eth0`, `eth1`, …'),
      bridge: listOf(port, 'eth0, eth1', INTERFACES_MAX)
        .min(2, 'expected two ports or more')
        .optional()
        .describe('in place of `port`: several ports that work as one switch, `[eth0, eth1]`'),
      vlan: whole(1, 4094).optional().describe('number of a VLAN (802.1Q) on that port or bridge'),
      address: z
        .string(ADDRESS)
        .refine((text) => text === 'dhcp' || cidrOf(text) !== undefined, ADDRESS)
        .default('dhcp')
        .describe('`dhcp`, or an address with the length of its network, `192.168.1.2/24`'),
      gateway: ipv4.optional().describe('the router, where the address is not by DHCP'),
      boot: oneOf(['on', 'off']).default('on').describe('`off`: machines there are not booted (no DHCP, no TFTP)'),
    },
    'expected port or bridge, and what is to be said of it',
  )
  .superRefine((iface, context) => {
    for (const problem of wrongAddresses(iface)) context.addIssue({ code: 'custom', ...problem })
  })

/** Also where it is one interface that is not in a list. */
const networkSchema = z
  .preprocess(
    (value) => (value === 'auto' ? [] : Array.isArray(value) || typeof value !== 'object' ? value : [value]),
    z
      .array(interfaceSchema, 'expected auto, or a list of interfaces')
      .max(INTERFACES_MAX, `expected at most ${INTERFACES_MAX} interfaces`),
  )
  .superRefine((interfaces, context) => {
    for (const problem of conflicts(interfaces)) context.addIssue({ code: 'custom', ...problem })
  })

export const modulesSchema = z.strictObject(
  {
    dhcp: oneOf(['proxy', 'off'], {
      word: 'full',
      instead: 'write proxy, and leave addresses to the DHCP server that the network has',
    })
      .default('proxy')
      .describe('`proxy` or `off`; `proxy` names the boot file beside the DHCP server that the network has'),
    tftp: oneOf(['on', 'off']).default('on').describe('`on` or `off`; the firmware of machines reads iPXE by it'),
    http: z
      .strictObject(
        {
          port: whole(HTTP_PORT_MIN, 65_535).prefault('80').describe(`for people; ${HTTP_PORT_ALWAYS} answers as well`),
        },
        'expected port',
      )
      .prefault({}),
    dns: oneOf(['off'], { word: 'on', instead: 'write off' })
      .default('off')
      .describe('`off`; a DNS server comes later'),
  },
  'expected dhcp, tftp, http and dns',
)

const SYSLOG = 'expected a host name or IPv4 address, or host:port'

export const logSchema = z.strictObject(
  {
    syslog: z
      .string(SYSLOG)
      .transform((text) => {
        const [, host = '', port = String(SYSLOG_PORT)] = /^([^:]+)(?::(\d{1,5}))?$/.exec(text) ?? []
        return { host, port: Number(port) }
      })
      .refine(({ host, port }) => HOST.test(host) && port >= 1 && port <= 65_535, SYSLOG)
      .optional()
      .describe(`where the log goes: \`host\` or \`host:port\` of a syslog server (UDP, port ${SYSLOG_PORT})`),
  },
  'expected syslog',
)

export const applianceSchema = z.strictObject(
  {
    hostname: z
      .string('expected letters, digits and hyphens')
      .regex(new RegExp(`^${LABEL}$`), 'expected letters, digits and hyphens, at most 63')
      .default('bootcfg')
      .describe('the name of the box'),
    network: networkSchema
      .prefault('auto')
      .describe('`auto`: the wired ports `eth0` to `eth3`, each with an address by DHCP; or a list of interfaces'),
    dns: listOf(ipv4, '192.168.1.1').default([]).describe('DNS servers, in place of those that DHCP names'),
    search: listOf(host, 'example.com').default([]).describe('domains in which short names are looked for'),
    ntp: listOf(host, 'pool.ntp.org').default([]).describe('time servers, in place of those that DHCP names'),
    modules: modulesSchema.prefault({}),
    log: logSchema.prefault({}),
  },
  'expected keys such as hostname and network',
)

/** `network` is empty for `auto`. */
export type ApplianceConfig = z.output<typeof applianceSchema>

/** Of a file that says nothing. */
export const DEFAULTS: ApplianceConfig = applianceSchema.parse({})
