/**
 * The variables of one template while it is executed: a stack, searched from its top.
 *
 * `$` lies at the bottom and is the data that the template was given.
 */
import type { Meter } from './meter.ts'
import type { Operand } from './operand.ts'

/** Searching further than this costs; nobody has that many variables. */
const NEAR = 16

export class Scope {
  readonly #names: string[] = ['$']
  readonly #values: Operand[]
  /** Whether Go would still have the value in an `interface {}`: elements of lists and maps, which range hands out. */
  readonly #boxed: boolean[] = [false]

  constructor(dot: Operand) {
    this.#values = [dot]
  }

  get size(): number {
    return this.#names.length
  }

  /** Forget the variables above this many. Popping them is cheaper than setting the length of an array. */
  truncate(size: number): void {
    while (this.#names.length > size) {
      this.#names.pop()
      this.#values.pop()
      this.#boxed.pop()
    }
  }

  push(name: string, value: Operand): void {
    this.#names.push(name)
    this.#values.push(value)
    this.#boxed.push(false)
  }

  /** The place of the innermost variable of that name, -1 when there is none. */
  find(name: string, meter: Meter): number {
    let at = this.#names.length - 1
    while (at >= 0 && this.#names[at] !== name) at -= 1
    const distance = this.#names.length - at
    if (distance > NEAR) meter.work(distance)
    return at
  }

  get(at: number): Operand {
    return this.#values[at]
  }

  isBoxed(at: number): boolean {
    return this.#boxed[at] ?? false
  }

  set(at: number, value: Operand, boxed: boolean): void {
    this.#values[at] = value
    this.#boxed[at] = boxed
  }
}
