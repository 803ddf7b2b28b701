/**
 * `bootcfg check`: reads what the server would read and reports what is wrong with it.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { findProblems, formatProblem, type Problem, toProblem } from './check.ts'
import { ConfigError, reasonOf } from './errors.ts'
import { GroupIndex } from './find-group.ts'
import type { GroupsFile } from './store/groups-file.ts'
import { loadParts, readGroups, type Sources } from './store/load.ts'
import { Stamps } from './store/stamps.ts'
import { scan } from './store/tree.ts'
import { atOnce } from './turns.ts'

/**
 * Every problem of a data directory and its groups file, those included for which the server would not start.
 *
 * @param assetsPath - empty: kernels and initrds are not looked for
 */
export async function checkDataDirectory(sources: Sources, assetsPath: string): Promise<Problem[]> {
  const groupsFile = await readGroups(sources).catch(asProblem)
  const refused = refusals(sources, groupsFile)
  const data = await scan(sources.dataPath, new Stamps(sources.fileBytesMax)).catch(asUnreadable)
  if (data instanceof ConfigError)
    return [...refused, toProblem('error', data.code, sources.dataPath, {}, data.message)]
  const parts = await loadParts(sources, data)
  const found = atOnce(
    findProblems({
      snapshot: {
        ...parts.content,
        groups: new GroupIndex(groupsFile instanceof ConfigError ? [] : groupsFile.groups),
      },
      broken: parts.broken,
      groupsPath: sources.groupsPath,
      locateFile: (path) => join(sources.dataPath, path),
      hasAsset: (path) => assetsPath === '' || existsSync(join(assetsPath, path)),
    }),
  )
  return [...refused, ...found]
}

/** Why the groups file cannot be used; none where it can. */
export function refusals({ groupsPath }: Sources, file: GroupsFile | ConfigError): Problem[] {
  const errors = file instanceof ConfigError ? [file] : file.problems
  return errors.map((error) => toProblem('error', error.code, groupsPath, error, error.message))
}

function asUnreadable(error: unknown): ConfigError {
  return error instanceof ConfigError ? error : new ConfigError('unreadable', reasonOf(error))
}

export function asProblem(error: unknown): ConfigError {
  if (error instanceof ConfigError) return error
  throw error
}

/** For people a line each and a count; as JSON `{problems: [...]}`. */
export function reportProblems(problems: readonly Problem[], json: boolean): string {
  if (json) return `${JSON.stringify({ problems }, null, 2)}\n`
  const errors = problems.filter((problem) => problem.severity === 'error').length
  const lines = problems.map((problem) => `${formatProblem(problem)}\n`)
  return `${lines.join('')}${count(errors, 'error')}, ${count(problems.length - errors, 'warning')}\n`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
