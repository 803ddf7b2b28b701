/**
 * The interfaces that `-net` names, as they come, go and change their addresses.
 */

/** One interface that can be used now. */
export interface NetInterface {
  readonly name: string
  /** The kernel's number for it (`scopeid`, SO_BINDTODEVICE by number). */
  readonly index: number
  /** Its first IPv4 address, dotted. */
  readonly address: string
  /** Dotted. */
  readonly netmask: string
  readonly mac: string
}

export interface Interfaces {
  /** Those that can be used now, by name. */
  readonly current: ReadonlyMap<string, NetInterface>
  /**
   * Told of each interface that comes into use and of each that goes; one whose address changed goes and comes. Those in
   * use already are not told again.
   *
   * @returns a function that ends it
   */
  listen(listener: (change: { came: NetInterface } | { went: NetInterface }) => void): () => void
}
