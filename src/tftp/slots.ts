/**
 * What is being answered, and how much of it there may be: in all, and for one address. Pure.
 */
export class Slots<T> {
  readonly #max: number
  readonly #perAddressMax: number
  readonly #slots = new Map<string, T>()
  readonly #ofAddress = new Map<string, number>()

  constructor(max: number, perAddressMax: number) {
    this.#max = max
    this.#perAddressMax = perAddressMax
  }

  get size(): number {
    return this.#slots.size
  }

  get(key: string): T | undefined {
    return this.#slots.get(key)
  }

  values(): Iterable<T> {
    return this.#slots.values()
  }

  /** @returns why it was not added, if it was not */
  add(key: string, address: string, slot: T): string | undefined {
    const ofAddress = this.#ofAddress.get(address) ?? 0
    if (ofAddress >= this.#perAddressMax) return `${ofAddress} for this address`
    if (this.size >= this.#max) return `${this.size} in all`
    this.#slots.set(key, slot)
    this.#ofAddress.set(address, ofAddress + 1)
    return undefined
  }

  /** Safe to call twice, and after another took the key. */
  remove(key: string, address: string, slot: T): void {
    if (this.#slots.get(key) !== slot) return
    this.#slots.delete(key)
    const left = this.#ofAddress.get(address)! - 1
    if (left > 0) this.#ofAddress.set(address, left)
    else this.#ofAddress.delete(address)
  }
}
