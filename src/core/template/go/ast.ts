/**
 * The tree of a template, and its source text as error messages quote it: text/template/parse/node.go.
 *
 * `pos` is where Go places the node, in UTF-16 units: a chain of fields stands at its second one. `start` is where a
 * person would say that it starts.
 */
import type { Constant } from './constant.ts'
import { quote } from './format/quote.ts'

interface Placed {
  readonly pos: number
}

interface TextNode extends Placed {
  readonly type: 'text'
  readonly text: string
}

/** `{{pipeline}}`: printed, unless it declares or sets a variable. */
export interface ActionNode extends Placed {
  readonly type: 'action'
  readonly pipe: PipeNode
}

/** `if`, `with` and `range`. */
export interface BranchNode extends Placed {
  readonly type: 'if' | 'with' | 'range'
  readonly pipe: PipeNode
  readonly list: ListNode
  readonly elseList: ListNode | undefined
}

/** `{{template "name" pipeline}}`; what is left of a `block` where it stands. */
export interface TemplateNode extends Placed {
  readonly type: 'template'
  readonly name: string
  readonly pipe: PipeNode | undefined
}

export interface LoopControlNode extends Placed {
  readonly type: 'break' | 'continue'
}

export type Statement = TextNode | ActionNode | BranchNode | TemplateNode | LoopControlNode

/** `{{end}}` and `{{else}}` close a list and are no part of the tree. */
export interface MarkNode extends Placed {
  readonly type: 'end' | 'else'
}

/** What stands between two marks. */
export type ListNode = readonly Statement[]

/** `$x := command | command`. */
export interface PipeNode extends Placed {
  readonly type: 'pipe'
  readonly variables: readonly VariableNode[]
  /** The variables are set (`=`) and not declared (`:=`). */
  readonly assigns: boolean
  readonly commands: readonly CommandNode[]
  /** Steps that one evaluation takes: one, and more only for pipelines longer than anyone writes. */
  readonly cost: number
}

/** A function or value and its arguments. */
export interface CommandNode extends Placed {
  readonly type: 'command'
  readonly args: readonly [Argument, ...Argument[]]
}

/** `.a.b`. */
export interface FieldNode extends Placed {
  readonly type: 'field'
  readonly start: number
  readonly path: readonly string[]
}

/** `$x.a.b`. */
export interface VariableNode extends Placed {
  readonly type: 'variable'
  readonly start: number
  /** With its dollar sign. */
  readonly name: string
  readonly path: readonly string[]
}

/** `(pipeline).a.b`, or a function's name in that place. */
export interface ChainNode extends Placed {
  readonly type: 'chain'
  readonly start: number
  readonly head: PipeNode | IdentifierNode
  readonly path: readonly string[]
}

/** The name of a function. */
export interface IdentifierNode extends Placed {
  readonly type: 'identifier'
  readonly name: string
}

interface DotNode extends Placed {
  readonly type: 'dot'
}

interface NilNode extends Placed {
  readonly type: 'nil'
}

interface BoolNode extends Placed {
  readonly type: 'bool'
  readonly value: boolean
}

export interface NumberNode extends Placed {
  readonly type: 'number'
  readonly text: string
  readonly value: Constant
}

interface StringNode extends Placed {
  readonly type: 'string'
  /** As written, with its quotes. */
  readonly text: string
  readonly value: string
}

export type Literal = BoolNode | NumberNode | StringNode
export type Argument = FieldNode | VariableNode | ChainNode | IdentifierNode | PipeNode | DotNode | NilNode | Literal

export type Node = Statement | MarkNode | CommandNode | Argument

/** The source of a node, spaced as Go's parser writes it. Bodies of branches are never asked for and left out. */
export function nodeText(node: Node): string {
  switch (node.type) {
    case 'text':
      return node.text
    case 'action':
      return `{{${nodeText(node.pipe)}}}`
    case 'if':
    case 'with':
    case 'range':
      return `{{${node.type} ${nodeText(node.pipe)}}}`
    case 'template':
      return `{{template ${quote(node.name)}${node.pipe === undefined ? '' : ` ${nodeText(node.pipe)}`}}}`
    case 'break':
    case 'continue':
    case 'end':
    case 'else':
      return `{{${node.type}}}`
    case 'pipe':
      return declarationText(node) + node.commands.map(nodeText).join(' | ')
    case 'command':
      return node.args.map((arg) => (arg.type === 'pipe' ? `(${nodeText(arg)})` : nodeText(arg))).join(' ')
    case 'field':
      return pathText(node.path)
    case 'variable':
      return node.name + pathText(node.path)
    case 'chain':
      return (node.head.type === 'pipe' ? `(${nodeText(node.head)})` : node.head.name) + pathText(node.path)
    case 'identifier':
      return node.name
    case 'dot':
      return '.'
    case 'nil':
      return 'nil'
    case 'bool':
      return String(node.value)
    case 'number':
    case 'string':
    default:
      return node.text
  }
}

function declarationText(pipe: PipeNode): string {
  if (pipe.variables.length === 0) return ''
  return `${pipe.variables.map(nodeText).join(', ')} ${pipe.assigns ? '=' : ':='} `
}

function pathText(path: readonly string[]): string {
  return path.map((name) => `.${name}`).join('')
}
