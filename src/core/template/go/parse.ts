/**
 * Tokens to trees: text/template/parse/parse.go. One file gives a set of templates, the file itself and what it defines.
 *
 *   file   = { define | text | action }
 *   list   = { text | action }              until {{end}} or {{else}}
 *   action = control | pipeline             see pipeline.ts
 *
 * Functions and variables must be known here already. Nesting has a limit, for each level is some calls deep here and
 * when it is executed.
 */
import type { TemplateLimits } from '../template.ts'
import { nodeText } from './ast.ts'
import type { ActionNode, BranchNode, ListNode, LoopControlNode, MarkNode, Statement, TemplateNode } from './ast.ts'
import { quote } from './format/quote.ts'
import type { Token } from './lex.ts'
import { PipelineParser } from './pipeline.ts'
import { SourceFile, Tokens } from './tokens.ts'

/** The templates of a file by name. The file's own template has the file's name. */
export type Templates = ReadonlyMap<string, ListNode>

/** @throws {ConfigError} `template-parse`, or `template-limit` when nested too deeply */
export function parse(name: string, source: string, limits: TemplateLimits): Templates {
  const templates = new Map<string, ListNode>()
  new TemplateParser(new SourceFile(name, source, limits.depthMax), templates).file()
  return templates
}

/** Parses one template; a `define` or a `block` inside it gets a parser of its own, with its own variables. */
class TemplateParser {
  readonly #file: SourceFile
  readonly #templates: Map<string, ListNode>
  readonly #tokens: Tokens
  readonly #pipelines: PipelineParser
  #loops = 0

  constructor(file: SourceFile, templates: Map<string, ListNode>) {
    this.#file = file
    this.#templates = templates
    this.#tokens = new Tokens(file)
    this.#pipelines = new PipelineParser(file, this.#tokens)
  }

  file(): void {
    const nodes: Statement[] = []
    while (this.#tokens.peek().type !== 'eof') {
      if (this.#tokens.peek().type === 'left-delimiter') {
        const delimiter = this.#tokens.next()
        const word = this.#tokens.nextNonSpace()
        if (word.type === 'define') {
          new TemplateParser(this.#file, this.#templates).#definition()
          continue
        }
        this.#tokens.backup(word)
        this.#tokens.backup(delimiter)
      }
      const node = this.#textOrAction()
      if (isMark(node)) throw this.#tokens.failure(`unexpected ${nodeText(node)}`)
      nodes.push(node)
    }
    this.#add(this.#file.name, nodes)
  }

  /** `{{define "name"}} list {{end}}`; the keyword is past. */
  #definition(): void {
    const context = 'define clause'
    const name = this.#pipelines.unquoted(this.#tokens.expect(context, 'string', 'raw-string'))
    this.#tokens.expect(context, 'right-delimiter')
    const [nodes, end] = this.#file.nested(this.#tokens, () => this.#list())
    if (end.type !== 'end') throw this.#tokens.failure(`unexpected ${nodeText(end)} in ${context}`)
    this.#add(name, nodes)
  }

  /** Of two templates with one name, an empty one gives way. */
  #add(name: string, nodes: ListNode): void {
    const known = this.#templates.get(name)
    if (known === undefined || isEmpty(known)) this.#templates.set(name, nodes)
    else if (!isEmpty(nodes)) throw this.#tokens.failure(`template: multiple definition of template ${quote(name)}`)
  }

  #list(): [ListNode, MarkNode] {
    const nodes: Statement[] = []
    while (this.#tokens.peekNonSpace().type !== 'eof') {
      const node = this.#textOrAction()
      if (isMark(node)) return [nodes, node]
      nodes.push(node)
    }
    throw this.#tokens.failure('unexpected EOF')
  }

  #textOrAction(): Statement | MarkNode {
    const token = this.#tokens.nextNonSpace()
    if (token.type === 'text') return { type: 'text', pos: token.pos, text: token.text }
    if (token.type !== 'left-delimiter') throw this.#tokens.unexpected(token, 'input')
    this.#tokens.actionLine = token.line
    const node = this.#action()
    this.#tokens.actionLine = 0
    return node
  }

  // Actions; the first word is past

  #action(): Statement | MarkNode {
    const token = this.#tokens.nextNonSpace()
    const { type } = token
    if (type === 'if' || type === 'with' || type === 'range') return this.#branch(type)
    if (type === 'end') return { type, pos: this.#tokens.expect('end', 'right-delimiter').pos }
    if (type === 'else') return this.#else()
    if (type === 'template') return this.#template()
    if (type === 'block') return this.#block()
    if (type === 'break' || type === 'continue') return this.#loopControl(token, type)
    return this.#pipelineAction(token)
  }

  #pipelineAction(first: Token): ActionNode {
    this.#tokens.backup(first)
    // Its variables live on until the list ends.
    return { type: 'action', pos: first.pos, pipe: this.#pipelines.pipeline('command', 'right-delimiter') }
  }

  #loopControl(token: Token, type: 'break' | 'continue'): LoopControlNode {
    this.#tokens.expect(`{{${type}}}`, 'right-delimiter')
    if (this.#loops === 0) throw this.#tokens.failure(`{{${type}}} outside {{range}}`)
    return { type, pos: token.pos }
  }

  #branch(type: BranchNode['type']): BranchNode {
    return this.#file.nested(this.#tokens, () => {
      const outer = this.#pipelines.variables.size
      const pipe = this.#pipelines.pipeline(type, 'right-delimiter')
      if (type === 'range') this.#loops += 1
      const [list, next] = this.#list()
      if (type === 'range') this.#loops -= 1
      const elseList = next.type === 'else' ? this.#elseList(type) : undefined
      this.#pipelines.variables.truncate(outer)
      return { type, pos: pipe.pos, pipe, list, elseList }
    })
  }

  /** `{{else if x}}` is read as `{{else}}{{if x}}`, and one `{{end}}` closes both. */
  #elseList(type: BranchNode['type']): ListNode {
    if (type === 'if' && this.#tokens.peek().type === 'if') {
      this.#tokens.next()
      return [this.#branch('if')]
    }
    const [list, end] = this.#list()
    if (end.type !== 'end') throw this.#tokens.failure(`expected end; found ${nodeText(end)}`)
    return list
  }

  #else(): MarkNode {
    const next = this.#tokens.peekNonSpace()
    if (next.type === 'if') return { type: 'else', pos: next.pos }
    return { type: 'else', pos: this.#tokens.expect('else', 'right-delimiter').pos }
  }

  #block(): TemplateNode {
    const context = 'block clause'
    const token = this.#tokens.nextNonSpace()
    const name = this.#templateName(token, context)
    const pipe = this.#pipelines.pipeline(context, 'right-delimiter')
    const body = new TemplateParser(this.#file, this.#templates)
    const [nodes, end] = this.#file.nested(this.#tokens, () => body.#list())
    if (end.type !== 'end') throw this.#tokens.failure(`unexpected ${nodeText(end)} in ${context}`)
    body.#add(name, nodes)
    return { type: 'template', pos: token.pos, name, pipe }
  }

  #template(): TemplateNode {
    const context = 'template clause'
    const token = this.#tokens.nextNonSpace()
    const name = this.#templateName(token, context)
    const next = this.#tokens.nextNonSpace()
    if (next.type === 'right-delimiter') return { type: 'template', pos: token.pos, name, pipe: undefined }
    this.#tokens.backup(next)
    return { type: 'template', pos: token.pos, name, pipe: this.#pipelines.pipeline(context, 'right-delimiter') }
  }

  #templateName(token: Token, context: string): string {
    if (token.type !== 'string' && token.type !== 'raw-string') throw this.#tokens.unexpected(token, context)
    return this.#pipelines.unquoted(token)
  }
}

function isMark(node: Statement | MarkNode): node is MarkNode {
  return node.type === 'end' || node.type === 'else'
}

/** Unicode's White_Space, which is not quite JavaScript's `\s`. */
const BLANK = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$/

function isEmpty(nodes: ListNode): boolean {
  return nodes.every((node) => node.type === 'text' && BLANK.test(node.text))
}
