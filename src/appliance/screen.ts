/**
 * What the console of the box shows: at most 24 lines of 79 characters, so that nothing scrolls on 80 by 25. Pure.
 *
 *   name, version, slot
 *   how to reach it          QR code
 *   what it does, token
 *   problems, then machines, as many as there is room for
 *
 * Text of machines and files is reduced to printable ASCII; beside it stand only the blocks of the code and one line.
 */
import type { ApplianceFacts, UpdateState } from '../core/appliance.ts'
import type { MachineSummary } from '../core/boots/attempt.ts'
import { printable } from '../core/log.ts'
import type { ModuleState } from '../core/module-states.ts'
import { qrLines } from './qr.ts'

export interface View {
  readonly facts: Facts
  /** For people, in URLs. */
  readonly httpPort: number
  /** Empty when there is none. */
  readonly token: string
  /** Heard of last first. */
  readonly machines: readonly MachineSummary[]
}

type Facts = Pick<
  ApplianceFacts,
  'version' | 'hostname' | 'arch' | 'slot' | 'addresses' | 'modules' | 'problems' | 'update'
>

const COLUMNS = 79
const LINES = 24
const GAP = 2

/** Characters of one. */
const PROBLEM_MAX = 400
/** Of the lower half: problems have no more where there are machines to show as well. */
const PROBLEM_LINES_MAX = 5

/** @returns lines, each with its line feed */
export function screen(view: View): string {
  const { facts, machines } = view
  const url = urlOf(view)
  const top = [titleOf(facts), '─'.repeat(COLUMNS), ...beside(leftOf(view, url), codeOf(url))]
  const left = LINES - top.length - 2
  const problems = problemLines(facts.problems, machines.length === 0 ? left : Math.min(left, PROBLEM_LINES_MAX))
  const shown = machineLines(machines, left - problems.length)
  const lines = [...top, '', ...problems, ...(problems.length > 0 && shown.length > 0 ? [''] : []), ...shown]
  return lines
    .slice(0, LINES)
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}

/** Where a browser finds the box; undefined before it has an address. */
function urlOf({ facts, httpPort }: View): string | undefined {
  const address = facts.addresses.find(({ address }) => /^\d+\./.test(address))?.address.replace(/\/.*/, '')
  return address && `http://${address}${httpPort === 80 ? '' : `:${httpPort}`}`
}

/** In capitals it needs fewer modules, and means the same (RFC 3986 section 6.2.2.1). */
function codeOf(url: string | undefined): string[] {
  return url === undefined ? [] : qrLines(url.toUpperCase())
}

function titleOf({ hostname, version, arch, slot }: Facts): string {
  const right = [arch, slot === '' ? '' : `slot ${slot}`].filter(Boolean).join(', ')
  const left = `bootcfg ${version}   ${hostname}`
  return `${cut(left, COLUMNS - right.length - GAP).padEnd(COLUMNS - right.length)}${cut(right, COLUMNS)}`
}

function leftOf({ facts, token }: View, url: string | undefined): string[] {
  const { addresses, modules, update } = facts
  return [
    url === undefined ? 'No address yet: is a network cable plugged in?' : `Open  ${url}`,
    '',
    ...some(
      addresses.map(({ iface, address, source }) => `${iface.padEnd(8)} ${address} ${source && `(${source})`}`),
      4,
      'addresses',
    ),
    ...some(modules.map(moduleLine), 3, 'modules'),
    '',
    ...(token === '' ? [] : ['Token, for updates on the page:', `  ${token.replaceAll(/(.{5})(?=.)/g, '$1-')}`]),
    ...updateLines(update),
  ]
}

function moduleLine({ name, state, detail }: ModuleState): string {
  return `${name.padEnd(8)} ${state}${state === 'failed' ? `: ${detail}` : ''}`
}

function updateLines({ state, version, percent, reason }: UpdateState): string[] {
  if (state === 'idle') return []
  const what = `Update${version === null ? '' : ` to ${version}`}: ${state}`
  return [`${what}${percent === null ? '' : ` ${Math.floor(percent)} %`}${reason === null ? '' : `: ${reason}`}`]
}

function problemLines(problems: readonly string[], max: number): string[] {
  const lines = problems.flatMap((problem) => wrapped(`! ${printable(problem, PROBLEM_MAX)}`))
  if (lines.length <= max) return lines
  return [...lines.slice(0, max - 1), `  ... and more: the page shows all ${problems.length} problems`]
}

function machineLines(machines: readonly MachineSummary[], max: number): string[] {
  if (machines.length === 0) return max < 1 ? [] : ['No machine has been heard yet: let one boot from the network.']
  return machines.slice(0, Math.max(0, max)).map(({ mac, hostname, group, spec, last, address }) => {
    const name = hostname ?? address ?? ''
    const what = last === null ? '' : last.state === 'booting' ? `booting ${progress(last)}` : last.state
    const time = last === null ? '' : `${last.startedAt.slice(11, 16)} UTC`
    return cut(
      `${cut(mac, 17).padEnd(17)}  ${cut(name, 17).padEnd(17)}  ${what.padEnd(13)}  ${time.padEnd(9)}  ${group ?? spec ?? ''}`,
      COLUMNS,
    )
  })
}

function progress({ bytes, totalBytes }: { bytes: number; totalBytes: number | null }): string {
  return totalBytes === null || totalBytes === 0 ? '' : `${Math.floor((100 * bytes) / totalBytes)} %`
}

/** Two columns of lines, the right one at the right edge. */
function beside(left: readonly string[], right: readonly string[]): string[] {
  const width = COLUMNS - (right[0]?.length ?? -GAP) - GAP
  return Array.from(
    { length: Math.max(left.length, right.length) },
    (_, at) => `${cut(left[at] ?? '', width).padEnd(width + GAP)}${right[at] ?? ''}`,
  )
}

function some(lines: readonly string[], max: number, things: string): string[] {
  return lines.length <= max
    ? [...lines]
    : [...lines.slice(0, max - 1), `... and ${lines.length - max + 1} more ${things}`]
}

/** A sentence in lines; all but the first are indented. */
function wrapped(text: string): string[] {
  const words = text.split(' ')
  const lines: string[] = []
  for (const word of words) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + word.length < COLUMNS) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(cut(lines.length === 0 ? word : `  ${word}`, COLUMNS))
  }
  return lines
}

function cut(text: string, length: number): string {
  const line = printable(text)
  return line.length > length ? `${line.slice(0, Math.max(0, length - 3))}...` : line
}
