/**
 * What bin/bootcfg tells of a machine's boots, asked of its API on its own host in a lab.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import type { Attempt, Machine } from '../../src/core/boots/attempt.ts'
import type { Host } from './lab.ts'
import type { Requirement } from './requirements.ts'

export const RECORD_REQUIREMENTS: readonly Requirement[] = [['curl', 'curl']]

const API = 'http://127.0.0.1:8080/api'

/** Its boots, the latest first; none while nothing was heard of it. */
export async function readAttempts(app: Host, mac: string): Promise<Attempt[]> {
  const machine = await get<Machine | Refusal>(app, `machines/${mac}`)
  if ('error' in machine) return []
  return Promise.all(machine.attempts.map(({ id }) => get<Attempt>(app, `attempts/${id}`)))
}

interface Refusal {
  readonly error: string
}

async function get<T>(app: Host, path: string): Promise<T> {
  const { stdout } = await app.run('curl', '--silent', '--show-error', `${API}/${path}`)
  return JSON.parse(stdout) as T
}

/** A machine is given up after a minute or two of silence; before it, it has to come so far. */
const JUDGED_MAX_MS = 240_000

/** Its last boot, once that has ended. */
export async function lastJudged(app: Host, mac: string): Promise<Attempt> {
  for (const deadline = Date.now() + JUDGED_MAX_MS; ; await sleep(500)) {
    const [attempt] = await readAttempts(app, mac)
    if (attempt !== undefined && attempt.state !== 'booting') return attempt
    if (Date.now() > deadline) throw new Error(`not judged after ${JUDGED_MAX_MS} ms: ${JSON.stringify(attempt)}`)
  }
}

/** Its steps in their order, a line each: `read snponly.efi`; what did not succeed is said behind it. */
export function stepsOf({ entries }: Attempt): string[] {
  return entries.map(({ kind, title, outcome }) => `${kind} ${title}${outcome === 'ok' ? '' : ` (${outcome})`}`)
}
