/**
 * A map that knows which of its entries was set first, for what is bounded: the oldest leaves.
 *
 * `map.keys().next()` would give it as well, but walks over the place of every entry that was deleted since V8 last rebuilt
 * the map: tens of microseconds where ten thousand come and go. An iterator that is kept has passed those. One that is kept
 * and not used holds every table that the map has had since, so it is given up after as many changes as there are entries.
 */
export class AgedMap<K, V> extends Map<K, V> {
  #oldestFirst: MapIterator<K> | undefined
  /** Since the iterator was used. */
  #changes = 0

  override delete(key: K): boolean {
    this.#changes += 1
    if (this.#changes > this.size) this.#oldestFirst = undefined
    return super.delete(key)
  }

  /**
   * Set in place of an entry of this key, if there is one, as the newest.
   *
   * @returns this map
   */
  renew(key: K, value: V): this {
    this.delete(key)
    return this.set(key, value)
  }

  /** @returns the entry that was taken out, or undefined where there is none */
  removeOldest(): readonly [K, V] | undefined {
    if (this.size === 0) return undefined
    this.#oldestFirst ??= this.keys()
    let next = this.#oldestFirst.next()
    if (next.done === true) {
      // It came to the end when the map was empty, and stays there.
      this.#oldestFirst = this.keys()
      next = this.#oldestFirst.next()
    }
    this.#changes = 0
    const key = next.value!
    const value = this.get(key)!
    super.delete(key)
    return [key, value]
  }
}
