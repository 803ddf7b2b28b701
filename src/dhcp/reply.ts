/**
 * From an answer to the message that says it, and to where that message goes.
 *
 * A reply is the least that firmware of all kinds was seen to accept: the file in the header, no menu, no overload.
 */
import type { Peer } from '../net/datagrams.ts'
import { validGuid } from './identity.ts'
import { formatIpv4 } from './ipv4.ts'
import { IPXE_PRIORITY } from './ipxe.ts'
import { BROADCAST, FILE_BYTES, type Message } from './message.ts'
import { OPTION } from './options.ts'
import { RASPBERRY_PI_MENU } from './raspberry-pi.ts'
import { type Answer, BOOT_ITEM, type VendorClass } from './responder.ts'

/**
 * @param address - ours, of the interface that the request came in by; machines compare it with who sent the reply
 */
export function reply(request: Message, answer: Answer, address: number): Message {
  const isOffer = answer.type === 'offer'
  const file = bootFile(answer)
  const isFileLong = file.length >= FILE_BYTES
  return {
    op: 'reply',
    type: answer.type,
    htype: request.htype,
    hlen: request.hlen,
    hops: 0,
    xid: request.xid,
    secs: 0,
    flags: isOffer ? request.flags | BROADCAST : request.flags,
    ciaddr: isOffer ? 0 : request.ciaddr,
    yiaddr: 0, // never an address: this is what makes it a proxy's
    siaddr: address, // iPXE wants one even where the file is a URL
    giaddr: request.giaddr,
    chaddr: request.chaddr,
    sname: isByTftp(answer) ? formatIpv4(address) : '', // old boot ROMs take it for the server, so never a name
    file: isFileLong ? '' : file,
    options: replyOptions(request, answer, address, isFileLong ? file : undefined),
    truncated: false,
  }
}

/** On 4011 the sender; a relay; else everybody, since a machine that was not given an address hears nothing else. */
export function destination(request: Message, port: 67 | 4011, from: Peer): Peer {
  if (port === 4011) return from
  return request.giaddr === 0
    ? { address: '255.255.255.255', port: CLIENT_PORT }
    : { address: formatIpv4(request.giaddr), port: SERVER_PORT }
}

const [SERVER_PORT, CLIENT_PORT] = [67, 68]

function bootFile({ boot }: Answer): string {
  if (boot.what === 'raspberry-pi') return ''
  return boot.what === 'file' ? (boot.url ?? boot.file) : boot.url
}

function isByTftp({ boot }: Answer): boolean {
  return boot.what === 'raspberry-pi' || (boot.what === 'file' && boot.url === undefined)
}

function replyOptions(
  request: Message,
  answer: Answer,
  address: number,
  longFile: string | undefined,
): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>()
  const add = (code: number, value: Uint8Array | undefined): void => void (value && options.set(code, value))
  add(OPTION.serverId, addressBytes(address))
  add(OPTION.vendorClass, VENDOR_CLASS[answer.vendorClass])
  add(OPTION.machineGuid, validGuid(request.options))
  add(OPTION.vendorEncapsulated, vendorBlock(answer))
  // Some boot ROMs forget where the option ends, so it brings its own NUL.
  add(OPTION.bootFile, longFile === undefined ? undefined : Buffer.from(`${longFile}\0`, 'latin1'))
  add(OPTION.ipxe, answer.ipxe ? IPXE_PRIORITY : undefined)
  add(OPTION.clientId, request.options.get(OPTION.clientId)) // RFC 6842
  add(OPTION.relayAgent, request.giaddr === 0 ? undefined : request.options.get(OPTION.relayAgent)) // RFC 3046
  return options
}

const VENDOR_CLASS: Record<VendorClass, Uint8Array> = {
  PXEClient: Buffer.from('PXEClient'),
  HTTPClient: Buffer.from('HTTPClient'),
  'HW-Client': Buffer.from('HW-Client'),
}

/** Discovery control (6), bit 3: no prompt, no menu, no server discovery, boot the file in this packet. */
const FILE_IS_HERE = Uint8Array.of(6, 1, 0b1000, OPTION.end)

/** Option 43, which means something to PXE alone. */
function vendorBlock({ boot, bootItem, vendorClass }: Answer): Uint8Array | undefined {
  if (vendorClass === 'HTTPClient') return undefined
  if (boot.what === 'raspberry-pi') return RASPBERRY_PI_MENU
  if (bootItem !== undefined) return Uint8Array.of(BOOT_ITEM, bootItem.length, ...bootItem, OPTION.end)
  return FILE_IS_HERE
}

function addressBytes(address: number): Uint8Array {
  return Uint8Array.of(address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255)
}
