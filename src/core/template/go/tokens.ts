/**
 * The tokens of one template as its parser reads them: look ahead, put back, and complain about.
 *
 * Parsers nest (a `block` inside a template has its own) and read from one lexer; each has its own `Tokens`, for an error
 * names the line of the token that this parser read last.
 */
import { ConfigError } from '../../errors.ts'
import { parseFailure } from './failure.ts'
import { describe, Lexer } from './lex.ts'
import type { Token, TokenType } from './lex.ts'

/** Whatever limit is set, the stack holds no more levels than this. */
const NESTING_MAX = 250

/** What the parsers of one file share. */
export class SourceFile {
  readonly name: string
  readonly text: string
  readonly lexer: Lexer
  readonly #nestingMax: number
  /** Blocks and parentheses that are open. */
  #nesting = 0

  constructor(name: string, text: string, nestingMax: number) {
    this.name = name
    this.text = text
    this.lexer = new Lexer(text)
    this.#nestingMax = Math.min(nestingMax, NESTING_MAX)
  }

  /** Run a rule that nests in itself. @throws {ConfigError} `template-limit` at the last token of `tokens` */
  nested<T>(tokens: Tokens, rule: () => T): T {
    this.#nesting += 1
    if (this.#nesting > this.#nestingMax) {
      const { message, line, column } = tokens.failure(`nested deeper than ${this.#nestingMax} levels`)
      throw new ConfigError('template-limit', message, { line, column })
    }
    const result = rule()
    this.#nesting -= 1
    return result
  }
}

export class Tokens {
  /** The line of the action at hand, 0 between actions. */
  actionLine = 0
  readonly #file: SourceFile
  /** The token that the lexer gave last, and those put back. */
  #last: Token = { type: 'eof', text: '', pos: 0, line: 1 }
  readonly #putBack: Token[] = []

  constructor(file: SourceFile) {
    this.#file = file
  }

  next(): Token {
    const token = this.#putBack.pop()
    if (token !== undefined) return token
    this.#last = this.#file.lexer.next()
    return this.#last
  }

  /** Put a token back; of several, the last one read first. */
  backup(token: Token): void {
    this.#putBack.push(token)
  }

  peek(): Token {
    const token = this.next()
    this.backup(token)
    return token
  }

  nextNonSpace(): Token {
    let token = this.next()
    while (token.type === 'space') token = this.next()
    return token
  }

  peekNonSpace(): Token {
    const token = this.nextNonSpace()
    this.backup(token)
    return token
  }

  /** The next token, which must be one of these. */
  expect(context: string, ...types: readonly TokenType[]): Token {
    const token = this.nextNonSpace()
    if (!types.includes(token.type)) throw this.unexpected(token, context)
    return token
  }

  /** The error of the lexer, or that this token may not stand here. */
  unexpected(token: Token, context: string): ConfigError {
    if (token.type !== 'error') return this.failure(`unexpected ${describe(token)} in ${context}`)
    if (this.actionLine === 0 || this.actionLine === token.line) return this.failure(token.text)
    const where = ` started at ${this.#file.name}:${this.actionLine}`
    return this.failure(token.text + (token.text.endsWith(' action') ? where : ` in action${where}`))
  }

  /** `template: name:3: message`, at the token read last. */
  failure(message: string): ConfigError {
    return parseFailure(this.#file.name, this.#file.text, this.#last, message)
  }
}
