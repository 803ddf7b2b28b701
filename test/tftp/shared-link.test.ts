/**
 * Many machines behind one slow link: packets wait for each other in one queue, and what finds it full is lost. On a clock
 * that is only counted.
 */
import { expect, test } from 'vitest'

import type { Event, Terms, Transfer } from '../../src/tftp/transfer-state.ts'
import { begin, step } from '../../src/tftp/transfer.ts'

const MACHINES = 20
/** 1 Mbit/s: a block of 1468 with all its headers. */
const BLOCK_MS = (1468 + 46) * 8e-3
/** As an interface of Linux has it, and as a switch may. */
const [LINUX_QUEUE, SWITCH_QUEUE] = [1000, 64]

const [BLOCKS, TICK_MS] = [100, 25]

interface Machine {
  readonly terms: Terms
  transfer: Transfer
  expected: number
  inWindow: number
  sent: number
}

interface Outcome {
  readonly machines: readonly Machine[]
  /** Blocks that each had when the first was done. */
  readonly atFirstDone: readonly number[]
  readonly endMs: number
}

function run(window: number, queueMax: number): Outcome {
  const terms: Terms = { blocks: BLOCKS, oack: true, window, timeoutMs: undefined }
  /** Of the link, in order. */
  const queue: { readonly to: Machine; readonly block: number }[] = []
  let freeMs = 0
  let nowMs = 0
  let atFirstDone: number[] | undefined

  const machines = Array.from({ length: MACHINES }, (): Machine => {
    const [transfer] = begin(terms, 0)
    return { terms, transfer, expected: 1, inWindow: 0, sent: 0 }
  })
  function happened(machine: Machine, event: Event): void {
    const [next, effects] = step(machine.transfer, event, machine.terms)
    machine.transfer = next
    for (const effect of effects) {
      if (effect.do !== 'send') continue
      for (let block = effect.first; block <= effect.last; block++) {
        if (block > 0) machine.sent += 1
        if (queue.length < queueMax) queue.push({ to: machine, block })
      }
    }
  }
  /** As EDK2 does: an ACK for what ends a window, and for every block that was not expected. */
  function arrives(machine: Machine, block: number): void {
    if (block > 0 && block === machine.expected) {
      machine.expected += 1
      machine.inWindow += 1
      if (machine.inWindow < window && block < BLOCKS) return
    }
    machine.inWindow = 0
    happened(machine, { type: 'ack', block: machine.expected - 1, nowMs })
    if (machine.transfer.at === 'sent') atFirstDone ??= machines.map(({ expected }) => expected - 1)
  }

  for (const machine of machines) queue.push({ to: machine, block: 0 })
  while (machines.some(({ transfer }) => transfer.at === 'sending') && nowMs < 600_000) {
    nowMs += TICK_MS
    for (let next = queue[0]; next !== undefined && freeMs <= nowMs; next = queue[0]) {
      queue.shift()
      freeMs = Math.max(freeMs, nowMs - TICK_MS) + (next.block === 0 ? 1 : BLOCK_MS)
      arrives(next.to, next.block)
    }
    for (const machine of machines) happened(machine, { type: 'time', nowMs, mute: false })
  }
  return { machines, atFirstDone: atFirstDone!, endMs: nowMs }
}

const sentOnAverage = ({ machines }: Outcome): number =>
  machines.reduce((sum, { sent }) => sum + sent, 0) / (MACHINES * BLOCKS)
const served = ({ machines }: Outcome): number => machines.filter(({ transfer }) => transfer.at === 'sent').length

test.each([
  [1, LINUX_QUEUE],
  [1, SWITCH_QUEUE],
  [4, LINUX_QUEUE],
])(
  '20 machines, window %i, share 1 Mbit/s with a queue of %i packets fairly, and hardly anything is sent twice',
  (window, queueMax) => {
    const outcome = run(window, queueMax)
    expect(served(outcome)).toBe(MACHINES)
    expect(Math.max(...outcome.atFirstDone) / Math.min(...outcome.atFirstDone)).toBeLessThan(3)
    expect(sentOnAverage(outcome)).toBeLessThan(1.5)
    expect(outcome.endMs).toBeLessThan(1.5 * MACHINES * BLOCKS * BLOCK_MS)
  },
)

test.each([
  [4, SWITCH_QUEUE],
  [16, LINUX_QUEUE],
])(
  '20 machines, window %i, whose windows together fill a queue of %i packets, all get their file',
  (window, queueMax) => {
    const outcome = run(window, queueMax)
    expect(served(outcome)).toBe(MACHINES)
    expect(sentOnAverage(outcome)).toBeLessThan(5)
  },
)
