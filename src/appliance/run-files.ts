/**
 * What root's scripts tell the server in the files below RUN: text to values. Pure. A file that is half written, or of another
 * version, costs what it would have said and nothing else.
 */
import { z } from 'zod'

import { type ApplianceFacts, UPDATE_STATES, type UpdateState } from '../core/appliance.ts'

/** Of `facts`: lines `key=value`. */
export function parseFacts(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const equals = line.indexOf('=')
      return equals < 1 ? [] : [[line.slice(0, equals).trim(), line.slice(equals + 1).trim()]]
    }),
  )
}

/** Of `addresses`: lines `eth0 192.168.1.2/24 dhcp`. */
export function parseAddresses(text: string): ApplianceFacts['addresses'] {
  return text.split('\n').flatMap((line) => {
    const [iface = '', address = '', source = ''] = line.trim().split(/\s+/)
    return address === '' ? [] : [{ iface, address, source }]
  })
}

/** Of one file in `problems`: a problem a line. */
export function parseProblems(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

const NO_UPDATE: UpdateState = { state: 'idle', version: null, reason: null, percent: null }

const updateSchema = z.object({
  state: z.enum(UPDATE_STATES),
  version: z.string().nullish(),
  reason: z.string().nullish(),
  percent: z.number().min(0).max(100).nullish(),
})

/** Of `update`: JSON. */
export function parseUpdate(text: string): UpdateState {
  const parsed = updateSchema.safeParse(jsonOf(text))
  if (!parsed.success) return NO_UPDATE
  const { state, version, reason, percent } = parsed.data
  return { state, version: version ?? null, reason: reason ?? null, percent: percent ?? null }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** From /proc/self/status. */
export function parseStatus(text: string): { uid: number; capEff: string; noNewPrivs: boolean; ownBytes: number } {
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? ''
  return {
    uid: Number.parseInt(field('Uid'), 10),
    capEff: field('CapEff'),
    noNewPrivs: field('NoNewPrivs') === '1',
    ownBytes: Number.parseInt(field('VmRSS'), 10) * 1024,
  }
}

/** From /proc/meminfo, in kB there. */
export function parseMemory(text: string): { totalBytes: number; availableBytes: number } {
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1] ?? 0) * 1024
  return { totalBytes: field('MemTotal'), availableBytes: field('MemAvailable') }
}

/** The kernel's own places. */
const OF_KERNEL = /^\/(?:dev|proc|sys)(?:\/|$)/
/** File systems that hold something; the rest are views of the kernel. */
const HOLDING = /^(?:squashfs|vfat|exfat|ext\d|iso9660|tmpfs|ramfs|rootfs|overlay|erofs|btrfs|xfs)$/

/** From /proc/mounts (fstab(5)); of several on one place the last counts. */
export function parseMounts(text: string): ApplianceFacts['mounts'] {
  const mounts = text.split('\n').flatMap((line) => {
    const [, mount = '', type = '', options = ''] = line.split(' ')
    return HOLDING.test(type) && !OF_KERNEL.test(mount)
      ? [{ mount: unescaped(mount), type, readOnly: options.split(',').includes('ro') }]
      : []
  })
  return [...new Map(mounts.map((each) => [each.mount, each])).values()]
}

/** A blank is written `\040`. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}
