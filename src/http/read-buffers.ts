/**
 * The memory that all downloads together hold while they wait for slow readers.
 *
 * There are large buffers, which are fast, and a fixed number of them; who comes when all are taken, or needs no more,
 * gets a small one. Nobody is refused, and the memory held is never more than `largeMax` large buffers and a small one
 * for each download. Idle buffers are used again: fresh memory costs more than filling it from the page cache does, and
 * the garbage collector takes its time.
 */
export interface BufferLimits {
  readonly largeBytes: number
  readonly smallBytes: number
  /** How many large buffers there are. */
  readonly largeMax: number
  /** Idle small ones beyond these are given up. */
  readonly spareSmallMax: number
}

export const BUFFER_LIMITS: BufferLimits = {
  largeBytes: 1024 * 1024,
  smallBytes: 32 * 1024,
  largeMax: 32,
  spareSmallMax: 256,
}

export class ReadBuffers {
  readonly #limits: BufferLimits
  readonly #spareLarge: Uint8Array[] = []
  readonly #spareSmall: Uint8Array[] = []
  #largeTaken = 0

  constructor(limits: BufferLimits = BUFFER_LIMITS) {
    this.#limits = limits
  }

  /**
   * Take a buffer; what is in it is of no meaning.
   *
   * @param wanted - bytes still to send
   */
  take(wanted: number): Uint8Array {
    const { largeBytes, smallBytes, largeMax } = this.#limits
    if (wanted <= smallBytes || this.#largeTaken >= largeMax) {
      return this.#spareSmall.pop() ?? Buffer.allocUnsafeSlow(smallBytes)
    }
    this.#largeTaken += 1
    return this.#spareLarge.pop() ?? Buffer.allocUnsafeSlow(largeBytes)
  }

  /**
   * Give a buffer back, once.
   *
   * @param isIdle - nothing reads or writes it any more, so that it may be used again
   */
  give(buffer: Uint8Array, isIdle: boolean): void {
    const isLarge = buffer.length === this.#limits.largeBytes
    if (isLarge) this.#largeTaken -= 1
    if (!isIdle) return
    if (isLarge) this.#spareLarge.push(buffer)
    else if (this.#spareSmall.length < this.#limits.spareSmallMax) this.#spareSmall.push(buffer)
  }
}
