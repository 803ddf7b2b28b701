/**
 * liquidjs, fenced: partials from memory only, every node, loop and comparison paid for, nesting bounded.
 *
 * One engine serves all templates of a snapshot. It parses all partials when it is made, so that nothing is parsed
 * while a machine waits; a partial that does not parse is an error of the templates that use it.
 */
import { Liquid, type Template, toValueSync } from 'liquidjs'

import type { ValueMap } from '../../value.ts'
import type { TemplateLimits } from '../template.ts'
import { MachineContext } from './context.ts'
import { rootScope } from './data.ts'
import { GUARD_FILTERS, guardExpressions } from './expressions.ts'
import { Failure, failureOf, MAIN } from './failure.ts'
import { paidFilters, textOf } from './filters.ts'
import { Meter } from './meter.ts'
import { NestingParser } from './parse.ts'
import { outputTooLarge, Renderer } from './render.ts'
import { OPERATORS, PAID_TAGS } from './tags.ts'

export class Engine extends Liquid {
  readonly limits: TemplateLimits
  override readonly renderer: Liquid['renderer'] = new Renderer()
  readonly #partials = new Map<string, Template[] | Failure>()

  constructor(partials: ReadonlyMap<string, string>, limits: TemplateLimits) {
    super({
      strictFilters: true,
      strictVariables: true,
      lenientIf: true, // `{% if x %}` and `| default:` may ask for what is not there
      ownPropertyOnly: true,
      relativeReference: false,
      templates: {}, // no file system: partials come from `#partial`
      operators: OPERATORS,
      locale: 'en-US',
      timezoneOffset: 0,
    })
    guardExpressions()
    this.limits = limits
    for (const name of Object.keys(this.filters)) this.unregisterFilter(name)
    for (const [name, handler] of paidFilters()) this.registerFilter(name, handler)
    for (const [name, handler] of Object.entries(GUARD_FILTERS)) this.registerFilter(name, handler)
    for (const [name, tag] of Object.entries(PAID_TAGS)) this.registerTag(name, tag)
    for (const [name, source] of partials) this.#partials.set(name, this.#parsePartial(name, source))
  }

  /** @throws {Failure} */
  compile(source: string): Template[] {
    try {
      const templates = this.parse(source, MAIN)
      this.#checkPartials(templates)
      return templates
    } catch (error) {
      throw failureOf(error, undefined)
    }
  }

  /** @throws {Failure} */
  run(templates: Template[], data: ValueMap): string {
    try {
      const context = new MachineContext(rootScope(data), this, new Meter(this.limits))
      const text = String(toValueSync(this.renderer.renderTemplates(templates, context)))
      if (Buffer.byteLength(text) > this.limits.outputBytesMax) throw outputTooLarge(this.limits)
      return text
    } catch (error) {
      throw failureOf(error, undefined)
    }
  }

  override parse(source: string, file?: string): Template[] {
    return new NestingParser(this, this.limits.depthMax).parse(source, file)
  }

  // oxlint-disable-next-line require-yield -- liquidjs wants a generator here
  override *_parsePartialFile(name: string): Generator<unknown, Template[], string | Template[]> {
    return this.#partial(name)
  }

  // oxlint-disable-next-line require-yield
  override *_parseLayoutFile(name: string): Generator<unknown, Template[], string | Template[]> {
    return this.#partial(name)
  }

  #partial(name: unknown): Template[] {
    if (name instanceof Error) throw name // liquidjs returns what a name with `{{ }}` in it throws
    const file = textOf(name)
    const partial = this.#partials.get(file) ?? this.#partials.get(`${file}.liquid`)
    if (partial === undefined) throw new Failure(`no file ${JSON.stringify(file)} in templates/`)
    if (partial instanceof Failure) throw partial
    return partial
  }

  #parsePartial(name: string, source: string): Template[] | Failure {
    try {
      return this.parse(source, name)
    } catch (error) {
      return failureOf(error, undefined)
    }
  }

  /** Partials named in so many words must exist and parse, also in branches that no data takes today. */
  #checkPartials(templates: Template[]): void {
    const seen = new Set<Template>()
    const waiting: { templates: Template[]; from: Template | undefined }[] = [{ templates, from: undefined }]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      for (const template of next.templates) {
        if (seen.has(template)) continue
        seen.add(template)
        const from = template.token.file === MAIN ? template : next.from
        waiting.push({ templates: this.#childrenOf(template, from), from })
      }
    }
  }

  #childrenOf(template: Template, from: Template | undefined): Template[] {
    if (template.children === undefined) return []
    try {
      return toValueSync(template.children(true, true))
    } catch (error) {
      const failure = failureOf(error, template.token)
      throw from === undefined ? failure : failure.seenFrom(from.token)
    }
  }
}
