/**
 * The box's own tool, run by root's scripts for what a shell cannot do; each run does one thing and ends. One line a command.
 */
import { readSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'

import type { Slot } from './admit.ts'
import { grow as growData } from './grow.ts'
import { install as installBundle } from './install.ts'
import { keep as keepSlot } from './keep.ts'
import { saveStatus } from './update-status.ts'

type Command = (args: readonly string[]) => Promise<void>

const COMMANDS: Readonly<Record<string, Command>> = {
  plan,
  grow,
  install,
  keep,
}

const KERNEL_COMMAND_LINE = '/proc/cmdline'
const STDIN = 0

/**
 * plan DATA RUN [--cmdline FILE] [--wait]
 *
 * With `--wait` it reads nothing until there is a word on standard input, or its end.
 */
async function plan(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { cmdline: { type: 'string', default: KERNEL_COMMAND_LINE }, wait: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const [data, run] = positionals
  if (data === undefined || run === undefined) throw new Error('plan needs DATA and RUN')
  const { runPlan } = await import('./run-plan.ts') // with it comes the YAML parser, which the others start without
  if (values.wait) readSync(STDIN, new Uint8Array(1))
  for (const problem of await runPlan(data, run, await readFile(values.cmdline, 'utf8'))) console.error(problem)
}

/** grow DISK */
async function grow([disk]: readonly string[]): Promise<void> {
  if (disk === undefined) throw new Error('DISK is missing')
  const { from, to, writes } = await growData(disk)
  const mib = (sectors: number): string => `${Math.floor(sectors / 2048)} MiB`
  console.log(
    writes.length === 0 ? `DATA has ${mib(to)}, all that it can have` : `DATA grew from ${mib(from)} to ${mib(to)}`,
  )
}

/**
 * install --bundle F --slot-device D --esp-env FILE --slot a|b --version V --arch A [--force] --status FILE
 *
 * Exit status 0: written, to be tried at the next start; 3: refused, nothing was changed; 1: failed.
 */
async function install(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      bundle: text,
      'slot-device': text,
      'esp-env': text,
      slot: text,
      version: text,
      arch: text,
      status: text,
      force: { type: 'boolean', default: false },
      key: { type: 'string', default: join(dirname(process.argv[1]!), 'update-key.pub') },
      cmdline: { type: 'string', default: KERNEL_COMMAND_LINE },
    },
  })
  const cmdline = await readFile(values.cmdline, 'utf8')
  const { state, reason } = await installBundle({
    bundle: needed(values, 'bundle'),
    slot: slotOf(needed(values, 'slot')),
    slotDevice: needed(values, 'slot-device'),
    espEnv: needed(values, 'esp-env'),
    running: /(?:^|\s)bootcfg\.slot=(\S*)/.exec(cmdline)?.[1] ?? '',
    version: needed(values, 'version'),
    arch: needed(values, 'arch'),
    isForced: values.force,
    key: values.key,
    status: needed(values, 'status'),
  })
  if (reason !== undefined) console.error(`${state}: ${reason}`)
  process.exitCode = state === 'written' ? 0 : state === 'refused' ? 3 : 1
}

/** keep --esp-env FILE --slot a|b [--status FILE] */
async function keep(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ args: [...args], options: { 'esp-env': text, slot: text, status: text } })
  const slot = slotOf(needed(values, 'slot'))
  const { isNew, rolledBack } = await keepSlot(needed(values, 'esp-env'), slot)
  if (isNew) console.log(`slot ${slot} is kept`)
  if (rolledBack === undefined) return
  const reason = `the update in slot ${rolledBack} did not start or did not answer, and slot ${slot} runs again: install another bundle`
  console.error(reason)
  if (values.status !== undefined) await saveStatus(values.status, { state: 'failed', slot: rolledBack, reason })
}

function needed(values: Readonly<Record<string, unknown>>, name: string): string {
  const value = values[name]
  if (typeof value !== 'string' || value === '') throw new Error(`--${name} is missing`)
  return value
}

function slotOf(text: string): Slot {
  if (text === 'a' || text === 'b') return text
  throw new Error(`--slot is a or b, not ${JSON.stringify(text)}`)
}

const [name = '', ...args] = process.argv.slice(2)
const command = COMMANDS[name]
if (command === undefined) {
  console.error(`expected a command: ${Object.keys(COMMANDS).join(', ')}`)
  process.exitCode = 2
} else {
  await command(args).catch((error: unknown) => {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  })
}
