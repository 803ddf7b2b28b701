/**
 * Where one rendering stands: what the executor and the evaluator both read and move.
 */
import type { ConfigError } from '../../errors.ts'
import type { Watch } from '../template.ts'
import type { Node } from './ast.ts'
import { execFailure } from './failure.ts'
import type { Meter } from './meter.ts'
import type { Templates } from './parse.ts'
import { Scope } from './scope.ts'

/** A file of templates, ready to be executed. */
export interface Program {
  readonly name: string
  readonly source: string
  readonly templates: Templates
  /** A key that a map lacks: reads as nothing, or fails. */
  readonly missingKey: 'default' | 'error'
  /** Nested template calls. */
  readonly callsMax: number
}

export class Rendering {
  readonly program: Program
  readonly meter: Meter
  readonly watch: Watch | undefined
  /** The place that an error names. It moves when Go's does, for people compare messages. */
  node: Node = { type: 'dot', pos: 0 }
  /** The name and the variables of the template at hand. */
  template: string
  scope = new Scope(undefined)
  /** Whether Go would have dot in an `interface {}`: range hands its elements out like that. */
  dotBoxed = false

  constructor(program: Program, meter: Meter, watch: Watch | undefined) {
    this.program = program
    this.meter = meter
    this.watch = watch
    this.template = program.name
  }

  failure(message: string, code: ConfigError['code'] = 'template-exec'): ConfigError {
    const { name, source } = this.program
    return execFailure(code, { name, source, template: this.template, node: this.node }, message)
  }
}
