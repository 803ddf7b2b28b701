/**
 * The dialect of a template is told by its file's name, never guessed from its content.
 */
import { compileGo } from './go/compile.ts'
import { compileLiquid } from './liquid.ts'
import type { Template, TemplateLimits } from './template.ts'

/**
 * @param path - names the file in errors; Liquid when it ends in `.liquid`, else Go text/template
 * @param partials - what Liquid templates may include, by path below `templates/`
 * @throws {ConfigError} `template-parse`
 */
export function compile(
  path: string,
  source: string,
  partials: ReadonlyMap<string, string>,
  limits: TemplateLimits,
): Template {
  return isLiquid(path) ? compileLiquid(source, partials, limits) : compileGo(path, source, limits)
}

const LIQUID = '.liquid'

export function isLiquid(path: string): boolean {
  return path.endsWith(LIQUID)
}

/** What the rest of a file's name says its format is. */
export function nameWithoutDialect(path: string): string {
  return isLiquid(path) ? path.slice(0, -LIQUID.length) : path
}
