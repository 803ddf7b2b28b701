/**
 * What is remembered of machines that boot: a bounded table, told the time by whoever asks.
 *
 * DHCP knows a machine by its MAC, the other rooms by its address; this is where the two meet. It serves to end loops and
 * to say things once. What is forgotten costs a log line said twice or a loop noticed later, never a boot.
 */

interface Machine {
  architecture: number | undefined
  iface: string | undefined
  address: string | undefined
  /** When it read one of our network boot programs to the end, the latest last; emptied when it asks for a script. */
  readsMs: number[]
  /** By subject: what was said last, and when. */
  readonly said: Map<string, { readonly what: string; readonly atMs: number }>
}

/** Reads that are longer ago do not tell of a loop. */
const LOOP_MS = 5 * 60_000
/** More of one machine are not kept. */
const READS_MAX = 8
const MACHINES_MAX = 4096

export class Machines {
  /** By MAC, the one heard of longest ago first. */
  readonly #machines = new Map<string, Machine>()
  readonly #macs = new Map<string, string>()
  readonly #max: number

  constructor(max = MACHINES_MAX) {
    this.#max = max
  }

  architectureOf(mac: string): number | undefined {
    return this.#machines.get(mac)?.architecture
  }

  /** The interface that it was last heard on. */
  interfaceOf(mac: string): string | undefined {
    return this.#machines.get(mac)?.iface
  }

  macOf(address: string): string | undefined {
    return this.#macs.get(address)
  }

  /** How often it read a file of ours in the last five minutes without asking for a script since. */
  fruitlessReads(mac: string, nowMs: number): number {
    const reads = this.#machines.get(mac)?.readsMs ?? []
    return reads.filter((atMs) => nowMs - atMs < LOOP_MS).length
  }

  /** It asked what to boot. */
  asked(mac: string, architecture: number, iface: string): void {
    const machine = this.#touch(mac)
    machine.architecture = architecture
    machine.iface = iface
  }

  hasAddress(mac: string, address: string): void {
    const machine = this.#touch(mac)
    if (machine.address === address) return
    this.#forgetAddress(mac, machine)
    const before = this.#macs.get(address)
    const owner = before === undefined ? undefined : this.#machines.get(before)
    if (owner !== undefined) owner.address = undefined
    machine.address = address
    this.#macs.set(address, mac)
  }

  read(mac: string, nowMs: number): void {
    const machine = this.#touch(mac)
    machine.readsMs = [...machine.readsMs, nowMs].slice(-READS_MAX)
  }

  askedForScript(mac: string): void {
    const machine = this.#machines.get(mac)
    if (machine !== undefined) machine.readsMs = []
  }

  /** Whether this is news: not what was said of the machine on that subject last, or long enough ago. */
  isNews(mac: string, subject: string, what: string, nowMs: number, quietMs: number): boolean {
    const { said } = this.#touch(mac)
    const last = said.get(subject)
    if (last !== undefined && last.what === what && nowMs - last.atMs < quietMs) return false
    said.set(subject, { what, atMs: nowMs })
    return true
  }

  /** The machine, made if need be, now the one heard of last. */
  #touch(mac: string): Machine {
    const known = this.#machines.get(mac)
    if (known !== undefined) this.#machines.delete(mac)
    const machine = known ?? {
      architecture: undefined,
      iface: undefined,
      address: undefined,
      readsMs: [],
      said: new Map(),
    }
    this.#machines.set(mac, machine)
    if (this.#machines.size > this.#max) this.#forgetOldest()
    return machine
  }

  #forgetOldest(): void {
    for (const [mac, machine] of this.#machines) {
      this.#forgetAddress(mac, machine)
      this.#machines.delete(mac)
      return
    }
  }

  #forgetAddress(mac: string, { address }: Machine): void {
    if (address !== undefined && this.#macs.get(address) === mac) this.#macs.delete(address)
  }
}
