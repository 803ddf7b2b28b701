/**
 * The Liquid dialect, for files named `*.liquid`: liquidjs with strict variables and strict filters.
 *
 * No file access: `{% render %}`, `{% include %}` and `{% layout %}` know the files of the `templates/` folder that they
 * are given, by name, with or without `.liquid`, and nothing else. A missing variable is an error, but `{% if %}`,
 * `{% unless %}` and the `default` filter may ask for one. Nothing is escaped. How metadata looks to a template:
 * liquid/data.ts; filters that differ from liquidjs's: liquid/filters.ts.
 */
import { ConfigError, type ConfigErrorCode } from '../errors.ts'
import type { ValueMap } from '../value.ts'
import { Engine } from './liquid/engine.ts'
import { Failure, MAIN } from './liquid/failure.ts'
import type { Template, TemplateLimits } from './template.ts'

/** A snapshot's partials are parsed for its first Liquid template; the others share them. */
const engines = new WeakMap<ReadonlyMap<string, string>, Engine>()

/**
 * @param partials - the `templates/` folder: name relative to it -> source; not changed afterwards
 * @throws {ConfigError} `template-parse` or `template-limit`. The place is in this file, also when a partial is at fault:
 *   then it is the tag that names the partial, and the message says where in the partial
 */
export function compileLiquid(source: string, partials: ReadonlyMap<string, string>, limits: TemplateLimits): Template {
  const engine = engineFor(partials, limits)
  const templates = translated('template-parse', () => engine.compile(source))
  return {
    render: (data: ValueMap) => translated('template-exec', () => engine.run(templates, data)),
    mayRead: () => true, // partials may read anything
  }
}

function engineFor(partials: ReadonlyMap<string, string>, limits: TemplateLimits): Engine {
  let engine = engines.get(partials)
  if (engine === undefined || !isSame(engine.limits, limits)) {
    engine = new Engine(partials, limits)
    engines.set(partials, engine)
  }
  return engine
}

function isSame(a: TemplateLimits, b: TemplateLimits): boolean {
  return a.outputBytesMax === b.outputBytesMax && a.stepsMax === b.stepsMax && a.depthMax === b.depthMax
}

function translated<T>(code: ConfigErrorCode, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof Failure ? configError(code, error) : error
  }
}

function configError(code: ConfigErrorCode, failure: Failure): ConfigError {
  const { message, at, via, file = MAIN } = failure
  const where = file === MAIN ? '' : `templates/${file}:${at?.line}:${at?.column}: `
  return new ConfigError(failure.isLimit ? 'template-limit' : code, where + message, (file === MAIN ? at : via) ?? {})
}
