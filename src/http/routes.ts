/**
 * The routes: from a snapshot and what a machine says of itself to an answer. Pure; no route touches a file or a socket.
 *
 * 404 means "nothing for you here", and says which group matched and what it lacks. 500 means that something configured
 * is broken: Ignition and cloud-init try again, so a mended file brings the machine up without a visit.
 */
import { CHAIN_SCRIPT, pixiecoreJson, withServerUri } from '../core/boot-script.ts'
import { type ConfigFile, describe, type Folder, renderCloud, renderIgnition } from '../core/configs.ts'
import { ConfigError } from '../core/errors.ts'
import { type Group, groupLabel } from '../core/groups.ts'
import type { Purpose } from '../core/journal.ts'
import type { Labels } from '../core/labels.ts'
import { normalizeMac } from '../core/mac.ts'
import { renderMetadata } from '../core/metadata.ts'
import { type Boot, type Spec, specJson } from '../core/specs.ts'
import type { Snapshot, SpecFile } from '../core/store/snapshot.ts'
import { autoexecScript } from '../core/urls.ts'
import { type Answer, failed, JSON_TYPE, notFound, TEXT } from './answer.ts'
import { type Ask, lastSegment } from './ask.ts'

export type Route = (snapshot: Snapshot, ask: Ask) => Answer

const BOOT: Answer = { status: 200, type: TEXT, body: CHAIN_SCRIPT }

const boot: Route = () => BOOT

/** What an iPXE that came by HTTP asks for beside itself. */
export function autoexec(): Answer {
  return { status: 200, type: TEXT, body: autoexecScript() }
}

const ipxe: Route = (snapshot, { labels, authority }) =>
  withBoot(snapshot, labels, (_boot, script, group) => ({
    status: 200,
    type: TEXT,
    body: withServerUri(script, authority),
    group,
  }))

/** The only label is the mac, the last segment of the path. */
const pixiecore: Route = (snapshot, { path }) => {
  const text = lastSegment(path)
  const mac = normalizeMac(text)
  if (mac === undefined) {
    return { status: 400, type: TEXT, body: `address ${text}: invalid MAC address\n`, reason: 'invalid MAC address' }
  }
  return withBoot(snapshot, new Map([['mac', mac]]), (boot, _script, group) => ({
    status: 200,
    type: JSON_TYPE,
    body: pixiecoreJson(boot),
    group,
  }))
}

const ignition: Route = (snapshot, { labels, query }) =>
  withConfig(snapshot, labels, 'ignition', (file, group) => ({
    status: 200,
    type: JSON_TYPE,
    body: renderIgnition(file, group, query),
    group,
  }))

const cloud: Route = (snapshot, { labels }) =>
  withConfig(snapshot, labels, 'cloud', (file, group) => ({
    status: 200,
    type: TEXT,
    body: renderCloud(file, group),
    group,
    ranges: true,
  }))

const metadata: Route = (snapshot, { labels }) => {
  const group = snapshot.groups.find(labels)
  if (group === undefined) return noGroup()
  return orFailed(`metadata of group ${quote(groupLabel(group))}`, group, () => ({
    status: 200,
    type: TEXT,
    body: renderMetadata(group.metadata, labels),
    group,
  }))
}

export const spec: Route = (snapshot, { path }) => {
  const id = lastSegment(path)
  const found = snapshot.specs.get(id)
  if (found === undefined) return notFound()
  if (found.spec instanceof ConfigError) return { ...failed(describe(found.path, found.spec)), spec: id }
  return { status: 200, type: JSON_TYPE, body: specJson(found.spec), spec: found.spec.id }
}

/** What is answered, and can be signed: path, the rest of a path that is longer, route, what it is for. */
export const ROUTES: readonly (readonly [path: string, rest: '' | '/*', route: Route, purpose: Purpose])[] = [
  ['/boot.ipxe', '', boot, 'script'],
  ['/boot.ipxe.0', '', boot, 'script'],
  ['/ipxe', '', ipxe, 'ipxe'],
  ['/pixiecore/v1/boot', '/*', pixiecore, 'pixiecore'],
  ['/ignition', '', ignition, 'ignition'],
  ['/cloud', '', cloud, 'cloud'],
  ['/metadata', '', metadata, 'metadata'],
]

function withSpec(
  snapshot: Snapshot,
  labels: Labels,
  answer: (file: SpecFile, spec: Spec, group: Group) => Answer,
): Answer {
  const group = snapshot.groups.find(labels)
  if (group === undefined) return noGroup()
  const file = snapshot.specs.get(group.spec)
  if (file === undefined) return lacks(group, `there is no spec ${quote(group.spec)}`)
  if (file.spec instanceof ConfigError) return failed(describe(file.path, file.spec), group)
  return answer(file, file.spec, group)
}

function withBoot(
  snapshot: Snapshot,
  labels: Labels,
  answer: (boot: Boot, script: string, group: Group) => Answer,
): Answer {
  return withSpec(snapshot, labels, ({ script }, { id, boot }, group) =>
    boot === null ? hasNone(group, `its spec ${quote(id)} has no boot section`) : answer(boot, script, group),
  )
}

function withConfig(
  snapshot: Snapshot,
  labels: Labels,
  folder: Folder,
  answer: (file: ConfigFile, group: Group) => Answer,
): Answer {
  return withSpec(snapshot, labels, (_file, spec, group) => {
    const id = folder === 'ignition' ? spec.ignitionId : spec.cloudId
    if (id === '') return hasNone(group, `its spec ${quote(spec.id)} has no ${folder}_id`)
    const file = snapshot[folder].get(id)
    if (file === undefined)
      return lacks(group, `its spec ${quote(spec.id)} names ${folder}/${id}, which does not exist`)
    return orFailed(file.path, group, () => answer(file, group))
  })
}

/** @param where - names what cannot be rendered */
function orFailed(where: string, group: Group, answer: () => Answer): Answer {
  try {
    return answer()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return failed(describe(where, error), group)
  }
}

function noGroup(): Answer {
  return notFound('no group matches the labels of this machine')
}

function lacks(group: Group, what: string): Answer {
  return notFound(`group ${quote(groupLabel(group))} matches, but ${what}`, group)
}

/** Which may be meant: a spec need not have everything. */
function hasNone(group: Group, what: string): Answer {
  return { ...lacks(group, what), unconfigured: true }
}

function quote(text: string): string {
  return JSON.stringify(text)
}
