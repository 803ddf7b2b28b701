/**
 * An explanation as text for people, who may read it at night: what is asked, what comes back, and at the end what is wrong.
 */
import type { AssetShown, Content, DhcpShown, Explanation, FileShown, HttpShown } from './explanation.ts'

/** Others that lost are only counted. */
const LOST_LINES_MAX = 5

export function formatExplanation(explanation: Explanation): string {
  const { machine, server, dhcp, files, http, assets, problems } = explanation
  const labels = Object.entries(machine.labels).map(([key, value]) => `${key}=${value}`)
  const standIn = server.assumed ? `, where ${server.address} stands for the address of this server` : ''
  const lines = [
    `machine  ${labels.join(' ') || 'says nothing of itself'}`,
    ...(machine.architecture === null ? [] : [`         ${machine.architecture}`]),
    `server   ${server.url}${standIn}`,
    ...matchLines(explanation),
    ...section('DHCP', dhcp ?? [], dhcpLines),
    ...section('files', files ?? [], fileLines),
    ...section('HTTP', http, httpLines),
    ...section('assets', assets ?? [], assetLines),
    '',
    ...(problems.length === 0 ? ['no problem'] : problems.map((problem) => `problem: ${problem}`)),
  ]
  return lines.map((line) => `${visible(line)}\n`).join('')
}

function matchLines({ group, lost, lostCount }: Explanation): string[] {
  const shown = lost.slice(0, LOST_LINES_MAX).map(({ text, line }) => `         ${text} (line ${line})`)
  const more = lostCount - shown.length
  return [
    group === null
      ? 'group    none matches'
      : `group    ${quote(group.name)} (line ${group.line}), spec ${quote(group.spec)}`,
    ...shown,
    ...(more > 0 ? [`         ${more} more ${group === null ? 'do not match' : 'did not win'}`] : []),
  ]
}

function section<T>(title: string, items: readonly T[], linesOf: (item: T) => string[]): string[] {
  return items.length === 0 ? [] : ['', title, ...items.flatMap(linesOf).map((line) => `  ${line}`)]
}

const WHO = { firmware: 'firmware', ipxe: 'its iPXE' } as const

function dhcpLines({ runs, port, reply, reason }: DhcpShown): string[] {
  const said = reply === null ? 'not answered' : reply.file === '' ? 'answered, without a file' : reply.file
  return [`${WHO[runs]}, port ${port}: ${said}${reason === null ? '' : ` (${reason})`}`]
}

function fileLines({ by, name, content, reason }: FileShown): string[] {
  if (content === null) return [`${by} ${reason}`]
  return [`${by} ${name}: ${sizeOf(content)}`, ...textLines(content)]
}

function httpLines({ target, status, content, reason }: HttpShown): string[] {
  if (reason !== null) return [`${status} ${target}`, `    ${reason}`]
  return [`${status} ${target}`, ...textLines(content)]
}

function assetLines({ target, bytes, reason }: AssetShown): string[] {
  return [reason ?? `${target}: ${bytes} bytes`]
}

function sizeOf({ bytes, sha256, text }: Content): string {
  return text === undefined ? `${bytes} bytes, sha256 ${sha256}` : `${bytes} bytes`
}

function textLines({ bytes, text, base64 }: Content): string[] {
  const lines =
    text?.replace(/\n$/, '').split('\n') ?? (base64 === undefined ? [] : [`${bytes} bytes that are no text`])
  return lines.map((line) => `    ${line}`)
}

function quote(text: string): string {
  return JSON.stringify(text)
}

/** Nothing in a file or a label steers a terminal. */
function visible(line: string): string {
  return line.replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}
