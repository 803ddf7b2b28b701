/**
 * Whether a machine already runs iPXE, and one that can do what our scripts need. The version does not tell: option 175
 * lists what an iPXE was built with.
 */
import { OPTION, type Options, subOptions, userClasses } from './options.ts'
import type { Architecture } from './pxe.ts'

/** Sub-options of option 175 that stand for a feature. */
const FEATURE = { http: 0x13, https: 0x14, bzImage: 0x18, efi: 0x24 } as const

export interface Ipxe {
  /** Can fetch a script from here. */
  readonly http: boolean
  /** Has all that a boot may need, so that it is not worth replacing. */
  readonly able: boolean
}

/** @returns undefined for firmware that is not iPXE; gPXE, its ancestor, is an iPXE that can do little */
export function ipxeOf(options: Options, family: Architecture['family'] | undefined): Ipxe | undefined {
  const block = options.get(OPTION.ipxe)
  if (block === undefined && !userClasses(options).some((name) => name === 'iPXE' || name === 'gPXE')) return undefined
  const features: Options = block === undefined ? new Map() : subOptions(block)
  const http = features.has(FEATURE.http)
  const bios = family === 'bios'
  return { http, able: http && features.has(FEATURE.https) && features.has(bios ? FEATURE.bzImage : FEATURE.efi) }
}

/** Option 175 in offers: priority 5, so that ours wins over a file name that the site's DHCP server gives. */
export const IPXE_PRIORITY = Uint8Array.of(1, 1, 5)
