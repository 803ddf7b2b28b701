/**
 * A hash table of things that each go by a text, for a hundred thousand of them that are asked for by texts from the network.
 *
 * A Map does the same and first makes the text that it is asked for one of V8's internalized ones (as of Node 26), by a look
 * into the table of all of those, where unknown ones are added: twice the looks into far memory, which is all that a look-up
 * among so many costs.
 */

/** Of its places so many are taken at most: then the place that a text leads to is most often its own. */
const LOAD_MAX = 0.4
const PLACES_MIN = 16

export class TextTable<T extends { readonly text: string }> {
  /** A power of two of them. Whoever finds its place taken has the next one that is free. */
  #places: (T | undefined)[] = Array<undefined>(PLACES_MIN).fill(undefined)
  #size = 0

  get size(): number {
    return this.#size
  }

  get(text: string): T | undefined {
    return this.#places[this.#placeOf(text)]
  }

  /** In place of what goes by the same text. */
  set(thing: T): void {
    const place = this.#placeOf(thing.text)
    if (this.#places[place] === undefined) this.#size += 1
    this.#places[place] = thing
    if (this.#size > this.#places.length * LOAD_MAX) this.#grow()
  }

  /** Where it is, or would be. */
  #placeOf(text: string): number {
    const places = this.#places
    let place = hashOf(text) & (places.length - 1)
    for (;;) {
      const there = places[place]
      if (there === undefined || there.text === text) return place
      place = (place + 1) & (places.length - 1)
    }
  }

  #grow(): void {
    const before = this.#places
    this.#places = Array<undefined>(before.length * 2).fill(undefined)
    for (const thing of before) if (thing !== undefined) this.#places[this.#placeOf(thing.text)] = thing
  }
}

/** FNV-1a by UTF-16 units, its high bits folded in. Who asks puts nothing in, so that nobody can make it slow. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}
