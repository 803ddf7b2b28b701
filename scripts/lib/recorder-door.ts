/**
 * Loaded into a server by the benchmark, before its own code: SIGUSR2 shuts the flight recorder's door, and opens it again.
 * What the journal is told goes nowhere meanwhile. So the program needs no flag for it.
 */
import { Backlog } from '../../src/core/boots/backlog.ts'

/** Not a variable, nor another method: V8 would take it for constant, and compile anew what relies on it. */
const isShut = new Uint8Array(1)
// oxlint-disable-next-line typescript/unbound-method -- called with its object below
const { add } = Backlog.prototype

Backlog.prototype.add = function (event, atMs) {
  if (isShut[0] === 0) add.call(this, event, atMs)
}
process.on('SIGUSR2', () => void (isShut[0]! ^= 1))
