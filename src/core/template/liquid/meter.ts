/**
 * What one rendering has cost so far. No clock: the same template on the same data always stops at the same place.
 *
 * Steps are counted by the renderer, one for each node and each round of a loop. Work is what a single step can make
 * large: the characters and items that filters, comparisons and loops touch. One unit is about a nanosecond, at worst ten.
 */
import { Drop } from 'liquidjs'

import type { TemplateLimits } from '../template.ts'
import { entryCount } from './data.ts'
import { limitReached } from './failure.ts'

/** Work for each step that the limits allow. */
const WORK_PER_STEP = 64
/** One item of an array, one entry of a map: a filter may build a scope for each. */
const WORK_PER_ITEM = 32

export class Meter {
  readonly limits: TemplateLimits
  readonly workMax: number
  #steps = 0
  #work = 0
  #depth = 0

  constructor(limits: TemplateLimits) {
    this.limits = limits
    this.workMax = limits.stepsMax * WORK_PER_STEP
  }

  step(): void {
    this.#steps += 1
    if (this.#steps > this.limits.stepsMax) throw limitReached(`more than ${this.limits.stepsMax} steps`)
  }

  /** Every `enter` has its `leave`. */
  enter(): void {
    this.#depth += 1
    if (this.#depth > this.limits.depthMax) throw limitReached(`nested deeper than ${this.limits.depthMax}`)
  }

  leave(): void {
    this.#depth -= 1
  }

  work(units: number): void {
    this.#work += units
    if (!(this.#work <= this.workMax)) throw limitReached('too much work: long texts or lists, too often')
  }

  items(count: number): void {
    this.work(count * WORK_PER_ITEM)
  }

  /**
   * Pays for handing a value to something that reads all of it. Arrays count with everything in them, because they print
   * and compare so: `push` could otherwise make a list of 30 items that holds itself a thousand million times.
   */
  value(value: unknown): void {
    if (typeof value === 'string') this.text(value)
    else if (Array.isArray(value)) for (const item of value) this.#item(item)
    else if (isMap(value)) this.items(entryCount(value))
  }

  text(text: string): void {
    if (text.length > this.limits.outputBytesMax)
      throw limitReached(`a text is longer than ${this.limits.outputBytesMax} bytes`)
    this.work(text.length)
  }

  #item(item: unknown): void {
    this.items(1)
    if (typeof item === 'string' || Array.isArray(item)) this.value(item)
    // What `group_by` makes; the maps of the data are not read as a whole by any filter but `json`, which pays for itself.
    else if (isMap(item) && Array.isArray(item['items'])) this.value(item['items'])
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Drop)
}
