/**
 * The text that a rendering puts out, up to a limit in bytes.
 *
 * Bytes are three a UTF-16 unit at most, so counting units is enough until a third of the limit is used.
 */
import { byteLength, canonical } from '../../utf8.ts'
import { limit } from './meter.ts'

export class Output {
  #text = ''
  #bytesExact = 0
  #counting = false
  readonly #bytesMax: number
  readonly #unitsSafe: number

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
    this.#unitsSafe = Math.floor(bytesMax / 3)
  }

  /** @throws {ConfigError} `template-limit` without a position */
  write(text: string): void {
    this.#text += text
    if (this.#text.length > this.#unitsSafe) this.#count(text)
  }

  #count(added: string): void {
    this.#bytesExact += byteLength(this.#counting ? added : this.#text)
    this.#counting = true
    if (this.#bytesExact > this.#bytesMax) throw limit(`output longer than ${this.#bytesMax} bytes`)
  }

  /** Parts that were half a character each are whole now. */
  toString(): string {
    return canonical(this.#text)
  }
}
