/**
 * What the rooms report, as entries of an attempt: in words, printable, of limited length. Pure.
 */
import { architectureName } from '../architectures.ts'
import type { Asked, Began, Ended, Purpose, Refused, Requested, Rival } from '../journal.ts'
import { AUTOEXEC, isBootProgram } from '../urls.ts'
import type { Entry, Stage } from './attempt.ts'
import { shown } from './shown.ts'
import { BY_IPXE, REASON } from './story.ts'

/** An entry before it has a place in time. */
export type Happening = Omit<Entry, 'startMs' | 'durationMs' | 'count'>

/** Reasons hold file names, and lines of templates. */
const REASON_MAX = 400

/** How each route shows: its entry, the stage that it belongs to, and the stage that a boot is in when it begins with it. */
export const PURPOSES: Record<Purpose, { kind: Entry['kind']; title?: string; stage?: Stage; begins?: Stage }> = {
  autoexec: { kind: 'autoexec', title: AUTOEXEC, stage: 'firmware', begins: 'firmware' },
  script: { kind: 'script', title: '/boot.ipxe', stage: 'script', begins: 'script' },
  ipxe: { kind: 'ipxe', title: '/ipxe', stage: 'script', begins: 'script' },
  pixiecore: { kind: 'ipxe', stage: 'script', begins: 'script' },
  ignition: { kind: 'ignition', title: '/ignition', stage: 'config' },
  cloud: { kind: 'cloud', title: '/cloud', stage: 'config' },
  metadata: { kind: 'metadata', title: '/metadata', stage: 'config' },
  signature: { kind: 'signature' },
}

/** A boot may begin with a file, where another server named it. */
export function beginsWith({ from, file }: Began): Stage | undefined {
  return from === 'firmware' && isBootProgram(file) ? 'firmware' : undefined
}

export function architectureOf({ architecture: number }: Asked): string | undefined {
  return number === undefined ? undefined : architectureName(number)
}

/** What the machine asked, and what it was told. */
export function dhcpEntries(event: Asked): readonly [asked: Happening, told: Happening] {
  const { ipxe, port, iface, answer, boot } = event
  const isAgain = port === 4011
  const asked: Happening = {
    kind: isAgain ? 'ask-4011' : 'discover',
    via: 'dhcp',
    title: isAgain ? 'REQUEST to port 4011' : ipxe === undefined ? 'DISCOVER' : BY_IPXE,
    outcome: 'ok',
    reason: ipxe?.http === false ? REASON.noHttp : undefined,
    architecture: architectureOf(event),
    iface,
  }
  const told: Happening = {
    kind: 'offer',
    via: 'dhcp',
    title: answer === 'told' ? (boot ?? 'its own files') : 'nothing',
    outcome: answer === 'told' ? 'ok' : 'failed',
    reason: answer === 'silent' ? REASON.silent : event.reason,
    file: boot,
    iface,
  }
  return [asked, told]
}

/** @param group - its label @param spec - that the group names @param body - sum of what was sent */
export function requestEntry(
  event: Requested,
  { group, spec, body }: Pick<Entry, 'group' | 'spec' | 'body'>,
): Happening {
  const { purpose, path, status, bytes, unconfigured, reason } = event
  const { kind, title } = PURPOSES[purpose]
  const isNothing = unconfigured && kind !== 'ipxe'
  return {
    kind,
    via: 'http',
    title: title ?? shown(path),
    outcome: status < 400 ? 'ok' : isNothing ? 'probe' : 'failed',
    status,
    bytes,
    body,
    group,
    spec,
    reason: shownReason(reason),
  }
}

/** A file that is on its way. */
export function transferEntry(event: Began) {
  const { totalBytes, blockBytes, window } = event
  return { ...fileEntry(event), outcome: 'going', bytes: 0, totalBytes, blockBytes, window } as const
}

/** How it ended. */
export function endOf({ bytes, outcome, resent, reason }: Ended) {
  const isOk = outcome === 'whole' || outcome === 'part'
  return { bytes, outcome: isOk ? 'ok' : outcome, resent, reason: shownReason(reason) } as const
}

export function refusedEntry(event: Refused): Happening {
  const { status, reason } = event
  return { ...fileEntry(event), outcome: 'failed', status, reason: shownReason(reason) }
}

export function rivalEntry({ server, file, iface }: Rival): Happening {
  const named = file === '' ? 'itself as a boot server' : shown(file)
  return { kind: 'note', via: 'wire', title: `${server} offered ${named}`, outcome: 'ok', file: named, iface }
}

function fileEntry({ via, from, file }: Began | Refused) {
  const title = shown(file)
  if (from !== 'firmware') return { kind: 'download', via, title, file: shown(`/${from}/${file}`) } as const
  return { kind: title.endsWith(AUTOEXEC) ? 'autoexec' : 'read', via, title, file: title } as const
}

function shownReason(reason: string | undefined): string | undefined {
  return reason && shown(reason, REASON_MAX)
}
