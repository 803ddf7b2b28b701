/**
 * Trees to text: the walk half of text/template/exec.go.
 *
 * It walks the lists of a template with `dot`, the value that `.` stands for. `break` and `continue` come back as the
 * way in which a list ended; an error is thrown and ends the rendering.
 */
import { ConfigError } from '../../errors.ts'
import { ValueMap } from '../../value.ts'
import type { ActionNode, BranchNode, ListNode, TemplateNode } from './ast.ts'
import { Evaluator } from './eval.ts'
import { quote } from './format/quote.ts'
import { sprint } from './format/value.ts'
import { limit } from './meter.ts'
import { isList, isTrue } from './operand.ts'
import type { Operand } from './operand.ts'
import type { Output } from './output.ts'
import type { Rendering } from './rendering.ts'
import { Scope } from './scope.ts'

/** Blocks within blocks, through all templates called. Twice that many, and the stack is full. */
const NESTING_MAX = 600

/** How a list ended: at its end, or at a `break` or a `continue` that a range has to carry out. */
type Flow = 'end' | 'break' | 'continue'

export class Executor {
  readonly #here: Rendering
  readonly #evaluator: Evaluator
  readonly #output: Output
  /** Template calls, and blocks and calls together, that are open. */
  #calls = 0
  #nesting = 0

  constructor(rendering: Rendering, output: Output) {
    this.#here = rendering
    this.#evaluator = new Evaluator(rendering)
    this.#output = output
  }

  /** Execute the file's own template. @throws {ConfigError} */
  run(data: Operand): void {
    const { name, templates } = this.#here.program
    this.#here.scope = new Scope(data)
    try {
      this.#list(data, templates.get(name)!)
    } catch (error) {
      // What ran into a limit did not know where it was.
      if (error instanceof ConfigError && error.line === undefined) throw this.#here.failure(error.message, error.code)
      throw error
    }
  }

  #list(dot: Operand, nodes: ListNode): Flow {
    for (const node of nodes) {
      switch (node.type) {
        case 'text':
          this.#output.write(node.text)
          break
        case 'action':
          this.#action(dot, node)
          break
        case 'if':
        case 'with':
        case 'range': {
          const flow = this.#branch(dot, node)
          if (flow !== 'end') return flow
          break
        }
        case 'template':
          this.#call(dot, node)
          break
        case 'break':
        case 'continue':
          return node.type
      }
    }
    return 'end'
  }

  #action(dot: Operand, node: ActionNode): void {
    const value = this.#evaluator.pipeline(dot, node.pipe)
    if (node.pipe.variables.length > 0) return
    this.#here.node = node
    if (typeof value === 'string') this.#output.write(value)
    else this.#output.write(value === undefined ? '<no value>' : sprint([value], this.#here.meter.textMax))
  }

  /** `if`, `with` or `range`. Variables declared in it end with it. */
  #branch(dot: Operand, node: BranchNode): Flow {
    this.#nesting += 1
    if (this.#nesting > NESTING_MAX) throw limit(`nested deeper than ${NESTING_MAX} blocks`)
    const size = this.#here.scope.size
    this.#here.node = node
    const flow = node.type === 'range' ? this.#range(dot, node) : this.#condition(dot, node)
    this.#here.scope.truncate(size)
    this.#nesting -= 1
    return flow
  }

  #condition(dot: Operand, node: BranchNode): Flow {
    const value = this.#evaluator.condition(dot, node.pipe)
    if (!isTrue(value)) return node.elseList === undefined ? 'end' : this.#list(dot, node.elseList)
    return node.type === 'with' ? this.#listWith(value, false, node.list) : this.#list(dot, node.list)
  }

  /** A list under another dot. */
  #listWith(dot: Operand, boxed: boolean, nodes: ListNode): Flow {
    const outer = this.#here.dotBoxed
    this.#here.dotBoxed = boxed
    const flow = this.#list(dot, nodes)
    this.#here.dotBoxed = outer
    return flow
  }

  #range(dot: Operand, node: BranchNode): Flow {
    const value = this.#evaluator.pipeline(dot, node.pipe)
    let rounds = 0
    if (isList(value)) {
      for (const element of value) {
        if (!this.#round(node, node.pipe.variables.length > 1 ? BigInt(rounds) : undefined, false, element)) break
        rounds += 1
      }
      rounds = value.length
    } else if (value instanceof ValueMap) {
      for (const [at, key] of value.keys.entries()) {
        if (!this.#round(node, key, value.keyKind === 'any', value.values[at])) break
      }
      rounds = value.size
    } else if (value !== undefined) {
      throw this.#here.failure(`range can't iterate over ${sprint([value], this.#here.meter.textMax)}`)
    }
    return rounds > 0 || node.elseList === undefined ? 'end' : this.#list(dot, node.elseList)
  }

  /** One round of a range; false when it ended the loop. */
  #round({ pipe, list }: BranchNode, key: Operand, keyBoxed: boolean, element: Operand): boolean {
    this.#here.meter.step()
    const scope = this.#here.scope
    const size = scope.size
    // Go 1.19 sets the topmost variables, even where `=` named others.
    if (pipe.variables.length > 0) this.#setTop(1, element, true)
    if (pipe.variables.length > 1) this.#setTop(2, key, keyBoxed)
    const flow = this.#listWith(element, true, list)
    scope.truncate(size)
    return flow !== 'break'
  }

  #setTop(which: number, value: Operand, boxed: boolean): void {
    const at = this.#here.scope.size - which
    if (at < 0) throw this.#here.failure('range sets more variables than there are')
    this.#here.scope.set(at, value, boxed)
  }

  /** `{{template "name" pipeline}}`: no variables are handed on but `$`, which is the pipeline's value. */
  #call(dot: Operand, node: TemplateNode): void {
    this.#here.node = node
    const nodes = this.#here.program.templates.get(node.name)
    if (nodes === undefined) throw this.#here.failure(`template ${quote(node.name)} not defined`)
    if (this.#calls >= this.#here.program.callsMax)
      throw limit(`exceeded maximum template depth (${this.#here.program.callsMax})`)
    this.#here.meter.step()
    const value = node.pipe === undefined ? undefined : this.#evaluator.pipeline(dot, node.pipe)
    const [scope, template] = [this.#here.scope, this.#here.template]
    this.#calls += 1
    this.#nesting += 1
    if (this.#nesting > NESTING_MAX) throw limit(`nested deeper than ${NESTING_MAX} blocks`)
    this.#here.scope = new Scope(value)
    this.#here.template = node.name
    this.#listWith(value, false, nodes)
    this.#here.scope = scope
    this.#here.template = template
    this.#nesting -= 1
    this.#calls -= 1
  }
}
