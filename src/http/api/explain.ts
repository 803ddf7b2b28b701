/**
 * `GET /api/explain?mac=…&uuid=…&arch=…&label=key=value`: what `bootcfg explain -json` prints, of this server as it runs.
 */
import { type AskedMachine, parseAskedMachine } from '../../core/asked-machine.ts'
import type { Explanation } from '../../core/explanation.ts'
import { type Answer, JSON_TYPE, TEXT } from '../answer.ts'

/** @param httpPort - by which machines reach this server */
export type Explain = (machine: AskedMachine, httpPort: number) => Promise<Explanation>

/** @param query - raw. 400 says what of it cannot be used; problems that are explained are no error */
export async function explainAnswer(query: string, httpPort: number, explain: Explain): Promise<Answer> {
  const given = new URLSearchParams(query)
  const texts = Object.fromEntries([...given, ['label', given.getAll('label')]])
  const asked = parseAskedMachine(texts)
  if ('machine' in asked) {
    return { status: 200, type: JSON_TYPE, body: JSON.stringify(await explain(asked.machine, httpPort)) }
  }
  const lines = asked.problems.map(({ name, message }) => (name === '' ? message : `${name}: ${message}`))
  return { status: 400, type: TEXT, body: lines.map((line) => `${line}\n`).join(''), reason: lines[0] }
}
