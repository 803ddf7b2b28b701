/**
 * What a rendering may still cost. Every loop of the engine is paid for here, so that none can hang or fill the memory.
 *
 * Three things are limited: steps; the text of the output (see output.ts) and of any one value, which shares its limit;
 * and the characters that functions read and make in all, without which doubling a string a few times and then
 * comparing it a million times would be a handful of steps.
 */
import { ConfigError } from '../../errors.ts'
import type { TemplateLimits } from '../template.ts'

/** Characters that may pass through functions, for each byte of output allowed. */
const WORK_PER_OUTPUT = 4

export class Meter {
  /** No value may be a longer text than the whole output may be. */
  readonly textMax: number
  readonly #stepsMax: number
  #stepsLeft: number
  #workLeft: number

  constructor(limits: TemplateLimits) {
    this.textMax = limits.outputBytesMax
    this.#stepsMax = limits.stepsMax
    this.#stepsLeft = limits.stepsMax
    this.#workLeft = limits.outputBytesMax * WORK_PER_OUTPUT
  }

  /** @throws {ConfigError} `template-limit` without a position, as all methods here */
  step(count = 1): void {
    this.#stepsLeft -= count
    if (this.#stepsLeft < 0) throw limit(`more than ${this.#stepsMax} steps`)
  }

  /** A function made a text of this length. */
  text(units: number): void {
    if (units > this.textMax) throw limit(`text longer than ${this.textMax} characters`)
    this.work(units)
  }

  /** A function reads or makes this many characters, or walks this many values. */
  work(units: number): void {
    this.#workLeft -= units
    if (this.#workLeft < 0)
      throw limit(`too much text computed, more than ${WORK_PER_OUTPUT} times ${this.textMax} characters`)
  }
}

export function limit(message: string): ConfigError {
  return new ConfigError('template-limit', message)
}
