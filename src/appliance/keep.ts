/**
 * `box.mjs keep`: the running slot has answered, so GRUB starts it from now on. Run after every start, not only after one
 * that tried something: when GRUB had to take the other slot because the good one could not be loaded, this one is good now.
 */
import type { Slot } from './admit.ts'
import { changeEnv, NOTHING_TRIED, readEnv, TRIES } from './grub-env-file.ts'

export interface Kept {
  /** GRUB's variables were changed. */
  readonly isNew: boolean
  /** The slot that was tried and did not come up. */
  readonly rolledBack: Slot | undefined
}

export async function keep(espEnv: string, slot: Slot): Promise<Kept> {
  const env = await readEnv(espEnv)
  const tried = env.get('try')
  const isOther = (tried === 'a' || tried === 'b') && tried !== slot
  // Not one try is used up: a bundle was installed since this start, and its turn comes with the next.
  const isAhead = isOther && env.get('tries') === TRIES
  const isNew = await changeEnv(espEnv, { good: slot, ...(isAhead ? {} : NOTHING_TRIED) })
  return { isNew, rolledBack: isOther && !isAhead ? tried : undefined }
}
