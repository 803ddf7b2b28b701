/**
 * The demo that scripts/demo starts: one server, one machine, both logs on this terminal, nothing left behind.
 *
 * Exit status 0 when the machine got all its files, 1 when not, 130 after a Ctrl-C.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { installMachine, MachineUnavailable } from '../test/support/machine.ts'
import { ESCAPES, HOST, type Machine, machineRequirements, startMachine } from '../test/support/qemu.ts'
import { missingPackages } from '../test/support/requirements.ts'
import { type LogLine, type Server, startServer } from '../test/support/server.ts'

const DATA = join(import.meta.dirname, '../examples/demo')
const BOOT_MAX_MS = 120_000
const ROUTES = ['/ignition', '/cloud', '/metadata']

const stopped = Promise.withResolvers<'interrupted'>()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopped.resolve('interrupted'))

process.exitCode = await demo()

async function demo(): Promise<number> {
  const missing = missingPackages(machineRequirements())
  if (missing.length > 0) return complain(`The demo needs QEMU. As root: apt-get install ${missing.join(' ')}`)
  const assets = mkdtempSync(join(tmpdir(), 'bootcfg-demo-'))
  let server: Server | undefined
  let machine: Machine | undefined
  try {
    say('Fetching a Linux kernel for the machine, if it is not in .cache/ yet ...')
    await installMachine(assets)
    server = await startServer([`-config=${DATA}/config.yaml`, `-data-path=${DATA}`, `-assets-path=${assets}`])
    say(`bootcfg serves examples/demo on ${server.url}. Now a machine is switched on that boots from the network.`)
    say('Its console follows; lines like this one are what bootcfg is asked.')
    machine = switchOn(server)
    const stopTelling = tell(server)
    const end = await Promise.race([machine.off, stopped.promise, sleep(BOOT_MAX_MS, 'late' as const, { ref: false })])
    await server.stop() // its log is complete then
    stopTelling()
    if (end === 'interrupted') return 130
    return summary(server, end === 'late')
  } catch (error) {
    if (error instanceof MachineUnavailable) return complain(`The demo needs a Linux kernel.\n${error.message}`)
    throw error
  } finally {
    await machine?.stop()
    await server?.stop()
    rmSync(assets, { recursive: true })
  }
}

function switchOn(server: Server): Machine {
  return startMachine({
    wire: { bootFile: `http://${HOST}:${new URL(server.url).port}/boot.ipxe` },
    uuid: '16e7d8a7-bfa9-428b-9117-363341bb330b',
    mac: '52:54:00:b0:07:c6',
    serial: 'DEMO-1',
    onConsole: (bytes) => process.stdout.write(colorsOnly(bytes.toString())),
  })
}

/** The firmware clears the screen and changes how it wraps. That is for a terminal of its own. */
function colorsOnly(text: string): string {
  return text.replaceAll(ESCAPES, (escape) => (escape.endsWith('m') ? escape : ''))
}

/** Shows requests as they come in, until the returned function is called. */
function tell(server: Server): () => void {
  let told = 0
  const tellNew = (): void => {
    for (; told < server.log.length; told++)
      if (server.log[told]!.event === 'http.request') say(request(server.log[told]!))
  }
  const timer = setInterval(tellNew, 50)
  return () => {
    clearInterval(timer)
    tellNew()
  }
}

function request({ status, path, mac, group, spec, bytes }: LogLine): string {
  const who = typeof mac === 'string' ? ` from ${mac}` : ''
  const found = typeof group === 'string' ? ` -> group "${group}", spec "${String(spec)}"` : ''
  return `${String(path)}${who}${found}: ${String(status)}, ${String(bytes)} bytes`
}

function summary(server: Server, isLate: boolean): number {
  const answered = new Set(server.log.filter((line) => line['status'] === 200).map((line) => line['path']))
  const absent = ROUTES.filter((route) => !answered.has(route))
  if (isLate) return complain(`The machine is not done after ${BOOT_MAX_MS / 1000} s.`)
  if (absent.length > 0) return complain(`The machine did not get ${absent.join(', ')}.`)
  say('The machine booted, got what was made for it, and switched itself off. Everything is cleaned up.')
  say('Change examples/demo and run it again; or ./scripts/start for the other examples.')
  return 0
}

function say(text: string): void {
  process.stdout.write(`\r\n\u001b[36m[bootcfg] ${text}\u001b[0m\r\n`)
}

function complain(text: string): number {
  process.stderr.write(`\n${text}\n`)
  return 1
}
