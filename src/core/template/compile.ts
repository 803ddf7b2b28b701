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
  return path.endsWith('.liquid') ? compileLiquid(path, source, partials, limits) : compileGo(path, source, limits)
}
