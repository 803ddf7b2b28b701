/**
 * `box.mjs plan`: reads what is on the data partition, writes what the scripts and the server go by. The edge of `config.ts` and
 * `plan.ts`. Whatever stands in the files, there is a plan.
 */
import { mkdir, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'

import { ConfigError, errorCode } from '../core/errors.ts'
import { parseGroups } from '../core/store/groups-file.ts'
import { readFile } from '../core/store/read-file.ts'
import { decodeUtf8 } from '../core/utf8.ts'
import { CONFIG_BYTES_MAX, readConfig } from './config.ts'
import { type Places, planLines, serverFlags } from './plan.ts'
import { type ApplianceConfig, DEFAULTS } from './schema.ts'
import { writeWhole } from './write-whole.ts'

const CONFIG = 'appliance.yaml'
const GROUPS = 'config.yaml'
const ASSETS = 'assets'

/** As -max-file-bytes has it. */
const GROUPS_BYTES_MAX = 64 << 20
const GROUPS_PROBLEMS_MAX = 20
/** Serves while the groups file cannot: each machine is told that no group matches. */
const NO_GROUPS = 'api_version: v1alpha1\ngroups: []\n'

/** A part of the plan, and why it is not what somebody wanted. */
interface Part<T> {
  readonly value: T
  readonly problems: readonly string[]
}

/**
 * Writes `plan`, `flags` and `problems/{appliance,data-directory}` below `run`.
 *
 * @param data - folder of the data partition
 * @param cmdline - of the kernel, its text
 * @returns all problems, as written
 */
export async function runPlan(data: string, run: string, cmdline: string): Promise<readonly string[]> {
  await mkdir(join(run, 'problems'), { recursive: true })
  const config = await configOf(join(data, CONFIG))
  const writeFlags = (places: Places): Promise<void> =>
    writeLines(join(run, 'flags'), serverFlags(config.value, cmdline, places))
  await writeLines(join(run, 'plan'), planLines(config.value))
  await writeLines(join(run, 'problems', 'appliance'), config.problems)
  // A groups file may be more than this box can read: whatever becomes of that, the network is as it is wanted.
  await writeFlags({ data, run, groups: join(data, GROUPS), assets: join(data, ASSETS) })
  const places = await placesOf(data, run)
  await writeFlags(places.value)
  await writeLines(join(run, 'problems', 'data-directory'), places.problems)
  return [...config.problems, ...places.problems]
}

async function configOf(path: string): Promise<Part<ApplianceConfig>> {
  const text = await textOf(path, CONFIG_BYTES_MAX)
  if (text === undefined) return { value: DEFAULTS, problems: await misnamed(path) }
  const { config, problems } =
    text instanceof ConfigError ? { config: DEFAULTS, problems: [text.message] } : readConfig(text)
  if (problems.length === 0) return { value: config, problems }
  const result = `${CONFIG} is left out, and the defaults hold: correct it on the BOOTCFG partition and restart the box`
  return {
    value: config,
    problems: [result, ...problems.map((problem) => `${CONFIG}${/^line \d/.test(problem) ? ',' : ':'} ${problem}`)],
  }
}

/** The server does not start where these are not as it wants them; the box is to start all the same. */
async function placesOf(data: string, run: string): Promise<Part<Places>> {
  const problems = await groupsProblems(join(data, GROUPS))
  const groups = problems.length === 0 ? join(data, GROUPS) : join(run, 'no-groups.yaml')
  if (problems.length > 0) {
    problems.unshift(`${GROUPS} cannot be used, and no machine is booted: correct it and restart the box`)
    await writeWhole(groups, NO_GROUPS)
  }
  const facts = await stat(join(data, ASSETS)).catch(() => undefined)
  const assets = facts?.isDirectory() === true ? join(data, ASSETS) : ''
  if (assets === '')
    problems.push(`${ASSETS} is no folder, and nothing is served below /assets/: make it and restart the box`)
  return { value: { data, run, groups, assets }, problems }
}

/** Why the server would not start with it. */
async function groupsProblems(path: string): Promise<string[]> {
  const text = await textOf(path, GROUPS_BYTES_MAX)
  if (text === undefined) return [`${GROUPS}: there is no such file`, ...(await misnamed(path))]
  const read = text instanceof ConfigError ? text : await parseGroups(text).catch(configError)
  const wrong = read instanceof ConfigError ? [read] : read.problems
  return wrong
    .slice(0, GROUPS_PROBLEMS_MAX)
    .map(({ line, message }) => `${GROUPS}${line === undefined ? '' : `, line ${line}`}: ${message}`)
}

/** Windows hides the ends of names, and adds one. */
async function misnamed(path: string): Promise<string[]> {
  const name = basename(path)
  const other = await stat(`${path}.txt`).catch(() => undefined)
  return other === undefined ? [] : [`${name}.txt is not looked at: its name must be ${name}`]
}

/** @returns undefined where there is no such file */
async function textOf(path: string, bytesMax: number): Promise<string | ConfigError | undefined> {
  try {
    const { size } = await stat(path)
    if (size > bytesMax) return new ConfigError('too-large', `it has ${size} bytes, more than ${bytesMax}`)
    return decodeUtf8(await readFile(path, bytesMax))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    return error instanceof ConfigError ? error : new ConfigError('unreadable', `it cannot be read: ${String(error)}`)
  }
}

function configError(error: unknown): ConfigError {
  if (error instanceof ConfigError) return error
  throw error
}

/** No lines, no file. */
async function writeLines(path: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) await rm(path, { force: true })
  else await writeWhole(path, lines.map((line) => `${line}\n`).join(''))
}
