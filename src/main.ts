/**
 * The front door: argv to settings to a command.
 *
 *   serve    serve.ts: the rooms, started in order
 *   check    every problem of a data directory
 *   explain  what one machine would get, and why
 */
import type { AskedMachine } from './core/asked-machine.ts'
import { checkDataDirectory, reportProblems } from './core/check-run.ts'
import { formatExplanation } from './core/explanation-text.ts'
import type { Log } from './core/log.ts'
import { type Running, stopAll } from './core/module.ts'
import { helpText, type Invocation, parseInvocation, portOf, type Settings, UsageError } from './core/settings.ts'
import { explainer, openNetwork, openStoreOrSay, sourcesOf, version } from './ground.ts'
import { serve } from './serve.ts'

const EXIT = { ok: 0, failed: 1, usage: 2 } as const

async function main(): Promise<number> {
  let invocation: Invocation
  try {
    invocation = parseInvocation()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\nbootcfg -help lists the flags\n`)
    return EXIT.usage
  }
  const { command, settings, machine, passphrase } = invocation
  if (settings.help) return print(helpText())
  if (settings.version) return print(`bootcfg ${version()}\n`)
  if (command === 'check') return check(settings)
  if (command === 'explain') return explain(settings, machine)
  return (await serve(settings, passphrase)) ? EXIT.ok : EXIT.failed
}

function print(text: string): number {
  process.stdout.write(text)
  return EXIT.ok
}

async function check(settings: Settings): Promise<number> {
  const problems = await checkDataDirectory(sourcesOf(settings), settings['assets-path'])
  process.stdout.write(reportProblems(problems, settings.json))
  return problems.some((problem) => problem.severity === 'error') ? EXIT.failed : EXIT.ok
}

async function explain(settings: Settings, machine: AskedMachine): Promise<number> {
  const log: Log = Object.assign(() => {}, { flush: () => {} })
  const rooms: Running[] = []
  try {
    const store = await openStoreOrSay(sourcesOf(settings), log)
    rooms.push(store)
    const network = await openNetwork(settings, log)
    rooms.push(...network.rooms)
    const httpPort = portOf(settings.address[0]!)
    const explanation = await explainer(settings, store.current, network)(machine, httpPort)
    print(settings.json ? `${JSON.stringify(explanation, null, 2)}\n` : formatExplanation(explanation))
    return explanation.problems.length === 0 ? EXIT.ok : EXIT.failed
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return EXIT.failed
  } finally {
    await stopAll(rooms)
  }
}

process.exitCode = await main()
