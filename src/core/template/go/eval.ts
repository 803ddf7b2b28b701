/**
 * Pipelines to values: the eval half of text/template/exec.go.
 *
 * Go tells a value from an `interface {}` that holds it. Here that is worked out where it shows (`isBoxed`): what was
 * read from a map or handed out by range is boxed; what came out of a pipeline or a literal is not.
 */
import type { ConfigError } from '../../errors.ts'
import { positionAt } from '../../position.ts'
import { ValueMap } from '../../value.ts'
import { nodeText } from './ast.ts'
import type {
  Argument,
  ChainNode,
  CommandNode,
  FieldNode,
  IdentifierNode,
  Literal,
  Node,
  PipeNode,
  VariableNode,
} from './ast.ts'
import { CallError } from './failure.ts'
import { quote } from './format/quote.ts'
import { functionNamed } from './funcs.ts'
import type { Func } from './funcs.ts'
import { isTrue, typeName } from './operand.ts'
import type { Operand } from './operand.ts'
import type { Rendering } from './rendering.ts'

/** Nothing came down the pipeline; unlike a nil that did. */
const NONE = Symbol('no value')

type Final = Operand | typeof NONE

export class Evaluator {
  readonly #here: Rendering
  /** Above zero, keys are read only to see whether they are there. */
  #testing = 0

  constructor(rendering: Rendering) {
    this.#here = rendering
  }

  /** What `if` and `with` ask: a key that is missing is no mistake there. */
  condition(dot: Operand, pipe: PipeNode): Operand {
    this.#testing += 1
    const value = this.pipeline(dot, pipe)
    this.#testing -= 1
    return value
  }

  /** The value of the last command, of which an `interface {}` that holds nil is nothing. */
  pipeline(dot: Operand, pipe: PipeNode): Operand {
    this.#here.node = pipe
    this.#here.meter.step(pipe.cost)
    let value: Final = NONE
    for (const command of pipe.commands) value = this.#command(dot, command, value) ?? undefined
    const result = value === NONE ? undefined : value
    for (const { name } of pipe.variables) {
      if (!pipe.assigns) this.#here.scope.push(name, result)
      else this.#here.scope.set(this.#findVariable(name), result, false)
    }
    return result
  }

  #findVariable(name: string): number {
    const at = this.#here.scope.find(name, this.#here.meter)
    if (at < 0) throw this.#here.failure(`undefined variable: ${name}`)
    return at
  }

  /** @param final - what came down the pipeline, the last argument */
  #command(dot: Operand, command: CommandNode, final: Final): Operand {
    const [head] = command.args
    const hasArgs = command.args.length > 1 || final !== NONE
    switch (head.type) {
      case 'field':
        return this.#field(dot, head, hasArgs)
      case 'variable':
        return this.#variable(head, hasArgs)
      case 'chain':
        return this.#chain(dot, head, hasArgs)
      case 'identifier':
        return this.#function(dot, head, command, command.args, final)
      case 'pipe':
        this.#refuseArgs(head, hasArgs)
        return this.pipeline(dot, head)
      case 'dot':
      case 'nil':
      case 'bool':
      case 'number':
      case 'string':
      default:
        this.#here.node = head
        this.#refuseArgs(head, hasArgs)
        if (head.type === 'dot') return dot
        if (head.type === 'nil') throw this.#here.failure('nil is not a command')
        return this.#literal(head)
    }
  }

  #refuseArgs(head: Argument, hasArgs: boolean): void {
    if (hasArgs) throw this.#here.failure(`can't give argument to non-function ${nodeText(head)}`)
  }

  #literal(node: Literal): Operand {
    if (node.type !== 'number') return node.value
    if (node.value === 'overflow') throw this.#here.failure(`${node.text} overflows int`)
    return node.value
  }

  /** An argument of a function. */
  #argument(dot: Operand, node: Argument): Operand {
    this.#here.node = node
    switch (node.type) {
      case 'field':
        return this.#field(dot, node, false)
      case 'variable':
        return this.#variable(node, false)
      case 'chain':
        return this.#chain(dot, node, false)
      case 'identifier':
        return this.#function(dot, node, node, [node], NONE)
      case 'pipe':
        return this.pipeline(dot, node)
      case 'dot':
        return dot
      case 'nil':
        return undefined
      case 'bool':
      case 'number':
      case 'string':
      default:
        return this.#literal(node)
    }
  }

  #field(dot: Operand, node: FieldNode, hasArgs: boolean): Operand {
    this.#here.node = node
    return this.#path(dot, node, hasArgs)
  }

  #variable(node: VariableNode, hasArgs: boolean): Operand {
    this.#here.node = node
    const value = this.#here.scope.get(this.#findVariable(node.name))
    if (node.path.length > 0) return this.#path(value, node, hasArgs)
    this.#refuseArgs(node, hasArgs)
    return value
  }

  #chain(dot: Operand, node: ChainNode, hasArgs: boolean): Operand {
    this.#here.node = node
    return this.#path(this.#argument(dot, node.head), node, hasArgs)
  }

  /** `.a.b.c` from a value on. Nothing has every field, and each is nothing again. */
  #path(from: Operand, node: FieldNode | VariableNode | ChainNode, hasArgs: boolean): Operand {
    const { path } = node
    let value = from
    for (let at = 0; at < path.length; at++) {
      const name = path[at]!
      if (value instanceof ValueMap) {
        if (hasArgs && at === path.length - 1) throw this.#here.failure(`${name} is not a method but has arguments`)
        value = value.get(name)
        if (value === undefined) this.#missing(name, node)
      } else if (value === undefined) {
        if (this.#here.program.missingKey === 'error')
          throw this.#here.failure(`nil data; no entry for key ${quote(name)}`)
        return undefined
      } else if (value === null) {
        throw this.#here.failure(`nil pointer evaluating interface {}.${name}`)
      } else {
        const type = at > 0 || this.#isBoxedHead(node) ? 'interface {}' : typeName(value)
        throw this.#here.failure(`can't evaluate field ${name} in type ${type}`)
      }
    }
    return value
  }

  #missing(name: string, node: FieldNode | VariableNode | ChainNode): void {
    if (this.#here.program.missingKey === 'error') throw this.#here.failure(`map has no entry for key ${quote(name)}`)
    if (this.#here.watch === undefined || this.#testing > 0) return
    this.#here.watch.missing(nodeText(node), positionAt(this.#here.program.source, node.start))
  }

  #isBoxedHead(node: FieldNode | VariableNode | ChainNode): boolean {
    if (node.type === 'field') return this.#here.dotBoxed
    return node.type === 'variable' && this.#here.scope.isBoxed(this.#findVariable(node.name))
  }

  /** Whether Go would have this argument's value in an `interface {}`. */
  #isBoxed(node: Argument): boolean {
    if (node.type === 'dot') return this.#here.dotBoxed
    if (node.type === 'variable' && node.path.length === 0) return this.#isBoxedHead(node)
    return node.type === 'field' || node.type === 'variable' || node.type === 'chain'
  }

  // Functions

  /** @param at - what an error of the function itself names: the whole command, or the name where that is an argument */
  #function(dot: Operand, name: IdentifierNode, at: Node, words: readonly Argument[], final: Final): Operand {
    this.#here.node = name
    const func = functionNamed(name.name)
    const given = words.length - 1 + (final === NONE ? 0 : 1)
    if (func.variadic ? given < func.required : given !== func.required)
      throw this.#wrongCount(name.name, func, words.length - 1, given)
    if (name.name === 'and' || name.name === 'or') return this.#shortCircuit(dot, name.name === 'or', words, final)
    this.#here.meter.step()
    this.#testing += name.name === 'not' ? 1 : 0
    const args: Operand[] = []
    for (let word = 1; word < words.length; word++) {
      const node = words[word]!
      args.push(word === 1 && func.takesFormat === true ? this.#formatArgument(dot, node) : this.#argument(dot, node))
    }
    this.#testing -= name.name === 'not' ? 1 : 0
    if (final !== NONE) args.push(args.length === 0 && func.takesFormat === true ? this.#checkFormat(final) : final)
    return this.#apply(name.name, func, at, args, words)
  }

  #apply(name: string, func: Func, at: Node, args: readonly Operand[], words: readonly Argument[]): Operand {
    const boxed = func.wantsBoxed === true ? words.slice(1).map((word) => this.#isBoxed(word)) : []
    try {
      return func.call(args, this.#here.meter, boxed)
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      this.#here.node = at
      throw this.#here.failure(`error calling ${name}: ${error.message}`)
    }
  }

  #wrongCount(name: string, func: Func, words: number, given: number): ConfigError {
    const want = func.variadic ? `at least ${func.required} got ${words}` : `${func.required} got ${given}`
    return this.#here.failure(`wrong number of args for ${name}: want ${want}`)
  }

  /** `and` ends at the first argument that is false, `or` at the first that is true; the last one ends both. */
  #shortCircuit(dot: Operand, endsAt: boolean, words: readonly Argument[], final: Final): Operand {
    let value: Operand
    for (let word = 1; word < words.length; word++) {
      // All but the last are asked for to see whether they are there: {{or .port 80}}.
      const tests = word < words.length - 1 || final !== NONE
      this.#testing += tests ? 1 : 0
      value = this.#argument(dot, words[word]!)
      this.#testing -= tests ? 1 : 0
      if (isTrue(value) === endsAt) return value
    }
    return final === NONE ? value : final
  }

  /** The first argument of printf, which Go wants as a string. */
  #formatArgument(dot: Operand, node: Argument): Operand {
    this.#here.node = node
    if (node.type === 'nil') throw this.#here.failure('cannot assign nil to string')
    if (node.type === 'bool' || node.type === 'number')
      throw this.#here.failure(`expected string; found ${nodeText(node)}`)
    return this.#checkFormat(this.#argument(dot, node))
  }

  #checkFormat(value: Operand): Operand {
    if (typeof value === 'string') return value
    if (value === undefined) throw this.#here.failure('invalid value; expected string')
    throw this.#here.failure(`wrong type for value; expected string; got ${typeName(value)}`)
  }
}
