/**
 * One value under one verb: Go's fmt/print.go.
 *
 * A printer collects text up to a limit, so that `%999999d` of a list, or a list of lists of lists, cannot make more
 * than that. A verb that does not fit the value is no error but text: `%!d(string=x)`.
 */
import { ConfigError } from '../../../errors.ts'
import { Uint64, ValueMap } from '../../../value.ts'
import { Byte, Complex, isList, typeName } from '../operand.ts'
import type { Operand } from '../operand.ts'
import { costOfDigits } from './float.ts'
import type { FloatVerb } from './float.ts'
import { formatChar, formatComplex, formatFloating, formatInteger, formatQuotedChar, formatUnicode } from './number.ts'
import { pad, Spec } from './spec.ts'
import { formatHex, formatQuoted, formatText } from './text.ts'

/** Lists in lists and maps in maps; no data of people is that deep, and the stack has to hold it. */
const DEPTH_MAX = 250

/** Told what costs more than its text is long, in characters of work. */
export type Pay = (work: number) => void

export class Printer {
  text = ''
  /** Flags, width and precision of the directive at hand. */
  spec = new Spec()
  readonly #lengthMax: number
  readonly #pay: Pay
  #left: number
  #depth = 0

  /** @param lengthMax - of the text, in UTF-16 units */
  constructor(lengthMax: number, pay: Pay = () => {}) {
    this.#lengthMax = lengthMax
    this.#pay = pay
    this.#left = lengthMax
  }

  /** @throws {ConfigError} `template-limit` without a position */
  write(text: string): void {
    this.#require(text.length)
    this.#left -= text.length
    this.text += text
  }

  /** Fails when there is no room for a text of this length, before it is made. */
  #require(length: number): void {
    if (length > this.#left) throw new ConfigError('template-limit', `text longer than ${this.#lengthMax} characters`)
  }

  /** A value that stands by itself: an argument of printf, or what an action prints. */
  print(value: Operand, verb: string): void {
    if (value === null || value === undefined) {
      if (verb === 'v' || verb === 'T') this.write(pad('<nil>', this.spec))
      else this.#badVerb(value, verb)
    } else if (verb === 'T') this.write(formatText(typeName(value), this.spec))
    else if ((verb === 'w' || verb === 'p') && (isList(value) || value instanceof ValueMap)) {
      // Go prints an address for %p, which is different every time; here there is none to print.
      this.#badVerb(value, verb)
    } else this.#value(value, verb)
  }

  /** A value inside a list or a map. */
  #element(value: Operand, verb: string): void {
    if (value === null || value === undefined) this.write(this.spec.sharpV ? 'interface {}(nil)' : '<nil>')
    else this.#value(value, verb)
  }

  #value(value: Exclude<Operand, null | undefined>, verb: string): void {
    if (typeof value === 'string') this.#string(value, verb)
    else if (typeof value === 'bigint') this.#integer(value, verb, value)
    else if (typeof value === 'number') this.#float(value, verb)
    else if (typeof value === 'boolean') {
      if (verb === 'v' || verb === 't') this.write(pad(String(value), this.spec))
      else this.#badVerb(value, verb)
    } else if (value instanceof Uint64) this.#unsigned(value.value, verb, value)
    else if (value instanceof Byte) this.#unsigned(BigInt(value.value), verb, value)
    else if (value instanceof Complex) this.#complex(value, verb)
    else this.#nested(value, verb)
  }

  #string(value: string, verb: string): void {
    const { spec } = this
    const length = Math.min(value.length, spec.precision ?? value.length)
    this.#require(verb === 'x' || verb === 'X' ? 2 * length : length)
    if (verb === 's' || (verb === 'v' && !spec.sharpV)) this.write(formatText(value, spec))
    else if (verb === 'q' || verb === 'v') this.write(formatQuoted(value, spec))
    else if (verb === 'x' || verb === 'X') this.write(formatHex(value, spec, verb === 'X'))
    else this.#badVerb(value, verb)
  }

  #unsigned(value: bigint, verb: string, operand: Operand): void {
    if (verb !== 'v' || !this.spec.sharpV) return this.#integer(value, verb, operand)
    const { sharp } = this.spec
    this.spec.sharp = true
    this.write(formatInteger(value, 16, this.spec))
    this.spec.sharp = sharp
  }

  #integer(value: bigint, verb: string, operand: Operand): void {
    const { spec } = this
    switch (verb) {
      case 'v':
      case 'd':
        return this.write(formatInteger(value, 10, spec))
      case 'b':
        return this.write(formatInteger(value, 2, spec))
      case 'o':
        return this.write(formatInteger(value, 8, spec))
      case 'O':
        return this.write(formatInteger(value, 8, spec, 'O'))
      case 'x':
        return this.write(formatInteger(value, 16, spec))
      case 'X':
        return this.write(formatInteger(value, 16, spec, 'X'))
      case 'c':
        return this.write(formatChar(value, spec))
      case 'q':
        return this.write(formatQuotedChar(value, spec))
      case 'U':
        return this.write(formatUnicode(value, spec))
      default:
        this.#badVerb(operand, verb)
    }
  }

  #float(value: number, verb: string): void {
    const format = FLOAT_VERBS.get(verb)
    if (format === undefined) return this.#badVerb(value, verb)
    this.#payDigits(value, format.precision)
    this.write(formatFloating(value, format.verb, format.precision, this.spec))
  }

  #complex(value: Complex, verb: string): void {
    const format = FLOAT_VERBS.get(verb)
    if (format === undefined) return this.#badVerb(value, verb)
    this.#payDigits(value.real, format.precision)
    this.#payDigits(value.imaginary, format.precision)
    this.write(formatComplex(value.real, value.imaginary, format.verb, format.precision, this.spec))
  }

  #payDigits(value: number, precision: number): void {
    if ((this.spec.precision ?? precision) >= 0) this.#pay(costOfDigits(value))
  }

  #nested(value: Extract<Operand, ValueMap | readonly unknown[]>, verb: string): void {
    this.#depth += 1
    if (this.#depth > DEPTH_MAX) throw new ConfigError('template-limit', `value nested deeper than ${DEPTH_MAX} levels`)
    const { sharpV } = this.spec
    const separator = sharpV ? ', ' : ' '
    if (isList(value)) {
      this.write(sharpV ? `${typeName(value)}{` : '[')
      for (const [at, element] of value.entries()) {
        if (at > 0) this.write(separator)
        this.#element(element, verb)
      }
      this.write(sharpV ? '}' : ']')
    } else {
      this.write(sharpV ? `${typeName(value)}{` : 'map[')
      for (const [at, key] of value.keys.entries()) {
        if (at > 0) this.write(separator)
        this.#element(key, verb)
        this.write(':')
        this.#element(value.values[at], verb)
      }
      this.write(sharpV ? '}' : ']')
    }
    this.#depth -= 1
  }

  /** `%!verb(type=value)`, the value as `%v` shows it under the same flags. */
  #badVerb(value: Operand, verb: string): void {
    if (value === null || value === undefined) return this.write(`%!${verb}(<nil>)`)
    this.write(`%!${verb}(${typeName(value)}=`)
    this.#value(value, 'v')
    this.write(')')
  }
}

const FLOAT_VERBS = new Map<string, { verb: FloatVerb; precision: number }>([
  ['v', { verb: 'g', precision: -1 }],
  ['g', { verb: 'g', precision: -1 }],
  ['G', { verb: 'G', precision: -1 }],
  ['b', { verb: 'b', precision: -1 }],
  ['x', { verb: 'x', precision: -1 }],
  ['X', { verb: 'X', precision: -1 }],
  ['e', { verb: 'e', precision: 6 }],
  ['E', { verb: 'E', precision: 6 }],
  ['f', { verb: 'f', precision: 6 }],
  ['F', { verb: 'f', precision: 6 }],
])
