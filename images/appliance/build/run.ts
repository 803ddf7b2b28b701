/**
 * Other programs, run to their end. What they say is kept for the message should they fail.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { buffer, text } from 'node:stream/consumers'

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/**
 * @returns what it wrote to standard output
 * @throws Error with what it was told and what it wrote to standard error, unless its exit status is 0
 */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<Buffer> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const failed = once(child, 'error').then(([error]) => {
    throw new Error(`cannot run ${program}: ${String(error)}`)
  })
  const ended = Promise.all([buffer(child.stdout), text(child.stderr), once(child, 'close')])
  const [said, complaint, [status]] = await Promise.race([ended, failed])
  if (status !== 0)
    throw new Error(
      `${program} ${args.slice(-20).join(' ')} ended with status ${String(status)}:\n${complaint}${said.toString()}`,
    )
  return said
}
