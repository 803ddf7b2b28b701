/**
 * What is told of the rooms of this program, and whether all is ready. Pure.
 */
import type { Running } from './module.ts'

export interface ModuleState {
  readonly name: string
  /** `failed`: it runs, but not all of it. `off`: switched off. */
  readonly state: 'starting' | 'running' | 'failed' | 'off'
  /** Where it is reached, what is wrong, or why it is off; may be empty. */
  readonly detail: string
}

/** A room that there could be. */
export interface Wanted {
  readonly name: string
  /** Why it is not wanted; absent when it is. */
  readonly off?: string | undefined
}

/** @param rooms - those that have started */
export function moduleStates(wanted: readonly Wanted[], rooms: readonly Running[]): ModuleState[] {
  return wanted.map(({ name, off }) => {
    if (off !== undefined) return { name, state: 'off', detail: off }
    const room = rooms.find((room) => room.name === name)
    if (room === undefined) return { name, state: 'starting', detail: '' }
    const troubles = room.troubles?.() ?? []
    if (troubles.length > 0) return { name, state: 'failed', detail: troubles.join('; ') }
    return { name, state: 'running', detail: room.url ?? '' }
  })
}

/** Everything that is switched on does its work: machines can boot. */
export function isReady(modules: readonly ModuleState[]): boolean {
  return modules.every(({ state }) => state === 'running' || state === 'off')
}
