/**
 * Go's text/template, of Go 1.19: the dialect of every template that is not named otherwise.
 *
 *   source --lex.ts--> tokens --parse.ts--> tree --exec.ts--> text
 *                                             eval.ts, funcs.ts, format/: what pipelines compute, how values print
 *
 * All that can be done before the data is known is done once, here; a compiled template is immutable and renders any
 * number of requests. Rendering is pure: no files, no clock, and limits on everything that could grow.
 */
import type { ValueMap } from '../../value.ts'
import type { Template, TemplateLimits, Watch } from '../template.ts'
import { Executor } from './exec.ts'
import { Meter } from './meter.ts'
import { Output } from './output.ts'
import { parse } from './parse.ts'
import { mayRead } from './reads.ts'
import { Rendering } from './rendering.ts'
import type { Program } from './rendering.ts'

interface GoOptions {
  /** Go's option `missingkey`: whether a key that a map lacks prints `<no value>` or is an error. */
  readonly missingKey?: 'default' | 'error'
}

/**
 * @param name - of the file, for messages; also the name of the template that the file itself is
 * @throws {ConfigError} `template-parse`, or `template-limit` for a source that nests too deeply
 */
export function compileGo(name: string, source: string, limits: TemplateLimits, options: GoOptions = {}): Template {
  const program: Program = {
    name,
    source,
    templates: parse(name, source, limits),
    missingKey: options.missingKey ?? 'default',
    callsMax: limits.depthMax,
  }
  return {
    render(data: ValueMap, watch?: Watch): string {
      const output = new Output(limits.outputBytesMax)
      new Executor(new Rendering(program, new Meter(limits), watch), output).run(data)
      return output.toString()
    },
    mayRead: (key) => mayRead(program.templates, key),
  }
}
