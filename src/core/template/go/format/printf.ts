/**
 * The format language of printf: Go's (*pp).doPrintf.
 *
 *   %[flags][width][.precision]verb     width and precision: digits, or * for the next argument
 *   an argument index [n] may stand before a *, and before the verb
 *
 * Nothing in a format is an error: what is wrong with it shows in the text, as `%!d(MISSING)`, `%!(NOVERB)` and so on.
 */
import { integerOf, typeName } from '../operand.ts'
import type { Operand } from '../operand.ts'
import { type Pay, Printer } from './printer.ts'
import { isSurrogate } from './runes.ts'
import { Spec } from './spec.ts'

/** fmt.Sprintf. @throws {ConfigError} `template-limit` for a text longer than `lengthMax` */
export function sprintf(format: string, args: readonly Operand[], lengthMax: number, pay?: Pay): string {
  return new Formatter(format, args, new Printer(lengthMax, pay)).run()
}

/** A width or a precision beyond this is taken for a mistake. */
const SIZE_MAX = 1_000_000

class Formatter {
  readonly #format: string
  readonly #args: readonly Operand[]
  readonly #printer: Printer
  #at = 0
  #arg = 0
  /** Some directive had an argument index; surplus arguments are not reported then. */
  #reordered = false
  /** The index of the directive at hand names an argument, and stands where one may stand. */
  #goodIndex = true
  /** The item before was an index, so that digits after it make no sense: `%[3]2d`. */
  #afterIndex = false

  constructor(format: string, args: readonly Operand[], printer: Printer) {
    this.#format = format
    this.#args = args
    this.#printer = printer
  }

  run(): string {
    const format = this.#format
    while (this.#at < format.length) {
      const percent = format.indexOf('%', this.#at)
      const textEnd = percent < 0 ? format.length : percent
      if (textEnd > this.#at) this.#printer.write(format.slice(this.#at, textEnd))
      if (percent < 0) break
      this.#at = percent + 1
      this.#directive()
    }
    if (!this.#reordered && this.#arg < this.#args.length) this.#surplus()
    return this.#printer.text
  }

  #directive(): void {
    this.#goodIndex = true
    this.#afterIndex = false
    const spec = new Spec()
    this.#printer.spec = spec
    this.#flags(spec)
    this.#index()
    this.#width(spec)
    this.#precision(spec)
    if (!this.#afterIndex) this.#index()
    const rune = this.#format.codePointAt(this.#at)
    if (rune === undefined) return this.#printer.write('%!(NOVERB)')
    this.#at += rune > 0xffff ? 2 : 1
    this.#verb(isSurrogate(rune) ? '\ufffd' : String.fromCodePoint(rune), spec)
  }

  #flags(spec: Spec): void {
    for (; ; this.#at++) {
      switch (this.#format[this.#at]) {
        case '#':
          spec.sharp = true
          break
        case '0':
          spec.zero = !spec.minus // zeros are padded to the left only
          break
        case '+':
          spec.plus = true
          break
        case '-':
          spec.minus = true
          spec.zero = false
          break
        case ' ':
          spec.space = true
          break
        case undefined:
        default:
          return
      }
    }
  }

  #width(spec: Spec): void {
    if (this.#format[this.#at] !== '*') {
      spec.width = this.#digits()
      if (this.#afterIndex && spec.width !== undefined) this.#goodIndex = false
      return
    }
    this.#at += 1
    this.#afterIndex = false
    spec.width = this.#sizeFromArgument()
    if (spec.width === undefined) this.#printer.write('%!(BADWIDTH)')
    else if (spec.width < 0) {
      spec.width = -spec.width
      spec.minus = true
      spec.zero = false
    }
  }

  #precision(spec: Spec): void {
    if (this.#format[this.#at] !== '.') return
    this.#at += 1
    if (this.#afterIndex) this.#goodIndex = false
    this.#afterIndex = false
    this.#index()
    if (this.#format[this.#at] !== '*') {
      spec.precision = this.#digits() ?? 0
      return
    }
    this.#at += 1
    this.#afterIndex = false
    const precision = this.#sizeFromArgument()
    if (precision === undefined || precision < 0) this.#printer.write('%!(BADPREC)')
    else spec.precision = precision
  }

  /** A number of the format; undefined without digits. One that is too large swallows the rest of the format, as in Go. */
  #digits(): number | undefined {
    const from = this.#at
    let size = 0
    for (; isDigit(this.#format.charCodeAt(this.#at)); this.#at++) {
      if (size > SIZE_MAX) {
        this.#at = this.#format.length
        return undefined
      }
      size = size * 10 + this.#format.charCodeAt(this.#at) - 0x30
    }
    return this.#at > from ? size : undefined
  }

  /** The next argument as a size; undefined when it is no integer, is absent, or is too large. */
  #sizeFromArgument(): number | undefined {
    if (this.#arg >= this.#args.length) return undefined
    const size = integerOf(this.#args[this.#arg])
    this.#arg += 1
    return size === undefined || size > SIZE_MAX || size < -SIZE_MAX ? undefined : Number(size)
  }

  /** `[n]`, if one stands here: the next argument is the nth. */
  #index(): void {
    if (this.#format[this.#at] !== '[') {
      this.#afterIndex = false
      return
    }
    this.#reordered = true
    const close = this.#at + 2 < this.#format.length ? this.#format.indexOf(']', this.#at) : -1
    const digits = close < 0 ? '' : this.#format.slice(this.#at + 1, close)
    this.#at = close < 0 ? this.#at + 1 : close + 1
    // No number of arguments needs more than seven digits.
    const number = /^\d{1,99}$/.test(digits) ? Math.min(Number(digits), SIZE_MAX) : undefined
    this.#afterIndex = number !== undefined
    if (number !== undefined && number >= 1 && number <= this.#args.length) this.#arg = number - 1
    else this.#goodIndex = false
  }

  #verb(verb: string, spec: Spec): void {
    if (verb === '%') return this.#printer.write('%') // absorbs no argument, ignores width and precision
    if (!this.#goodIndex) return this.#printer.write(`%!${verb}(BADINDEX)`)
    if (this.#arg >= this.#args.length) return this.#printer.write(`%!${verb}(MISSING)`)
    if (verb === 'v') {
      spec.sharpV = spec.sharp
      spec.sharp = false
      spec.plusV = spec.plus
      spec.plus = false
    }
    this.#printer.print(this.#args[this.#arg], verb)
    this.#arg += 1
  }

  #surplus(): void {
    const printer = this.#printer
    printer.spec = new Spec()
    printer.write('%!(EXTRA ')
    for (const [at, arg] of this.#args.slice(this.#arg).entries()) {
      if (at > 0) printer.write(', ')
      if (arg !== null && arg !== undefined) printer.write(`${typeName(arg)}=`)
      printer.print(arg, 'v')
    }
    printer.write(')')
  }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}
