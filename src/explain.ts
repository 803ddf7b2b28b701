/**
 * What one machine would get from every room, and why: for `bootcfg explain` and `/api/explain`.
 *
 * The rooms say it by their own answers (`explain.ts` of each); here they are asked in the order of a boot. Beside `main.ts`
 * this is the only file that knows every room. Loaded when somebody asks.
 */
import { createHash } from 'node:crypto'

import { type AskedMachine, queryOf } from './core/asked-machine.ts'
import { assetsNamed } from './core/check.ts'
import {
  type AssetShown,
  type Content,
  type DhcpShown,
  type Explanation,
  type FileShown,
  showMatch,
} from './core/explanation.ts'
import type { Firmware } from './core/firmware.ts'
import type { IsKnown } from './core/groups.ts'
import { parseLabels } from './core/labels.ts'
import { matchStory } from './core/match-story.ts'
import type { Snapshot } from './core/store/snapshot.ts'
import { AUTOEXEC, FIRMWARE_PATH, serverUrl, type WebPlace } from './core/urls.ts'
import { type DhcpExchange, explainDhcp } from './dhcp/explain.ts'
import { explainAsset, explainFirmware, explainHttp, type HttpExchange } from './http/explain.ts'
import { explainTftp } from './tftp/explain.ts'

export interface ExplainedSite {
  readonly snapshot: Snapshot
  /** By which the machine would reach this server. */
  readonly place: WebPlace
  /** The address of `place` stands in for that of an interface. */
  readonly assumed: boolean
  /** Empty: there are no assets. */
  readonly assetsPath: string
  /** Absent: DHCP does not answer here. */
  readonly netboot?: Netboot | undefined
}

interface Netboot {
  readonly firmware: Firmware
  readonly tftp: boolean
  readonly answer: 'all' | 'known'
  readonly isKnown: IsKnown
  /** With -net; without it, nothing of it can fail. */
  readonly isOn: boolean
}

export async function explain(machine: AskedMachine, site: ExplainedSite): Promise<Explanation> {
  const { snapshot, place, assumed, assetsPath, netboot } = site
  const query = queryOf(machine)
  const labels = parseLabels(query)
  const url = serverUrl(place)
  const match = showMatch(matchStory(snapshot.groups, labels))
  const dhcp = netboot && askDhcp(machine, netboot, place)
  const files = netboot && dhcp && (await readFiles(dhcp, netboot, place))
  const assets = assetsPath === '' ? undefined : await findAssets(snapshot, match.group?.spec, assetsPath)
  const http = explainHttp(snapshot, query, url.slice('http://'.length))
  const reasons = [
    ...(netboot?.isOn ? [...(dhcp ?? []).filter(({ fails }) => fails), ...(files ?? [])] : []),
    ...http.filter(({ fails }) => fails),
    ...(assets ?? []),
  ].map(({ reason }) => reason)
  const { mac = null, uuid = null, arch = null } = machine
  return {
    machine: { mac, uuid, architecture: arch, labels: Object.fromEntries(labels) },
    server: { url, address: place.address, assumed },
    ...match,
    dhcp: dhcp?.map(showExchange) ?? null,
    files: files ?? null,
    http: http.map(showHttp),
    assets: assets ?? null,
    problems: [...new Set(reasons)].filter((reason) => typeof reason === 'string'),
  }
}

function askDhcp({ mac, uuid, arch }: AskedMachine, netboot: Netboot, place: WebPlace): DhcpExchange[] | undefined {
  if (arch === undefined || mac === undefined) return undefined
  const { firmware, answer, isKnown } = netboot
  const site = { answer, isKnown, firmware, advertise: place.advertise, httpPort: place.port, address: place.address }
  return explainDhcp(site, { mac, uuid, architecture: arch })
}

/** What the firmware is told to read, and what iPXE then reads next to that. */
async function readFiles(dhcp: readonly DhcpExchange[], netboot: Netboot, place: WebPlace): Promise<FileShown[]> {
  const named = dhcp.find(({ runs }) => runs === 'firmware')?.reply?.file ?? ''
  if (named === '') return []
  const overHttp = `${serverUrl(place)}${FIRMWARE_PATH}`
  if (named.startsWith(overHttp)) {
    const read = (name: string) => explainFirmware(name, netboot.firmware)
    return showFiles('http', named.slice(overHttp.length), read)
  }
  const read = (name: string) => explainTftp(name, netboot.firmware, place)
  return netboot.tftp ? showFiles('tftp', named, read) : []
}

type Read = { readonly bytes: Uint8Array } | { readonly reason: string }

async function showFiles(
  by: FileShown['by'],
  named: string,
  read: (name: string) => Promise<Read>,
): Promise<FileShown[]> {
  return Promise.all(
    [named, AUTOEXEC].map(async (name) => {
      const found = await read(name)
      if ('reason' in found) return { by, name, content: null, reason: `${name}: ${found.reason}` }
      return { by, name, content: contentOf(found.bytes, name === AUTOEXEC), reason: null }
    }),
  )
}

/** What iPXE would fetch when it has its script. */
async function findAssets(snapshot: Snapshot, specId = '', assetsPath: string): Promise<AssetShown[]> {
  const file = snapshot.specs.get(specId)
  const paths = assetsNamed({ specs: new Map(file && [[specId, file]]) })
  return Promise.all(
    [...paths].map(async (path) => {
      const [target, found] = [`/assets/${path}`, await explainAsset(path, assetsPath)]
      if ('reason' in found) return { target, bytes: null, reason: `${target}: ${found.reason}` }
      return { target, bytes: found.size, reason: null }
    }),
  )
}

function showExchange({ runs, port, request, requestText, reply, reason }: DhcpExchange): DhcpShown {
  return {
    runs,
    port,
    request: showPacket(request, requestText),
    reply: reply
      ? { ...showPacket(reply.bytes, reply.text), to: `${reply.to.address}:${reply.to.port}`, file: reply.file }
      : null,
    reason: reason ?? null,
  }
}

function showPacket(bytes: Uint8Array, text: string) {
  return { hex: Buffer.from(bytes).toString('hex'), text: text.split('\n') }
}

function showHttp({ target, status, type, body, reason }: HttpExchange) {
  return { target, status, type, content: contentOf(body, true), reason: reason ?? null }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function contentOf(bytes: Uint8Array, isShown: boolean): Content {
  const sum = { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
  if (!isShown) return sum
  try {
    return { ...sum, text: utf8.decode(bytes) }
  } catch {
    return { ...sum, base64: Buffer.from(bytes).toString('base64') }
  }
}
