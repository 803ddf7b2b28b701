/**
 * What machines were sent, by its sum: the same text is kept once, however many got it. Bounded by bytes; what was sent longest
 * ago leaves first. In memory alone: configs hold secrets, and those stay off the disk.
 */
import { hash } from 'node:crypto'

import { ownText } from '../own-text.ts'
import { encodeUtf8 } from '../utf8.ts'
import { AgedMap } from './aged-map.ts'

/** Of the hexadecimal digits of a SHA-256: few enough to be kept with each boot; enough, unless somebody tries for years. */
const SUM_DIGITS = 16

/** Beside the text itself. */
const OVERHEAD_BYTES = 120

export class Sent {
  readonly #bytesMax: number
  /** By sum, what was sent longest ago first. */
  readonly #texts = new AgedMap<string, string>()
  #bytes = 0

  /** @param bytesMax - 0 keeps nothing, sums neither: they would let weak secrets be guessed */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @returns its sum: the first digits of the SHA-256 of its bytes; undefined where nothing is to be kept */
  keep(text: string): string | undefined {
    if (this.#bytesMax === 0) return undefined
    const sum = sumOf(text)
    const cost = costOf(text)
    const known = this.#texts.get(sum)
    if (known !== undefined) this.#texts.renew(sum, known)
    else if (cost <= this.#bytesMax) {
      this.#texts.set(sum, text)
      this.#bytes += cost
      while (this.#bytes > this.#bytesMax) this.#bytes -= costOf(this.#texts.removeOldest()![1])
    }
    return sum
  }

  /** @returns undefined for what is not kept, or not any more */
  get(sum: string): string | undefined {
    return this.#texts.get(sum)
  }
}

function sumOf(text: string): string {
  return ownText(hash('sha256', text.isWellFormed() ? text : encodeUtf8(text)).slice(0, SUM_DIGITS))
}

/** Of two bytes a character, as V8 keeps what is not Latin-1. */
function costOf(text: string): number {
  return 2 * text.length + OVERHEAD_BYTES
}
