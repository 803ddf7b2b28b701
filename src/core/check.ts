/**
 * Every problem of a data directory, found as the server would meet it: each group's files are rendered and checked.
 *
 * Pure but for the one question whether an asset exists, which the caller answers.
 */
import { type ConfigFile, type Folder, locate, renderCloud, renderIgnition } from './configs.ts'
import { ConfigError, type ConfigErrorCode } from './errors.ts'
import { type Group, groupLabel, requirementText } from './groups.ts'
import type { Spec } from './specs.ts'
import type { Snapshot, SpecFile } from './store/snapshot.ts'
import type { Steps } from './turns.ts'

export type ProblemCode =
  | ConfigErrorCode
  | 'unknown-spec' // a group names a spec that is not there
  | 'missing-file' // a spec names a file that is not there
  | 'missing-asset' // a kernel or initrd below /assets/ is not there
  | 'several-initrds' // iPXE fetches only the first
  | 'missing-metadata' // a template reads a key that a group's metadata lacks
  | 'same-requirements' // of two such groups only the first is ever matched
  | 'uuid-case' // firmware reports lower case, so an upper-case uuid matches nothing
  | 'spec-id' // the id in spec.json is not the name of its folder
  | 'unused-file'
  | 'unused-spec'

export interface Problem {
  readonly severity: 'error' | 'warning'
  readonly code: ProblemCode
  /** As it can be opened from where the program was started. */
  readonly file: string
  /** From 1; null when the problem has no place. */
  readonly line: number | null
  readonly column: number | null
  readonly message: string
}

export interface Subject {
  readonly snapshot: Snapshot
  /** Broken files, partials among them, by path below the data directory. */
  readonly broken: ReadonlyMap<string, ConfigError>
  readonly groupsPath: string
  /** Path below the data directory to a path that can be opened. */
  readonly locateFile: (path: string) => string
  /** Whether the file behind a path below `/assets/` is there. */
  readonly hasAsset: (path: string) => boolean
}

/** In the order: groups file, then files by name, each by line. */
export function* findProblems(subject: Subject): Steps<Problem[]> {
  const found = new Findings(subject)
  for (const [path, error] of subject.broken) found.broken(path, error)
  yield* checkGroups(subject, found)
  checkSpecs(subject, found)
  yield* checkRendered(subject, found)
  checkUnused(subject, found)
  return found.sorted()
}

/** Groups looked at between two pauses: a few milliseconds. */
const GROUPS_A_TURN = 1000

function* checkGroups({ snapshot }: Subject, found: Findings): Steps<void> {
  const first = new Map<string, Group>()
  for (const [at, group] of snapshot.groups.groups.entries()) {
    if (at % GROUPS_A_TURN === 0) yield
    const text = requirementText(group)
    const other = first.get(text)
    first.set(text, other ?? group)
    if (other !== undefined) {
      found.inGroup(
        'warning',
        'same-requirements',
        group,
        `requires the same as the group on line ${other.line}, which wins: it is never matched`,
      )
    }
    const uuid = group.require.find((r) => r.key === 'uuid')?.value
    if (uuid !== undefined && uuid !== uuid.toLowerCase()) {
      found.inGroup(
        'warning',
        'uuid-case',
        group,
        `requires uuid ${uuid}; machines report theirs in lower case, write ${uuid.toLowerCase()}`,
      )
    }
    if (!snapshot.specs.has(group.spec)) {
      found.inGroup(
        'error',
        'unknown-spec',
        group,
        group.spec === ''
          ? 'names no spec'
          : `names spec ${JSON.stringify(group.spec)}, but specs/${group.spec}/spec.json does not exist`,
      )
    }
  }
}

function checkSpecs(subject: Subject, found: Findings): void {
  for (const [id, file] of subject.snapshot.specs) {
    const { spec } = file
    if (spec instanceof ConfigError) continue
    if (spec.writtenId !== id) {
      found.inFile(
        'warning',
        'spec-id',
        file.path,
        `its id is ${JSON.stringify(spec.writtenId)}, but the name of its folder counts: ${JSON.stringify(id)}`,
      )
    }
    for (const folder of ['ignition', 'cloud'] as const) {
      const name = configId(spec, folder)
      if (name !== '' && !subject.snapshot[folder].has(name)) {
        found.inFile('error', 'missing-file', file.path, `${folder}_id names ${folder}/${name}, which does not exist`)
      }
    }
    if ((spec.boot?.initrd?.length ?? 0) > 1) {
      found.inFile(
        'warning',
        'several-initrds',
        file.path,
        'has several initrds; iPXE fetches the first and takes the others for its arguments, so that the kernel finds none: join them into one file (cat a b > c)',
      )
    }
    for (const asset of assetsOf(spec)) {
      if (!subject.hasAsset(asset))
        found.inFile(
          'warning',
          'missing-asset',
          file.path,
          `names /assets/${asset}, which does not exist below the assets path`,
        )
    }
  }
}

function configId(spec: Spec, folder: Folder): string {
  return folder === 'ignition' ? spec.ignitionId : spec.cloudId
}

/** Below `/assets/`, each file once that a spec names. */
export function assetsNamed({ specs }: Pick<Snapshot, 'specs'>): ReadonlySet<string> {
  return new Set([...specs.values()].flatMap(({ spec }) => (spec instanceof ConfigError ? [] : assetsOf(spec))))
}

/** Only paths that are plain: iPXE expands `${…}` to what nobody knows here. */
function assetsOf({ boot }: Spec): string[] {
  const urls = boot === null ? [] : [boot.kernel, ...(boot.initrd ?? [])]
  return urls.map((url) => /^\/?assets\/([^$?#\s]+)$/.exec(url)?.[1]).filter((path) => path !== undefined)
}

function* checkRendered({ snapshot }: Subject, found: Findings): Steps<void> {
  for (const group of snapshot.groups.groups) {
    yield // a template may take long
    const spec = snapshot.specs.get(group.spec)?.spec
    if (spec === undefined || spec instanceof ConfigError) continue
    for (const folder of ['ignition', 'cloud'] as const) {
      const file = snapshot[folder].get(configId(spec, folder))
      if (file === undefined || file.template instanceof ConfigError) continue
      tryRender(folder, file, group, found)
    }
  }
}

function tryRender(folder: Folder, file: ConfigFile, group: Group, found: Findings): void {
  const watch = {
    missing: (path: string, at: { line: number; column: number }) =>
      found.rendering(file, group, 'warning', 'missing-metadata', at, `${path} is not in the metadata of`),
  }
  try {
    if (folder === 'ignition') renderIgnition(file, group, exampleQuery(group), watch)
    else renderCloud(file, group, watch)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { at, message } = locate(file.path, error)
    found.rendering(file, group, 'error', error.code, at, `${message}, for`)
  }
}

/** What a machine of this group would ask with. */
function exampleQuery(group: Group): string {
  return group.require
    .map((r) => `${encodeURIComponent(r.key.toWellFormed())}=${encodeURIComponent(r.value.toWellFormed())}`)
    .join('&')
}

function checkUnused({ snapshot }: Subject, found: Findings): void {
  const used = new Set(snapshot.groups.groups.map((group) => group.spec))
  const specs = [...snapshot.specs.values()]
  for (const [id, file] of snapshot.specs) {
    if (!used.has(id)) found.inFile('warning', 'unused-spec', file.path, 'no group names this spec')
  }
  for (const folder of ['ignition', 'cloud'] as const) {
    const named = new Set(specs.map((file) => usedId(file, folder)))
    for (const [id, file] of snapshot[folder]) {
      const isHidden = id.split('/').some((segment) => segment.startsWith('.'))
      if (!isHidden && !named.has(id))
        found.inFile('warning', 'unused-file', file.path, `no spec names this file as its ${folder}_id`)
    }
  }
}

function usedId({ spec }: SpecFile, folder: Folder): string {
  return spec instanceof ConfigError ? '' : configId(spec, folder)
}

interface Place {
  readonly line?: number | undefined
  readonly column?: number | undefined
}

/** Collects problems; the same problem met for many groups is one, told for the first of them. */
class Findings {
  readonly #subject: Subject
  readonly #problems: Problem[] = []
  readonly #rendered = new Map<string, { problem: Problem; groups: Set<Group> }>()

  constructor(subject: Subject) {
    this.#subject = subject
  }

  broken(path: string, error: ConfigError): void {
    const { at, message } = locate(path, error)
    this.#add('error', error.code, this.#subject.locateFile(path), at, message)
  }

  inGroup(severity: Problem['severity'], code: ProblemCode, group: Group, what: string): void {
    this.#add(
      severity,
      code,
      this.#subject.groupsPath,
      { line: group.line },
      `group ${JSON.stringify(groupLabel(group))} ${what}`,
    )
  }

  inFile(severity: Problem['severity'], code: ProblemCode, path: string, message: string): void {
    this.#add(severity, code, this.#subject.locateFile(path), {}, message)
  }

  rendering(
    file: ConfigFile,
    group: Group,
    severity: Problem['severity'],
    code: ProblemCode,
    at: Place,
    what: string,
  ): void {
    const key = JSON.stringify([file.path, code, at.line, at.column, what])
    const known = this.#rendered.get(key)
    if (known !== undefined) return void known.groups.add(group)
    const message = `${what} group ${JSON.stringify(groupLabel(group))} (line ${group.line} of the groups file)`
    const problem = toProblem(severity, code, this.#subject.locateFile(file.path), at, message)
    this.#rendered.set(key, { problem, groups: new Set([group]) })
  }

  sorted(): Problem[] {
    const rendered = [...this.#rendered.values()].map(({ problem, groups }) =>
      groups.size === 1 ? problem : { ...problem, message: `${problem.message} and ${groups.size - 1} more` },
    )
    const { groupsPath } = this.#subject
    const rank = (problem: Problem): number => (problem.file === groupsPath ? 0 : 1)
    return [...this.#problems, ...rendered].toSorted(
      (a, b) => rank(a) - rank(b) || (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || (a.line ?? 0) - (b.line ?? 0),
    )
  }

  #add(severity: Problem['severity'], code: ProblemCode, file: string, at: Place, message: string): void {
    this.#problems.push(toProblem(severity, code, file, at, message))
  }
}

export function toProblem(
  severity: Problem['severity'],
  code: ProblemCode,
  file: string,
  at: Place,
  message: string,
): Problem {
  return { severity, code, file, line: at.line ?? null, column: at.column ?? null, message }
}

/** `file:line:column: severity: message [code]`, as compilers write it, so that editors find the place. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== null).join(':')
  return `${place}: ${problem.severity}: ${problem.message} [${problem.code}]`
}
