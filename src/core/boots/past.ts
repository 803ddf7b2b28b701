/**
 * The attempts that are over, each machine's and all together: packed, as they are written to the state file.
 */
import { type Attempt, summaryOf } from './attempt.ts'
import { History } from './history.ts'
import type { MachineRecord } from './machines.ts'
import type { RecorderLimits } from './recorder-options.ts'
import type { Stored } from './stored.ts'

export class Past {
  readonly #history: History
  readonly #perMachineMax: number

  constructor({ historyBytesMax, attemptsPerMachineMax }: RecorderLimits) {
    this.#history = new History(historyBytesMax)
    this.#perMachineMax = attemptsPerMachineMax
  }

  /** @param text - of the attempt as it is stored */
  add(machine: MachineRecord, attempt: Attempt, text: string): void {
    machine.last = summaryOf(attempt)
    machine.past = [...machine.past.filter((id) => id !== attempt.id && this.#history.has(id)), attempt.id]
    this.#history.add(attempt.id, text)
    // The one that may go on is a machine's as well.
    while (machine.past.length >= this.#perMachineMax) this.#history.remove(machine.past.shift()!)
  }

  get(id: string): Attempt | undefined {
    const text = this.#history.get(id)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what `add` was given
    return text === undefined ? undefined : (JSON.parse(text) as Stored).attempt
  }

  /** The latest first. */
  ofMachine({ past }: MachineRecord): Attempt[] {
    return past.toReversed().flatMap((id) => this.get(id) ?? [])
  }

  /** Of all machines, the latest first. */
  latest(max: number): Attempt[] {
    return this.#history.latest(max).flatMap((id) => this.get(id) ?? [])
  }

  /** All of them as they are stored, the latest first. */
  *texts(): Generator<string> {
    for (const id of this.#history.latest(Infinity)) {
      const text = this.#history.get(id)
      if (text !== undefined) yield text
    }
  }

  remove(id: string): void {
    this.#history.remove(id)
  }

  forget({ past }: MachineRecord): void {
    for (const id of past) this.#history.remove(id)
  }
}
