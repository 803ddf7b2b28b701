/**
 * Who is answered, and with what: one request to one verdict (the README has the table).
 *
 * Pure: no sockets, no clock. Which files there are, and what the machine did before, comes with the request.
 */
import { BIOS_FALLBACK } from '../core/boot-programs.ts'
import type { FirmwareFile } from '../core/firmware.ts'
import { bootScriptUrl, firmwareUrl, type WebPlace } from '../core/urls.ts'
import type { Peer } from '../net/datagrams.ts'
import { isUnicast, parseIpv4 } from './ipv4.ts'
import { ipxeOf } from './ipxe.ts'
import type { Message } from './message.ts'
import { OPTION, startsWith, subOptions, u32 } from './options.ts'
import { type Architecture, architectureNumber, ARCHITECTURES } from './pxe.ts'
import { isRaspberryPi } from './raspberry-pi.ts'

/** How option 60 of a machine begins that wants to boot from a network. The reply says the same. */
const VENDOR_CLASSES = ['PXEClient', 'HTTPClient', 'HW-Client'] as const
export type VendorClass = (typeof VENDOR_CLASSES)[number]

type Boot =
  /** It runs iPXE: a script. */
  | { readonly what: 'script'; readonly url: string }
  /** A file of the firmware folder, by TFTP or, with its URL, by HTTP. */
  | { readonly what: 'file'; readonly file: string; readonly url: string | undefined }
  /** It knows the names of its files itself. */
  | { readonly what: 'raspberry-pi' }

export interface Answer {
  readonly do: 'answer'
  readonly type: 'offer' | 'ack'
  readonly vendorClass: VendorClass
  readonly boot: Boot
  readonly architecture: number
  /** It runs iPXE, ours or another. */
  readonly ipxe: boolean
  /** The boot server that it chose (43.71), which the reply repeats. */
  readonly bootItem: Uint8Array | undefined
  /** What its operator should know although it is answered. */
  readonly warning: string | undefined
}

export type Verdict =
  | Answer
  /** Nothing here can boot it. */
  | { readonly do: 'refuse'; readonly architecture: number; readonly why: string }
  /** It talks to the site's DHCP server, about this address of its own. */
  | { readonly do: 'learn'; readonly address: number }
  | { readonly do: 'ignore'; readonly why: Silence }

type Silence =
  | 'not-a-request'
  | 'not-a-network-boot'
  | 'wrong-type-for-port'
  | 'for-another-server'
  | 'no-way-back'
  | 'unknown-machine'
  | 'credentials-wanted'

export interface Context {
  /** Of ours, that the request came to. */
  readonly port: 67 | 4011
  readonly from: Peer
  /** Ours, of the interface that it came in by. */
  readonly address: number
  readonly place: WebPlace
  /** The firmware folder. */
  readonly files: ReadonlyMap<string, FirmwareFile>
  /** What `-answer` says about the machine. */
  readonly isAnswered: (request: Message) => boolean
  /** The machine's, when it was seen the last time. */
  readonly architectureBefore: number | undefined
  /** How often it lately read a file that it was offered without asking for a script afterwards. */
  readonly fruitlessReads: number
}

/** Sub-option of option 43: the boot server that a machine chose (PXE 2.1, PXE_BOOT_ITEM). */
export const BOOT_ITEM = 71

/** So many fruitless reads are a loop. */
export const LOOP_READS = 3

/** The same request in the same context always gets the same verdict. */
export function respond(request: Message, context: Context): Verdict {
  const vendorClass = vendorClassOf(request)
  if (request.op !== 'request') return { do: 'ignore', why: 'not-a-request' }
  if (vendorClass === undefined) return { do: 'ignore', why: 'not-a-network-boot' }
  // On port 67 a REQUEST is for the server that leases addresses. Some boot ROMs take an ACK of ours for the lease.
  if (context.port === 67 && request.type === 'request') return learn(request)
  const silence = whySilent(request, context)
  if (silence !== undefined) return { do: 'ignore', why: silence }

  const number = architectureNumber(request.options, context.architectureBefore)
  const architecture = ARCHITECTURES.get(number)
  const ipxe = ipxeOf(request.options, architecture?.family)
  const answer = (boot: Boot, warning?: string): Answer => ({
    do: 'answer',
    type: context.port === 67 ? 'offer' : 'ack',
    // iPXE may have taken over the class of the firmware that loaded it, but looks for this one in replies.
    vendorClass: ipxe === undefined ? vendorClass : 'PXEClient',
    boot,
    architecture: number,
    ipxe: ipxe !== undefined,
    bootItem: context.port === 4011 ? bootItemOf(request) : undefined,
    warning,
  })
  const script: Boot = { what: 'script', url: bootScriptUrl(context.place) }
  if (ipxe?.able) return answer(script)
  if (isRaspberryPi(request, number)) return answer({ what: 'raspberry-pi' })
  const file = chooseFile(architecture, context)
  if (file === undefined) {
    const why = whyNoFile(number, architecture)
    return ipxe?.http ? answer(script, why) : { do: 'refuse', architecture: number, why }
  }
  if (ipxe?.http && isExhausted(file, context)) return answer(script, `${file} does not help this machine`)
  const url = vendorClass === 'HTTPClient' && ipxe === undefined ? firmwareUrl(context.place, file) : undefined
  return answer({ what: 'file', file, url })
}

function vendorClassOf({ options }: Message): VendorClass | undefined {
  const value = options.get(OPTION.vendorClass)
  return value === undefined ? undefined : VENDOR_CLASSES.find((name) => startsWith(value, name))
}

function learn(request: Message): Verdict {
  const address = u32(request.options, OPTION.requestedAddress) ?? request.ciaddr
  return isUnicast(address) ? { do: 'learn', address } : { do: 'ignore', why: 'wrong-type-for-port' }
}

function whySilent(request: Message, context: Context): Silence | undefined {
  const { type, options } = request
  const isTypeRight = context.port === 67 ? type === 'discover' : type === 'request' || type === 'inform'
  if (!isTypeRight) return 'wrong-type-for-port'
  const server = u32(options, OPTION.serverId)
  if (server !== undefined && server !== context.address) return 'for-another-server'
  if (!hasWayBack(request, context)) return 'no-way-back'
  if (wantsCredentials(bootItemOf(request))) return 'credentials-wanted'
  if (!context.isAnswered(request)) return 'unknown-machine'
  return undefined
}

/** That neither the relay nor the sender is an address that no machine can have. */
function hasWayBack({ giaddr }: Message, { port, from }: Context): boolean {
  if (port === 4011) return from.port !== 0 && isUnicast(parseIpv4(from.address) ?? 0)
  return giaddr === 0 || isUnicast(giaddr)
}

/** {type, layer}, 16 bits each. */
function bootItemOf({ options }: Message): Uint8Array | undefined {
  const block = options.get(OPTION.vendorEncapsulated)
  const item = block === undefined ? undefined : subOptions(block).get(BOOT_ITEM)
  return item?.length === 4 ? item : undefined
}

/** Bit 15 of the layer: the machine wants to check a signature before it runs anything. We have none to give. */
function wantsCredentials(bootItem: Uint8Array | undefined): boolean {
  return bootItem !== undefined && (bootItem[2]! & 0x80) !== 0
}

function chooseFile(architecture: Architecture | undefined, { files, fruitlessReads }: Context): string | undefined {
  if (architecture?.family === 'bios' && fruitlessReads >= LOOP_READS && files.has(BIOS_FALLBACK)) return BIOS_FALLBACK
  return architecture?.files.find((file) => files.has(file))
}

function whyNoFile(number: number, architecture: Architecture | undefined): string {
  if (architecture === undefined) return `architecture ${number} is unknown`
  const { name, files } = architecture
  if (files.length === 0) return `there is no iPXE for ${name} (architecture ${number})`
  return `the firmware folder has no file for ${name} (architecture ${number}), such as ${files[0]}`
}

/**
 * Each file that could help was read, and the machine came back as the iPXE that it was. That one then has to do: better
 * it tries our script than reads the same file for ever.
 */
function isExhausted(file: string, { fruitlessReads }: Context): boolean {
  return fruitlessReads >= (file === BIOS_FALLBACK ? LOOP_READS + 1 : LOOP_READS)
}
