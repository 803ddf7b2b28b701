/**
 * A DHCP message as text for people, one field or option a line.
 */
import { formatIpv4 } from './ipv4.ts'
import type { Message } from './message.ts'
import { OPTION, subOptions } from './options.ts'

const NAMES = new Map(Object.entries(OPTION).map(([name, code]) => [code as number, name]))
const BLOCKS: ReadonlySet<number> = new Set([OPTION.vendorEncapsulated, OPTION.ipxe])

export function formatMessage(message: Message): string {
  const { op, type, htype, hlen, hops, xid, secs, flags, chaddr, sname, file, options, truncated } = message
  const addresses = (['ciaddr', 'yiaddr', 'siaddr', 'giaddr'] as const).filter((field) => message[field] !== 0)
  return [
    `${op} ${type}${truncated ? ' (truncated)' : ''}`,
    `htype ${htype} hlen ${hlen} hops ${hops} xid ${number(xid, 8)} secs ${number(secs, 4)} flags ${number(flags, 4)}`,
    `chaddr ${Buffer.from(chaddr).toString('hex')}`,
    ...addresses.map((field) => `${field} ${formatIpv4(message[field])}`),
    ...(sname === '' ? [] : [`sname ${JSON.stringify(sname)}`]),
    ...(file === '' ? [] : [`file ${JSON.stringify(file)}`]),
    ...[...options].map(([code, value]) => formatOption(code, value)),
  ].join('\n')
}

function formatOption(code: number, value: Uint8Array): string {
  const name = `${code} ${NAMES.get(code) ?? ''}`.trim()
  if (!BLOCKS.has(code)) return `${name}: ${formatValue(value)}`
  return [`${name}:`, ...[...subOptions(value)].map(([sub, value]) => `  ${sub}: ${formatValue(value)}`)].join('\n')
}

/** Quoted where it reads as text. */
function formatValue(value: Uint8Array): string {
  const bytes = Buffer.from(value)
  const text = bytes.toString('latin1')
  return /^[\u0020-\u007e]{3,}$/.test(text) ? JSON.stringify(text) : bytes.toString('hex')
}

function number(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
