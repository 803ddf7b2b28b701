/**
 * Sizes and places on a disk as Ignition v1 reads them in YAML: `10GiB`, `1MiB512KiB`, `1.5GB`, `0`.
 *
 * Units are B, KiB to EiB, or B, KB to EB, all of base 1024; one value keeps to one of the two families.
 * Source: alecthomas/units of 2015 (ParseBase2Bytes), and config/v1 of CoreOS Ignition 0.3.
 */
const PREFIXES = ['K', 'M', 'G', 'T', 'P', 'E']
const IEC = unitMap('iB')
const OLD = unitMap('B')

function unitMap(suffix: string): ReadonlyMap<string, number> {
  return new Map([['B', 1], ...PREFIXES.map((prefix, at) => [`${prefix}${suffix}`, 1024 ** (at + 1)] as const)])
}

/** Sectors of 512 bytes, a part of one counted as a whole; or what is wrong. */
export function parseSectors(text: string): bigint | string {
  let bytes = parseBytes(text, IEC)
  if (typeof bytes === 'string') bytes = parseBytes(text, OLD)
  if (typeof bytes === 'string') return bytes
  if (bytes < 0n) return `partition dimension must not be negative: ${text}`
  return (bytes + 511n) / 512n
}

const SECTORS_OF_MIB = 2048n

/** A place where a partition may start: a multiple of 1 MiB, and not the first; 0 means anywhere. */
export function align(sectors: bigint): bigint {
  if (sectors === 0n) return 0n
  return sectors < SECTORS_OF_MIB ? SECTORS_OF_MIB : sectors - (sectors % SECTORS_OF_MIB)
}

const PART = /([0-9]*)(?:\.([0-9]*))?([^0-9.]*)/y
const HINT = ' (a size has a unit: 512MiB, 10GiB)'
const INT64_LIMIT = 2 ** 63
/** The original gives up on larger integers. */
const PART_LENGTH_MAX = 80
const PART_MAX = (1n << 63n) - 19n

/** With the floating-point arithmetic of the original, which shows in the last sector of large sizes. */
function parseBytes(text: string, units: ReadonlyMap<string, number>): bigint | string {
  const [, sign, body] = /^([-+]?)([^]*)$/.exec(text)!
  if (body === '0') return 0n
  if (body === '') return `units: invalid ${text}`
  let bytes = 0
  for (let at = 0; at < body!.length; at = PART.lastIndex) {
    PART.lastIndex = at
    const [, whole = '', fraction = '', unit = ''] = PART.exec(body!)!
    const tooLong = [whole, fraction].some((digits) => digits.length > PART_LENGTH_MAX || BigInt(digits) > PART_MAX)
    if (whole + fraction === '' || tooLong) return `units: invalid ${text}`
    const factor = units.get(unit)
    if (factor === undefined) return `units: unknown unit ${unit} in ${text}${unit === '' ? HINT : ''}`
    bytes += (Number(whole) + Number(fraction) / 10 ** fraction.length) * factor
  }
  if (bytes >= INT64_LIMIT) return 'units: overflow parsing unit'
  return BigInt(Math.trunc(sign === '-' ? -bytes : bytes))
}
