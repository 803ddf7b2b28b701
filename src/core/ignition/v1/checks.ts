/**
 * What Ignition v1 refuses. Each check says what is wrong in Ignition's words, or nothing.
 *
 * Nothing else is checked there: not the path of a file, not the sign of a uid, not whether names are unique.
 */
import { type Decoded, type Fields, isList, isStruct } from './types.ts'

type Problem = string | undefined

export function checkDevicePath(path: string): Problem {
  return path.startsWith('/') ? undefined : `device path not absolute: ${JSON.stringify(path)}`
}

export function checkPartitionLabel(label: string): Problem {
  return Buffer.byteLength(label) > 36 ? 'partition labels may not exceed 36 characters' : undefined
}

/** Not anchored, as in Ignition. */
const GUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i

export function checkPartitionTypeGuid(guid: string): Problem {
  if (GUID.test(guid)) return undefined
  return `partition type-guid must have the form "01234567-89AB-CDEF-EDCB-A98765432101", got: ${JSON.stringify(guid)}`
}

export function checkFilesystemFormat(format: string): Problem {
  if (format === 'ext4' || format === 'btrfs' || format === 'xfs') return undefined
  return `invalid filesystem format: ${JSON.stringify(format)} (ext4, btrfs or xfs)`
}

export function checkFileMode(mode: bigint): Problem {
  return mode > 0o7777n ? `illegal file mode: 0${mode.toString(8)}` : undefined
}

const SYSTEMD_UNITS = 'service socket device mount automount swap target path timer snapshot slice scope'.split(' ')
const NETWORKD_UNITS = ['link', 'netdev', 'network']

export function checkSystemdUnitName(name: string): Problem {
  return checkExtension(name, SYSTEMD_UNITS, 'invalid systemd unit extension')
}

export function checkDropinName(name: string): Problem {
  return checkExtension(name, ['conf'], 'invalid systemd unit drop-in extension')
}

export function checkNetworkdUnitName(name: string): Problem {
  return checkExtension(name, NETWORKD_UNITS, 'invalid networkd unit extension')
}

function checkExtension(name: string, known: readonly string[], problem: string): Problem {
  const extension = /\.([^./]*)$/.exec(name)?.[1]
  return extension !== undefined && known.includes(extension) ? undefined : `${problem}: ${JSON.stringify(name)}`
}

const STRIPED = ['linear', 'raid0', '0', 'stripe']
const REDUNDANT = ['raid1', '1', 'mirror', 'raid4', '4', 'raid5', '5', 'raid6', '6', 'raid10', '10']

export function checkRaid(raid: Fields): Problem {
  const level = text(raid['level'])
  if (REDUNDANT.includes(level)) return undefined
  if (!STRIPED.includes(level)) return `unrecognized raid level: ${JSON.stringify(level)}`
  return number(raid['spares']) === 0n ? undefined : `spares unsupported for ${JSON.stringify(level)} arrays`
}

export function checkDisk(disk: Fields): Problem {
  const device = text(disk['device'])
  if (device === '') return 'disk device is required'
  const partitions = structs(disk['partitions'])
  const numbers = new Set(partitions.map((partition) => number(partition['number'])))
  // A number that is not given is 0, which two partitions cannot share either.
  if (numbers.size < partitions.length) return `disk ${JSON.stringify(device)}: partition numbers collide`
  const extents = partitions.map((partition) => extent(partition)).filter((partition) => partition.first !== 0n)
  if (overlap(extents)) return `disk ${JSON.stringify(device)}: partitions overlap`
  const misaligned = extents.some((partition) => partition.first % 2048n !== 0n)
  return misaligned ? `disk ${JSON.stringify(device)}: partitions misaligned` : undefined
}

/** First and last sector. A start of 0 means anywhere, a size of 0 as much as there is: then only its start is known. */
interface Extent {
  readonly first: bigint
  readonly last: bigint
}

function extent(partition: Fields): Extent {
  const first = number(partition['start'])
  const sectors = number(partition['size'])
  return { first, last: sectors === 0n ? first : BigInt.asUintN(64, first + sectors - 1n) }
}

/**
 * Whether any two have a sector in common. In the order of their starts only the one that reaches furthest so far can run
 * into the next; one whose end went past 2^64 ends before its start and reaches nobody.
 */
function overlap(extents: readonly Extent[]): boolean {
  let furthest: Extent | undefined
  for (const one of extents.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))) {
    if (furthest !== undefined && furthest.first <= one.last && one.first <= furthest.last) return true
    if (furthest === undefined || one.last > furthest.last) furthest = one
  }
  return false
}

function text(value: Decoded): string {
  return typeof value === 'string' ? value : ''
}

function number(value: Decoded): bigint {
  return typeof value === 'bigint' ? value : 0n
}

function structs(value: Decoded): Fields[] {
  return isList(value) ? value.filter(isStruct) : []
}
