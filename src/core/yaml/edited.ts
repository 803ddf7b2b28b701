/**
 * A text with a few places edited, and the way back from an offset in it to the source.
 */

/** By offset in the source. Edits do not overlap. */
export type Edits = Map<number, { readonly remove: number; readonly insert: string }>

export class Edited {
  readonly source: string
  readonly text: string
  /** For each stretch of the source that was kept: where it starts here and there. */
  readonly #here: number[] = [0]
  readonly #there: number[] = [0]

  constructor(source: string, edits: Edits) {
    this.source = source
    const kept: string[] = []
    let from = 0
    let length = 0
    for (const [at, { remove, insert }] of [...edits].toSorted((a, b) => a[0] - b[0])) {
      kept.push(source.slice(from, at), insert)
      length += at - from + insert.length
      from = at + remove
      this.#here.push(length)
      this.#there.push(from)
    }
    this.text = kept.length === 0 ? source : kept.join('') + source.slice(from)
  }

  /** Where an offset of the text is in the source; of something inserted, the place where it was. */
  place(offset: number): number {
    let low = 0
    let high = this.#here.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#here[middle]! <= offset) low = middle
      else high = middle - 1
    }
    const place = this.#there[low]! + offset - this.#here[low]!
    return Math.min(place, this.#there[low + 1] ?? place)
  }
}
