/**
 * The requests that a machine would send when it boots, as EDK2 and iPXE were seen to write them.
 *
 * What differs from boot to boot is fixed: xid, and the address that the machine would have been leased.
 */
import { ARCHITECTURE_NAMES, type ArchitectureName } from '../core/architectures.ts'
import { encode } from './encode.ts'
import type { Message } from './message.ts'
import { OPTION } from './options.ts'

export interface ExampleMachine {
  /** Of 6 bytes, lower case with colons. */
  readonly mac: string
  /** Left out of the request when it is no GUID. */
  readonly uuid: string | undefined
  readonly architecture: ArchitectureName
}

const XID = 0x626f6f74
/** RFC 5737: an address of documentation. */
export const MACHINE_ADDRESS = { text: '192.0.2.2', number: 0xc0000202 } as const
/** A request with headers in one Ethernet frame, as both ask for it. */
const MESSAGE_BYTES_MAX = Uint8Array.of(0x05, 0xc0)

/** Firmware as it comes, or the iPXE that it was given. */
export type Runs = 'firmware' | 'ipxe'

/** @param port - 67 for the DISCOVER to all, 4011 for the REQUEST to us alone */
export function exampleRequest(machine: ExampleMachine, runs: Runs, port: 67 | 4011): Uint8Array {
  const isDiscover = port === 67
  const message: Message = {
    op: 'request',
    type: isDiscover ? 'discover' : 'request',
    htype: 1,
    hlen: 6,
    hops: 0,
    xid: XID,
    secs: 0,
    flags: isDiscover ? 0x8000 : 0,
    ciaddr: isDiscover ? 0 : MACHINE_ADDRESS.number,
    yiaddr: 0,
    siaddr: 0,
    giaddr: 0,
    chaddr: new Uint8Array([...hexBytes(machine.mac), ...Array<number>(10).fill(0)]),
    sname: '',
    file: '',
    options: requestOptions(machine, runs),
    truncated: false,
  }
  return encode(message)
}

/** Whether firmware of this kind boots by HTTP instead of TFTP. */
export function bootsByHttp(architecture: ArchitectureName): boolean {
  return /-http(-|$)/.test(architecture)
}

/** What an iPXE says of the machine on which firmware says this: whether it came by HTTP makes no difference to it. */
function ipxeArchitecture(architecture: ArchitectureName): ArchitectureName {
  const plain = architecture.replace(/(-http)?(-as-\d+)?$/, '')
  return ARCHITECTURE_NAMES.find((name) => name === plain) ?? architecture
}

function requestOptions({ mac, uuid, architecture }: ExampleMachine, runs: Runs): Map<number, Uint8Array> {
  const isIpxe = runs === 'ipxe'
  const number = ARCHITECTURE_NAMES.indexOf(isIpxe ? ipxeArchitecture(architecture) : architecture)
  const by = bootsByHttp(architecture) && !isIpxe ? 'HTTPClient' : 'PXEClient'
  const guid = guidBytes(uuid)
  const options = new Map<number, Uint8Array>([[OPTION.maxMessageSize, MESSAGE_BYTES_MAX]])
  if (guid !== undefined) options.set(OPTION.machineGuid, guid)
  options.set(OPTION.architecture, Uint8Array.of(number >> 8, number & 255))
  options.set(OPTION.vendorClass, Buffer.from(`${by}:Arch:${String(number).padStart(5, '0')}:UNDI:003016`))
  if (isIpxe) {
    options.set(OPTION.userClass, Buffer.from('iPXE'))
    options.set(OPTION.ipxe, IPXE_FEATURES)
    options.set(OPTION.clientId, Uint8Array.of(1, ...hexBytes(mac)))
  }
  return options
}

/** Sub-options of 175 that our builds have in common, BIOS and UEFI: HTTP, HTTPS, bzImage, EFI. */
const IPXE_FEATURES = Uint8Array.of(0x13, 1, 1, 0x14, 1, 1, 0x18, 1, 1, 0x24, 1, 1)

/** Type 0, then the first three groups little endian (RFC 4578 section 2.3). */
function guidBytes(uuid: string | undefined): Uint8Array | undefined {
  if (uuid === undefined || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)) return undefined
  const [first, second, third, ...rest] = uuid.split('-').map(hexBytes)
  const little = [first!, second!, third!].flatMap((group) => group.toReversed())
  return Uint8Array.of(0, ...little, ...rest.flat())
}

function hexBytes(text: string): number[] {
  return [...Buffer.from(text.replaceAll(/[:-]/g, ''), 'hex')]
}
