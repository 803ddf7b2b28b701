/**
 * Text to tokens: text/template/parse/lex.go.
 *
 *   text --"{{"--> inside an action: fields, literals, names, spaces ... --"}}"--> text
 *
 * Comments vanish here and so does the white space that `{{- ` and ` -}}` trim; the parser sees neither. White space
 * between the words of an action is a token, because `.a.b` and `.a .b` differ. The first error ends the tokens.
 */
import { byteLength } from '../../utf8.ts'
import { quote } from './format/quote.ts'
import { isAlphaNumeric, isPrint, isSurrogate, RUNE_ERROR, truncateRunes } from './format/runes.ts'

const KEYWORDS = [
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'nil',
  'range',
  'template',
  'with',
] as const

type Keyword = (typeof KEYWORDS)[number]

const KEYWORD_SET: ReadonlySet<string> = new Set(KEYWORDS)

function isKeyword(word: string): word is Keyword {
  return KEYWORD_SET.has(word)
}

export type TokenType =
  | Keyword
  | 'assign' // =
  | 'bool'
  | 'char' // a printable ASCII character that means nothing special, such as the comma
  | 'character' // 'a'
  | 'complex' // 1+2i
  | 'declare' // :=
  | 'dot'
  | 'eof'
  | 'error' // the text is the message
  | 'field' // .name
  | 'identifier'
  | 'left-delimiter'
  | 'left-paren'
  | 'number'
  | 'pipe'
  | 'raw-string'
  | 'right-delimiter'
  | 'right-paren'
  | 'space'
  | 'string'
  | 'text'
  | 'variable' // $name

export interface Token {
  readonly type: TokenType
  readonly text: string
  /** Where it starts, in UTF-16 units from 0; for an error the place to look at. */
  readonly pos: number
  /** The line on which it starts, from 1. */
  readonly line: number
}

/** A token as an error message names it. */
export function describe(token: Token): string {
  if (token.type === 'eof') return 'EOF'
  if (token.type === 'error') return token.text
  if (token.type === 'dot' || isKeyword(token.type)) return `<${token.text}>`
  return byteLength(token.text) > 10 ? `${quote(truncateRunes(token.text, 10))}...` : quote(token.text)
}

const SPACES = ' \t\r\n'
const NO_RUNE = -1

export class Lexer {
  readonly #source: string
  #pos = 0
  /** Where the token at hand starts, and the line of that. */
  #start = 0
  #line = 1
  /** The next line break, not yet passed. */
  #newline: number
  #inAction = false
  #parens = 0
  #failure: Token | undefined

  constructor(source: string) {
    this.#source = source
    this.#newline = source.indexOf('\n')
  }

  next(): Token {
    if (this.#failure !== undefined) return this.#failure
    return this.#inAction ? this.#action() : this.#text()
  }

  #emit(type: TokenType): Token {
    const token = { type, text: this.#source.slice(this.#start, this.#pos), pos: this.#start, line: this.#line }
    this.#skip()
    return token
  }

  /** Drop what was scanned since the last token. */
  #skip(): void {
    while (this.#newline >= 0 && this.#newline < this.#pos) {
      this.#line += 1
      this.#newline = this.#source.indexOf('\n', this.#newline + 1)
    }
    this.#start = this.#pos
  }

  #error(message: string, pos = this.#start): Token {
    this.#failure = { type: 'error', text: message, pos, line: this.#line }
    return this.#failure
  }

  /** Text up to the next action, comments left out; then the delimiter, or the end. */
  #text(): Token {
    const source = this.#source
    for (;;) {
      const open = source.indexOf('{{', this.#pos)
      if (open !== this.#pos) {
        const end = open < 0 ? source.length : open
        this.#pos = open >= 0 && this.#trimsLeft(open + 2) ? this.#trimmedEnd(end) : end
        const text = this.#pos > this.#start ? this.#emit('text') : undefined
        this.#pos = end
        this.#skip()
        if (text !== undefined) return text
        if (open < 0) return this.#emit('eof')
      }
      const afterMarker = open + 2 + (this.#trimsLeft(open + 2) ? 2 : 0)
      if (!source.startsWith('/*', afterMarker)) return this.#leftDelimiter(afterMarker)
      const failure = this.#comment(afterMarker)
      if (failure !== undefined) return failure
    }
  }

  #leftDelimiter(afterMarker: number): Token {
    this.#pos += 2
    const token = this.#emit('left-delimiter')
    this.#pos = afterMarker
    this.#skip()
    this.#inAction = true
    this.#parens = 0
    return token
  }

  /** Pass over a comment that starts at `at`, the delimiters around it included. */
  #comment(at: number): Token | undefined {
    this.#pos = at
    this.#skip()
    const close = this.#source.indexOf('*/', at + 2)
    if (close < 0) return this.#error('unclosed comment')
    this.#pos = close + 2
    const trims = this.#trimsRight(this.#pos)
    if (!trims && !this.#source.startsWith('}}', this.#pos))
      return this.#error('comment ends before closing delimiter', this.#pos)
    this.#pos += trims ? 4 : 2
    if (trims) this.#acceptRun(SPACES)
    this.#skip()
    return undefined
  }

  #rightDelimiter(trims: boolean): Token {
    if (trims) {
      this.#pos += 2
      this.#skip()
    }
    this.#pos += 2
    const token = this.#emit('right-delimiter')
    if (trims) this.#acceptRun(SPACES)
    this.#skip()
    this.#inAction = false
    return token
  }

  /** One token inside an action. */
  #action(): Token {
    const trims = this.#trimsRight(this.#pos)
    if (trims || this.#source.startsWith('}}', this.#pos)) {
      return this.#parens === 0 ? this.#rightDelimiter(trims) : this.#error('unclosed left paren')
    }
    const rune = this.#take()
    switch (rune) {
      case NO_RUNE:
        return this.#error('unclosed action')
      case 0x20:
      case 0x09:
      case 0x0d:
      case 0x0a:
        return this.#space()
      case 0x3d: // =
        return this.#emit('assign')
      case 0x3a: // :
        return this.#accept('=') ? this.#emit('declare') : this.#error('expected :=')
      case 0x7c: // |
        return this.#emit('pipe')
      case 0x22: // "
        return this.#quoted('"', 'string', 'unterminated quoted string')
      case 0x27: // '
        return this.#quoted("'", 'character', 'unterminated character constant')
      case 0x60: // `
        return this.#rawString()
      case 0x24: // $
        return this.#name('variable', 'variable')
      case 0x2e: // .
        return this.#isDigitNext() ? this.#number() : this.#name('field', 'dot')
      case 0x28: // (
        this.#parens += 1
        return this.#emit('left-paren')
      case 0x29: // ) without its partner is the parser's business
        this.#parens -= 1
        return this.#emit('right-paren')
      default:
        return this.#word(rune)
    }
  }

  #word(rune: number): Token {
    if (rune === 0x2b || rune === 0x2d || (rune >= 0x30 && rune <= 0x39)) return this.#number()
    if (isAlphaNumeric(rune)) return this.#identifier()
    if (rune < 0x7f && isPrint(rune)) return this.#emit('char')
    return this.#error(`unrecognized character in action: ${unicodeName(rune)}`)
  }

  /** A run of spaces. When the last of them belongs to ` -}}`, it is left to that. */
  #space(): Token {
    this.#acceptRun(SPACES)
    if (!this.#trimsRight(this.#pos - 1)) return this.#emit('space')
    this.#pos -= 1
    return this.#pos === this.#start ? this.#rightDelimiter(true) : this.#emit('space')
  }

  #identifier(): Token {
    this.#acceptAlphaNumeric()
    const word = this.#source.slice(this.#start, this.#pos)
    if (!this.#atTerminator()) return this.#badCharacter()
    if (isKeyword(word)) return this.#emit(word)
    return this.#emit(word === 'true' || word === 'false' ? 'bool' : 'identifier')
  }

  /** What follows a `.` or a `$`; `bare` is the type of the mark alone. */
  #name(type: 'field' | 'variable', bare: 'dot' | 'variable'): Token {
    if (this.#atTerminator()) return this.#emit(bare)
    // "." at the very end of the source is scanned as a number, which then is none.
    this.#acceptAlphaNumeric()
    return this.#atTerminator() ? this.#emit(type) : this.#badCharacter()
  }

  #badCharacter(): Token {
    return this.#error(`bad character ${unicodeName(this.#peek())}`, this.#pos)
  }

  /** A quoted literal on one line. Whether its escapes mean something is the parser's business. */
  #quoted(mark: '"' | "'", type: 'string' | 'character', unterminated: string): Token {
    for (;;) {
      const rune = this.#take()
      if (rune === mark.charCodeAt(0)) return this.#emit(type)
      const last = rune === 0x5c ? this.#take() : rune
      if (last === NO_RUNE || last === 0x0a) return this.#error(unterminated)
    }
  }

  #rawString(): Token {
    const close = this.#source.indexOf('`', this.#pos)
    if (close < 0) return this.#error('unterminated raw quoted string')
    this.#pos = close + 1
    return this.#emit('raw-string')
  }

  /** Roughly a number: `0x0.2` and `089` pass, and the parser refuses them. */
  #number(): Token {
    this.#pos = this.#start
    if (!this.#scanNumber()) return this.#badNumber()
    const sign = this.#peek()
    if (sign !== 0x2b && sign !== 0x2d) return this.#emit('number')
    return this.#scanNumber() && this.#source[this.#pos - 1] === 'i' ? this.#emit('complex') : this.#badNumber()
  }

  #badNumber(): Token {
    return this.#error(`bad number syntax: ${quote(this.#source.slice(this.#start, this.#pos))}`)
  }

  #scanNumber(): boolean {
    this.#accept('+-')
    let digits = '0123456789_'
    if (this.#accept('0')) {
      if (this.#accept('xX')) digits = '0123456789abcdefABCDEF_'
      else if (this.#accept('oO')) digits = '01234567_'
      else if (this.#accept('bB')) digits = '01_'
    }
    this.#acceptRun(digits)
    if (this.#accept('.')) this.#acceptRun(digits)
    const exponent = digits.length === 11 ? 'eE' : digits.length === 23 ? 'pP' : ''
    if (this.#accept(exponent)) {
      this.#accept('+-')
      this.#acceptRun('0123456789_')
    }
    this.#accept('i')
    if (!isAlphaNumeric(this.#peek())) return true
    this.#take() // into the message
    return false
  }

  /** Whether what comes next may follow a name: `$x+2` may not, in case arithmetic ever comes. */
  #atTerminator(): boolean {
    const char = this.#source[this.#pos]
    return char === undefined || ' \t\r\n.,|:()'.includes(char) || this.#source.startsWith('}}', this.#pos)
  }

  #isDigitNext(): boolean {
    const char = this.#source[this.#pos]
    return char === undefined || (char >= '0' && char <= '9')
  }

  #peek(): number {
    const rune = this.#source.codePointAt(this.#pos)
    if (rune === undefined) return NO_RUNE
    return isSurrogate(rune) ? RUNE_ERROR : rune
  }

  #take(): number {
    const rune = this.#peek()
    if (rune !== NO_RUNE) this.#pos += rune > 0xffff ? 2 : 1
    return rune
  }

  #accept(chars: string): boolean {
    const char = this.#source[this.#pos]
    if (char === undefined || !chars.includes(char)) return false
    this.#pos += 1
    return true
  }

  #acceptRun(chars: string): void {
    while (this.#accept(chars));
  }

  #acceptAlphaNumeric(): void {
    while (isAlphaNumeric(this.#peek())) this.#take()
  }

  /** `- ` after an opening delimiter. */
  #trimsLeft(at: number): boolean {
    return this.#source[at] === '-' && isSpace(this.#source[at + 1])
  }

  /** ` -}}`. */
  #trimsRight(at: number): boolean {
    return isSpace(this.#source[at]) && this.#source.startsWith('-}}', at + 1)
  }

  #trimmedEnd(end: number): number {
    let at = end
    while (at > this.#start && isSpace(this.#source[at - 1])) at -= 1
    return at
  }
}

function isSpace(char: string | undefined): boolean {
  return char !== undefined && SPACES.includes(char)
}

/** `U+0078 'x'`, as `%#U`. */
function unicodeName(rune: number): string {
  const code = `U+${rune.toString(16).toUpperCase().padStart(4, '0')}`
  return isPrint(rune) ? `${code} '${String.fromCodePoint(rune)}'` : code
}
