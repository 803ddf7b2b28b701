/**
 * What stands between the delimiters, control words apart: pipelines of commands of operands.
 *
 *   pipeline = [ $x [ , $y ] ( := | = ) ] command { | command }
 *   command  = operand { space operand }
 *   operand  = term { .field }
 *   term     = literal | function | . | .field | $x | ( pipeline )
 */
import { nodeText } from './ast.ts'
import type { Argument, CommandNode, IdentifierNode, NumberNode, PipeNode, VariableNode } from './ast.ts'
import { ConstantError, parseCharacter, parseComplex, parseNumber } from './constant.ts'
import { quote } from './format/quote.ts'
import { isFunction } from './funcs.ts'
import type { Token, TokenType } from './lex.ts'
import type { SourceFile, Tokens } from './tokens.ts'
import { unquote } from './unquote.ts'

export class PipelineParser {
  /** Those declared up to here; whoever parses blocks takes them out of scope. */
  readonly variables = new Declared()
  readonly #file: SourceFile
  readonly #tokens: Tokens

  constructor(file: SourceFile, tokens: Tokens) {
    this.#file = file
    this.#tokens = tokens
  }

  /** A pipeline up to `end`, which is read too. @param context - the word that an error names */
  pipeline(context: string, end: 'right-delimiter' | 'right-paren'): PipeNode {
    const { pos } = this.#tokens.peekNonSpace()
    const { variables, assigns } = this.#declarations(context)
    const commands: CommandNode[] = []
    for (;;) {
      const token = this.#tokens.nextNonSpace()
      if (token.type === end) break
      if (!STARTS_OPERAND.has(token.type)) throw this.#tokens.unexpected(token, context)
      this.#tokens.backup(token)
      commands.push(this.#command())
    }
    if (commands.length === 0) throw this.#tokens.failure(`missing value for ${context}`)
    for (const [at, command] of commands.entries()) {
      if (at > 0 && NOT_EXECUTABLE.has(command.args[0].type)) {
        throw this.#tokens.failure(`non executable command in pipeline stage ${at + 1}`)
      }
    }
    return { type: 'pipe', pos, variables, assigns, commands, cost: costOf(commands) }
  }

  /** `$x :=`, `$x =` and in a range `$x, $y :=`. That a variable is one only shows at what follows it. */
  #declarations(context: string): { variables: VariableNode[]; assigns: boolean } {
    const variables: VariableNode[] = []
    for (;;) {
      if (this.#tokens.peekNonSpace().type !== 'variable') return { variables, assigns: false }
      const token = this.#tokens.nextNonSpace()
      const after = this.#tokens.next()
      const next = after.type === 'space' ? this.#tokens.next() : after
      const comma = next.type === 'char' && next.text === ','
      if (next.type !== 'assign' && next.type !== 'declare' && !comma) {
        this.#tokens.backup(next)
        if (after !== next) this.#tokens.backup(after)
        this.#tokens.backup(token)
        return { variables, assigns: false }
      }
      variables.push(variableNode(token.pos, token.text))
      this.variables.push(token.text)
      if (!comma) return { variables, assigns: next.type === 'assign' }
      if (context !== 'range' || variables.length > 1) throw this.#tokens.failure(`too many declarations in ${context}`)
      if (!AFTER_COMMA.has(this.#tokens.peekNonSpace().type))
        throw this.#tokens.failure('range can only initialize variables')
    }
  }

  #command(): CommandNode {
    const args: Argument[] = []
    const { pos } = this.#tokens.peekNonSpace()
    for (;;) {
      const operand = this.#operand()
      if (operand !== undefined) args.push(operand)
      const token = this.#tokens.next()
      if (token.type === 'space') continue
      if (token.type === 'right-delimiter' || token.type === 'right-paren') this.#tokens.backup(token)
      else if (token.type !== 'pipe') throw this.#tokens.unexpected(token, 'operand')
      break
    }
    const [first, ...rest] = args
    if (first === undefined) throw this.#tokens.failure('empty command')
    return { type: 'command', pos, args: [first, ...rest] }
  }

  #operand(): Argument | undefined {
    const start = this.#tokens.peekNonSpace().pos
    const term = this.#term()
    if (term === undefined || this.#tokens.peek().type !== 'field') return term
    const { pos } = this.#tokens.peek()
    const path: string[] = []
    while (this.#tokens.peek().type === 'field') path.push(this.#tokens.next().text.slice(1))
    if (term.type === 'field') return { ...term, pos, path: [...term.path, ...path] }
    if (term.type === 'variable') return { ...term, pos, path }
    if (term.type === 'pipe' || term.type === 'identifier') return { type: 'chain', pos, start, head: term, path }
    throw this.#tokens.failure(`unexpected . after term ${quote(nodeText(term))}`)
  }

  /** Undefined when the next token starts no term; it is left there. */
  #term(): Argument | undefined {
    const token = this.#tokens.nextNonSpace()
    const { type, pos, text } = token
    if (type === 'field') return { type, pos, start: pos, path: [text.slice(1)] }
    if (type === 'variable') return this.#variable(token)
    if (type === 'identifier') return this.#identifier(token)
    if (type === 'string' || type === 'raw-string') return { type: 'string', pos, text, value: this.unquoted(token) }
    if (type === 'number' || type === 'character' || type === 'complex') return this.#number(token)
    if (type === 'bool') return { type, pos, value: text === 'true' }
    if (type === 'dot' || type === 'nil') return { type, pos }
    if (type === 'left-paren')
      return this.#file.nested(this.#tokens, () => this.pipeline('parenthesized pipeline', 'right-paren'))
    this.#tokens.backup(token)
    return undefined
  }

  #variable({ pos, text }: Token): VariableNode {
    if (!this.variables.has(text)) throw this.#tokens.failure(`undefined variable ${quote(text)}`)
    return variableNode(pos, text)
  }

  #identifier({ pos, text }: Token): IdentifierNode {
    if (!isFunction(text)) throw this.#tokens.failure(`function ${quote(text)} not defined`)
    return { type: 'identifier', pos, name: text }
  }

  #number({ type, pos, text }: Token): NumberNode {
    const read = type === 'character' ? parseCharacter : type === 'complex' ? parseComplex : parseNumber
    try {
      return { type: 'number', pos, text, value: read(text) }
    } catch (error) {
      if (!(error instanceof ConstantError)) throw error
      throw this.#tokens.failure(error.message)
    }
  }

  /** The value of a string literal. */
  unquoted(token: Token): string {
    const text = unquote(token.text)
    if (text === undefined) throw this.#tokens.failure('invalid syntax')
    return text
  }
}

/** The variables in scope, `$` among them. A name that is declared again hides the one before. */
class Declared {
  readonly #names: string[] = []
  readonly #counts = new Map<string, number>()

  constructor() {
    this.push('$')
  }

  get size(): number {
    return this.#names.length
  }

  has(name: string): boolean {
    return (this.#counts.get(name) ?? 0) > 0
  }

  push(name: string): void {
    this.#names.push(name)
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  truncate(size: number): void {
    for (const name of this.#names.splice(size)) this.#counts.set(name, this.#counts.get(name)! - 1)
  }
}

const STARTS_OPERAND: ReadonlySet<TokenType> = new Set<TokenType>([
  'bool',
  'character',
  'complex',
  'dot',
  'field',
  'identifier',
  'left-paren',
  'nil',
  'number',
  'raw-string',
  'string',
  'variable',
])

/** Only the first command of a pipeline may be one of these: they take no argument. */
const NOT_EXECUTABLE: ReadonlySet<string> = new Set(['bool', 'dot', 'nil', 'number', 'string'])

/** What may follow `$i,` in a range. */
const AFTER_COMMA: ReadonlySet<TokenType> = new Set<TokenType>(['variable', 'right-delimiter', 'right-paren'])

function variableNode(pos: number, name: string): VariableNode {
  return { type: 'variable', pos, start: pos, name, path: [] }
}

function costOf(commands: readonly CommandNode[]): number {
  let terms = 0
  for (const { args } of commands) {
    for (const arg of args) {
      const hasPath = arg.type === 'field' || arg.type === 'variable' || arg.type === 'chain'
      terms += hasPath ? 1 + arg.path.length : 1
    }
  }
  return 1 + Math.floor(terms / 16)
}
